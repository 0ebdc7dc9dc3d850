use percent_encoding::percent_decode_str;

use super::duration;
use super::variables::Variables;

/// A standard variable of OpenTelemetry as the setting that it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standard {
    pub(super) variable: String,
    pub(super) path: Vec<String>,
    /// As it would be written in a file.
    pub(super) text: String,
}

/// Kinds of telemetry, as variables and settings call them.
const SIGNALS: [(&str, &str); 3] =
    [("_TRACES", "traces"), ("_METRICS", "metrics"), ("_LOGS", "logs")];

/// The standard variables of OpenTelemetry that are set and say something here
/// (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>).
///
/// One that cannot be read is left out, as the specification asks for: it is set for all programs of
/// a machine, and must not keep one from starting.
pub(super) fn settings(variables: &Variables) -> Vec<Standard> {
    let mut found = Found { variables, settings: Vec::new() };
    found.exporters();
    found.batches();
    found.metrics();
    found.traces();
    found.resource();
    // Over all else: nothing is sent.
    if found.get("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        for (_, signal) in SIGNALS {
            found.add("OTEL_SDK_DISABLED", &["otlp", signal, "enabled"], "false");
        }
    }
    found.settings
}

struct Found<'a> {
    variables: &'a Variables,
    settings: Vec<Standard>,
}

impl<'a> Found<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        self.variables.get(name).map(str::trim).filter(|text| !text.is_empty())
    }

    /// `path` is below `telemetry`.
    fn add(&mut self, variable: &str, path: &[&str], text: impl Into<String>) {
        let path = std::iter::once("telemetry").chain(path.iter().copied());
        self.settings.push(Standard {
            variable: variable.to_owned(),
            path: path.map(str::to_owned).collect(),
            text: text.into(),
        });
    }

    /// Where to, with what: for all, then for each.
    fn exporters(&mut self) {
        for (infix, signal) in std::iter::once(("", None)).chain(SIGNALS.map(|(i, s)| (i, Some(s))))
        {
            let variable = |what: &str| format!("OTEL_EXPORTER_OTLP{infix}_{what}");
            let path = |key| ["otlp"].into_iter().chain(signal).chain([key]).collect::<Vec<_>>();
            let name = variable("ENDPOINT");
            if let Some(endpoint) = self.get(&name) {
                let endpoint = self.with_scheme(endpoint, &variable("INSECURE"));
                self.add(&name, &path("endpoint"), endpoint);
            }
            let name = variable("TIMEOUT");
            if let Some(time) = self.get(&name).and_then(milliseconds) {
                self.add(&name, &path("timeout"), time);
            }
            let name = variable("COMPRESSION");
            if let Some(text) = self.get(&name).filter(|text| ["gzip", "none"].contains(text)) {
                self.add(&name, &path("compression"), text);
            }
            let name = variable("CERTIFICATE");
            if let Some(file) = self.get(&name) {
                self.add(&name, &path("certificate"), file);
            }
            let name = variable("HEADERS");
            for (key, value) in self.get(&name).into_iter().flat_map(pairs) {
                let key = key.to_ascii_lowercase();
                let path: Vec<_> = path("headers").into_iter().chain([key.as_str()]).collect();
                self.add(&name, &path, value);
            }
        }
        for (infix, signal) in SIGNALS {
            let name = format!("OTEL{infix}_EXPORTER");
            let is_sent =
                self.get(&name).map(|text| text.split(',').any(|one| one.trim() == "otlp"));
            if let Some(is_sent) = is_sent {
                self.add(&name, &["otlp", signal, "enabled"], is_sent.to_string());
            }
        }
    }

    /// An endpoint without a scheme is one of TLS, unless it is said not to be.
    fn with_scheme(&self, endpoint: &str, own: &str) -> String {
        if endpoint.contains("://") {
            return endpoint.to_owned();
        }
        let insecure = self.get(own).or_else(|| self.get("OTEL_EXPORTER_OTLP_INSECURE"));
        match insecure {
            Some(text) if text.eq_ignore_ascii_case("true") => format!("http://{endpoint}"),
            _ => format!("https://{endpoint}"),
        }
    }

    fn batches(&mut self) {
        let name = "OTEL_BSP_SCHEDULE_DELAY";
        if let Some(time) = self.get(name).and_then(milliseconds) {
            self.add(name, &["otlp", "delay"], time);
        }
        for (name, key) in
            [("OTEL_BSP_MAX_QUEUE_SIZE", "queue"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "batch")]
        {
            if let Some(count) =
                self.get(name).filter(|text| text.parse::<usize>().is_ok_and(|n| n > 0))
            {
                self.add(name, &["otlp", key], count);
            }
        }
    }

    fn metrics(&mut self) {
        let name = "OTEL_METRIC_EXPORT_INTERVAL";
        if let Some(time) = self.get(name).and_then(milliseconds) {
            self.add(name, &["metrics", "interval"], time);
        }
    }

    fn traces(&mut self) {
        let name = "OTEL_TRACES_SAMPLER";
        let ratio = self.get("OTEL_TRACES_SAMPLER_ARG");
        let ratio = ratio.filter(|text| text.parse().is_ok_and(|n: f64| (0.0..=1.0).contains(&n)));
        if let Some(sampler) = self.get(name) {
            let (parent_based, own) = match sampler.strip_prefix("parentbased_") {
                Some(own) => ("true", own),
                None => ("false", sampler),
            };
            let ratio = match own {
                "always_on" => Some("1"),
                "always_off" => Some("0"),
                "traceidratio" => Some(ratio.unwrap_or("1")),
                _ => None,
            };
            if let Some(ratio) = ratio {
                self.add(name, &["traces", "parent_based"], parent_based);
                self.add(name, &["traces", "ratio"], ratio);
            }
        }
        let name = "OTEL_PROPAGATORS";
        const KNOWN: [&str; 5] = ["tracecontext", "baggage", "b3", "b3multi", "none"];
        if let Some(text) = self.get(name) {
            let known: Vec<_> =
                text.split(',').map(str::trim).filter(|one| KNOWN.contains(one)).collect();
            self.add(name, &["traces", "propagators"], format!("[{}]", known.join(", ")));
        }
    }

    fn resource(&mut self) {
        let name = "OTEL_RESOURCE_ATTRIBUTES";
        for (key, value) in self.get(name).into_iter().flat_map(pairs) {
            self.add(name, &["resource", &key], value);
        }
        let name = "OTEL_SERVICE_NAME";
        if let Some(service) = self.get(name) {
            self.add(name, &["resource", "service.name"], service);
        }
    }
}

fn milliseconds(text: &str) -> Option<String> {
    let text = format!("{}ms", text.parse::<u64>().ok().filter(|number| *number > 0)?);
    duration::parse(&text).is_ok().then_some(text)
}

/// `key=value,key=value`, the values with percent signs for what else they hold.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(key, value)| (key.trim().to_owned(), decoded(value.trim())));
    pairs.filter(|(key, _)| !key.is_empty()).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);

    fn of(variables: &[(&str, &str)]) -> Vec<String> {
        let variables = Variables::new(variables.iter().copied());
        let settings = settings(&variables).into_iter();
        settings.map(|one| format!("{}: {}", one.path.join("/"), one.text)).collect()
    }

    #[test]
    fn the_standard_variables_of_opentelemetry_are_settings() {
        let table: &[Case] = &[
            (
                &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317")],
                &["telemetry/otlp/endpoint: http://c:4317"],
            ),
            (
                &[("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317")],
                &["telemetry/otlp/endpoint: https://c:4317"],
            ),
            (
                &[
                    ("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317"),
                    ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
                ],
                &["telemetry/otlp/endpoint: http://c:4317"],
            ),
            (
                &[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l")],
                &["telemetry/otlp/logs/endpoint: http://l"],
            ),
            (
                &[("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20a, x-b=c=d,,=e")],
                &[
                    "telemetry/otlp/headers/authorization: Bearer a",
                    "telemetry/otlp/headers/x-b: c=d",
                ],
            ),
            (&[("OTEL_EXPORTER_OTLP_TIMEOUT", "2500")], &["telemetry/otlp/timeout: 2500ms"]),
            (
                &[("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1")],
                &["telemetry/otlp/traces/timeout: 1ms"],
            ),
            (&[("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")], &["telemetry/otlp/compression: gzip"]),
            (
                &[("OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem")],
                &["telemetry/otlp/certificate: /ca.pem"],
            ),
            (&[("OTEL_TRACES_EXPORTER", "none")], &["telemetry/otlp/traces/enabled: false"]),
            (
                &[("OTEL_METRICS_EXPORTER", "otlp,console")],
                &["telemetry/otlp/metrics/enabled: true"],
            ),
            (
                &[("OTEL_SDK_DISABLED", "True")],
                &[
                    "telemetry/otlp/traces/enabled: false",
                    "telemetry/otlp/metrics/enabled: false",
                    "telemetry/otlp/logs/enabled: false",
                ],
            ),
            (&[("OTEL_BSP_SCHEDULE_DELAY", "500")], &["telemetry/otlp/delay: 500ms"]),
            (
                &[("OTEL_BSP_MAX_QUEUE_SIZE", "10"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "5")],
                &["telemetry/otlp/queue: 10", "telemetry/otlp/batch: 5"],
            ),
            (
                &[
                    ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
                    ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
                ],
                &["telemetry/traces/parent_based: true", "telemetry/traces/ratio: 0.25"],
            ),
            (
                &[("OTEL_TRACES_SAMPLER", "always_off")],
                &["telemetry/traces/parent_based: false", "telemetry/traces/ratio: 0"],
            ),
            (
                &[("OTEL_PROPAGATORS", "tracecontext, b3,jaeger")],
                &["telemetry/traces/propagators: [tracecontext, b3]"],
            ),
            (
                &[
                    ("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=a-0,service.name=a"),
                    ("OTEL_SERVICE_NAME", "b"),
                ],
                &[
                    "telemetry/resource/k8s.pod.name: a-0",
                    "telemetry/resource/service.name: a",
                    "telemetry/resource/service.name: b",
                ],
            ),
            // What cannot be read keeps nobody from starting.
            (
                &[
                    ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
                    ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
                    ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
                    ("OTEL_TRACES_SAMPLER_ARG", "7"),
                    ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
                    ("OTEL_SDK_DISABLED", "yes"),
                    ("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
                ],
                &[],
            ),
        ];
        for (variables, expected) in table {
            assert_eq!(of(variables), *expected, "{variables:?}");
        }
    }
}

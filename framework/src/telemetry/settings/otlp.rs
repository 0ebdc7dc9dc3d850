use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use http::uri::Scheme;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Invalid, Secret, duration};

/// The section `telemetry.otlp`: where traces, metrics and logs are sent to, over OTLP/gRPC.
///
/// The standard variables of OpenTelemetry stand over the files: `OTEL_EXPORTER_OTLP_ENDPOINT` is
/// `endpoint`, and so on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct OtlpSettings {
    /// The collector, `http://localhost:4317` or `https://…`; default empty: nothing is sent.
    pub endpoint: String,
    /// What is sent along with each request, as collectors ask for it: `authorization`, …; default
    /// nothing.
    pub headers: BTreeMap<String, Secret>,
    /// How long one request may take; default 10 s.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// How requests are compressed; default `none`. `gzip` costs processor time, and pays where the
    /// network to the collector is paid for.
    pub compression: OtlpCompression,
    /// A file with the certificates (PEM) that the collector's is checked with; default: those of the
    /// system.
    pub certificate: Option<PathBuf>,
    /// How long something waits for more to be sent with it; default 1 s.
    ///
    /// Longer makes fewer requests; what waits is lost if the process is killed. Metrics have an
    /// interval of their own.
    #[serde(with = "duration")]
    pub delay: Duration,
    /// How many spans, and how many log lines, wait at most; default 2048, from 1.
    ///
    /// It is what memory and a collector that is away may cost: beyond it the oldest are lost, and
    /// counted. One takes about half a kilobyte.
    pub queue: usize,
    /// How many of them go in one request at most; default 512, from 1.
    pub batch: usize,
    /// What is different for traces.
    pub traces: OtlpSignalSettings,
    /// What is different for metrics.
    pub metrics: OtlpSignalSettings,
    /// What is different for logs.
    pub logs: OtlpSignalSettings,
}

/// What is different for one of `traces`, `metrics` and `logs`. What is not set is as in
/// `telemetry.otlp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct OtlpSignalSettings {
    /// Whether it is sent at all; default true. Switch off what the collector does not take.
    pub enabled: bool,
    /// The collector, if it has one of its own.
    pub endpoint: Option<String>,
    /// What is sent along beside the headers of all.
    pub headers: BTreeMap<String, Secret>,
    /// How long one request may take.
    #[serde(with = "duration")]
    pub timeout: Option<Duration>,
    /// How requests are compressed.
    pub compression: Option<OtlpCompression>,
    /// A file with the certificates that the collector's is checked with.
    pub certificate: Option<PathBuf>,
}

/// How requests to a collector are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OtlpCompression {
    /// Not at all.
    #[default]
    None,
    /// With gzip.
    Gzip,
}

impl Default for OtlpSettings {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            headers: BTreeMap::new(),
            timeout: Duration::from_secs(10),
            compression: OtlpCompression::None,
            certificate: None,
            delay: Duration::from_secs(1),
            queue: 2048,
            batch: 512,
            traces: OtlpSignalSettings::default(),
            metrics: OtlpSignalSettings::default(),
            logs: OtlpSignalSettings::default(),
        }
    }
}

impl Default for OtlpSignalSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            endpoint: None,
            headers: BTreeMap::new(),
            timeout: None,
            compression: None,
            certificate: None,
        }
    }
}

/// What is sent, each to a place of its own if it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignalKind {
    Traces,
    Metrics,
    Logs,
}

impl SignalKind {
    pub(crate) const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }
}

/// Where one of them goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) endpoint: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) compression: OtlpCompression,
    pub(crate) certificate: Option<PathBuf>,
}

impl OtlpSettings {
    fn of(&self, kind: SignalKind) -> &OtlpSignalSettings {
        match kind {
            SignalKind::Traces => &self.traces,
            SignalKind::Metrics => &self.metrics,
            SignalKind::Logs => &self.logs,
        }
    }

    /// Where a signal goes, if it goes anywhere.
    ///
    /// # Errors
    ///
    /// If its endpoint or a header cannot be used.
    pub(crate) fn destination(&self, kind: SignalKind) -> Result<Option<Destination>, Invalid> {
        let own = self.of(kind);
        let name = kind.name();
        let (key, endpoint) = match &own.endpoint {
            Some(endpoint) => (format!("telemetry.otlp.{name}.endpoint"), endpoint),
            None => ("telemetry.otlp.endpoint".to_owned(), &self.endpoint),
        };
        if endpoint.is_empty() || !own.enabled {
            return Ok(None);
        }
        check_endpoint(&key, endpoint)?;
        let common =
            self.headers.iter().map(|header| ("telemetry.otlp.headers".to_owned(), header));
        let section = format!("telemetry.otlp.{name}.headers");
        let own_headers = own.headers.iter().map(|header| (section.clone(), header));
        let mut headers = http::HeaderMap::new();
        for (section, (key, value)) in common.chain(own_headers) {
            let name = HeaderName::from_bytes(key.to_ascii_lowercase().as_bytes()).ok();
            let mut value = HeaderValue::from_str(value.reveal()).ok();
            if let Some(value) = &mut value {
                value.set_sensitive(true);
            }
            let Some((name, value)) = name.zip(value) else {
                let what = "expected the name of a header and printable ASCII as its value";
                return Err(Invalid::new(format!("{section}.{key}"), what));
            };
            headers.insert(name, value);
        }
        Ok(Some(Destination {
            endpoint: endpoint.clone(),
            headers,
            timeout: own.timeout.unwrap_or(self.timeout),
            compression: own.compression.unwrap_or(self.compression),
            certificate: own.certificate.clone().or_else(|| self.certificate.clone()),
        }))
    }

    /// Looks at what the types cannot say.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        for kind in SignalKind::ALL {
            self.destination(kind)?;
        }
        for (key, found) in [("queue", self.queue), ("batch", self.batch)] {
            if found == 0 {
                let key = format!("telemetry.otlp.{key}");
                return Err(Invalid::new(key, "expected at least 1, found 0"));
            }
        }
        let times = [("timeout", Some(self.timeout)), ("delay", Some(self.delay))];
        let own = SignalKind::ALL.map(|kind| (kind.name(), self.of(kind).timeout));
        let own = own.map(|(name, time)| (format!("{name}.timeout"), time));
        let times = times.into_iter().map(|(key, time)| (key.to_owned(), time)).chain(own);
        for (key, time) in times {
            if time.is_some_and(|time| time.is_zero()) {
                let key = format!("telemetry.otlp.{key}");
                return Err(Invalid::new(key, "expected more than 0s"));
            }
        }
        Ok(())
    }
}

fn check_endpoint(key: &str, endpoint: &str) -> Result<(), Invalid> {
    let uri = endpoint.parse::<http::Uri>().ok().filter(|uri| {
        let known = [Scheme::HTTP, Scheme::HTTPS];
        uri.scheme().is_some_and(|scheme| known.contains(scheme)) && uri.host().is_some()
    });
    if uri.is_some() {
        return Ok(());
    }
    let what = format!("expected an address such as http://localhost:4317, found {endpoint:?}");
    Err(Invalid::new(key, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_for_one_signal_stands_over_what_is_set_for_all() {
        let mut settings = OtlpSettings {
            endpoint: "http://all:4317".to_owned(),
            headers: [
                ("Authorization".to_owned(), "a".into()),
                ("x-tenant".to_owned(), "b".into()),
            ]
            .into(),
            ..OtlpSettings::default()
        };
        settings.traces.headers.insert("x-tenant".to_owned(), "c".into());
        settings.logs.endpoint = Some("https://logs".to_owned());
        settings.metrics.enabled = false;
        let traces = settings.destination(SignalKind::Traces).unwrap().unwrap();
        assert_eq!(traces.endpoint, "http://all:4317");
        assert_eq!(
            (&traces.headers["authorization"], &traces.headers["x-tenant"]),
            (&"a".parse().unwrap(), &"c".parse().unwrap())
        );
        assert!(!format!("{traces:?}").contains("\"c\""), "headers hold secrets: {traces:?}");
        let logs = settings.destination(SignalKind::Logs).unwrap().unwrap();
        assert_eq!(logs.endpoint, "https://logs");
        assert_eq!(settings.destination(SignalKind::Metrics), Ok(None));
    }

    #[test]
    fn what_nothing_could_be_sent_with_is_refused() {
        let with = |change: fn(&mut OtlpSettings)| {
            let mut settings = OtlpSettings::default();
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        let table = [
            (
                with(|s| s.endpoint = "localhost:4317".into()),
                "telemetry.otlp.endpoint: expected an address such as http://localhost:4317, found \"localhost:4317\"",
            ),
            (with(|s| s.endpoint = "ftp://a".into()), "telemetry.otlp.endpoint: "),
            (with(|s| s.traces.endpoint = Some("no".into())), "telemetry.otlp.traces.endpoint: "),
            (with(|s| s.queue = 0), "telemetry.otlp.queue: expected at least 1, found 0"),
            (with(|s| s.batch = 0), "telemetry.otlp.batch: "),
            (with(|s| s.delay = Duration::ZERO), "telemetry.otlp.delay: expected more than 0s"),
            (with(|s| s.logs.timeout = Some(Duration::ZERO)), "telemetry.otlp.logs.timeout: "),
            (
                with(|s| {
                    s.endpoint = "http://a".into();
                    s.headers.insert("a b".into(), "c".into());
                }),
                "telemetry.otlp.headers.a b: ",
            ),
        ];
        for (error, expected) in table {
            assert!(error.starts_with(expected), "{error}");
        }
        assert_eq!(OtlpSettings::default().check(), Ok(()));
    }
}

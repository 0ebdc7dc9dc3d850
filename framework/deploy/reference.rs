//! The page of the book that lists the metrics and the alerts.

use std::fmt::{self, Write as _};

use bia::telemetry::metrics::{Family, Kind, catalogue};

use crate::alerts::ALERTS;

const HEAD: &str = "\
<!-- Written by `cargo xtask gen` from the catalogue of metrics. Edit framework/src/telemetry/metrics/catalogue.rs. -->

# Metrics

What `/metrics` shows and what is sent by OTLP. The names are those of OpenTelemetry's semantic conventions where these
have one; on `/metrics` they follow its rules for Prometheus. What a service measures of its own stands beside them,
see [Observability](../guide/observability.md).

Calls are told apart by `rpc_method` (`user.v1.UserService/GetUser`; all calls to operations that are not served are
`_OTHER`), `rpc_response_status_code` (gRPC's names: `OK`, `NOT_FOUND`) and, if they failed, `error_type`: the error's
reason. An operation has at most 32 pairs of code and reason; further reasons are `_OTHER`. What calls others has
`server_address` too: the service, by its name in the registry, or the addresses.

The ranges of durations are set by `telemetry.metrics.buckets`. The page for Prometheus carries exemplars, in the
format OpenMetrics: of each range the last call that was sampled, with `trace_id` and `span_id`. OTLP carries them too.
";

const GROUPS: [(&str, &str); 4] = [
    ("Calls", "rpc."),
    ("The service", "bia."),
    ("The runtime", "tokio."),
    ("The process", "process."),
];

pub(crate) fn page() -> Result<String, String> {
    let mut page = HEAD.to_owned();
    write(&mut page).map_err(|error| error.to_string())?;
    let missed: Vec<_> = catalogue().iter().filter(|family| group(family).is_none()).collect();
    if missed.is_empty() { Ok(page) } else { Err(format!("in no group: {missed:?}")) }
}

fn group(family: &Family) -> Option<&'static str> {
    GROUPS.iter().find(|(_, prefix)| family.name.starts_with(prefix)).map(|(title, _)| *title)
}

fn write(page: &mut String) -> fmt::Result {
    for (title, _) in GROUPS {
        writeln!(page, "\n## {title}\n")?;
        for family in catalogue().iter().filter(|family| group(family) == Some(title)) {
            let kind = match family.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                _ => "histogram",
            };
            writeln!(page, "### `{}`\n", family.text_name())?;
            write!(page, "*{kind}")?;
            if !family.unit.is_empty() {
                write!(page, ", `{}`", family.unit)?;
            }
            write!(page, ", in OpenTelemetry `{}`*. {}", family.name, family.help)?;
            let labels = family.text_labels();
            if !labels.is_empty() {
                write!(page, " By `{}`.", labels.join("`, `"))?;
            }
            writeln!(page, "\n")?;
        }
        while page.ends_with("\n\n") {
            page.pop();
        }
    }
    page.push_str("\n## Alerts\n\n");
    page.push_str("`deploy/prometheus/bia.rules.yaml` has these rules, `deploy/grafana/bia.json` a dashboard for Grafana.\n\n");
    page.push_str("| alert | severity | lasting | what it means |\n|---|---|---|---|\n");
    for alert in ALERTS {
        let (name, severity, lasting) = (alert.name, alert.severity, alert.lasting);
        writeln!(page, "| `{name}` | {severity} | {lasting} | {} |", alert.meaning)?;
    }
    Ok(())
}

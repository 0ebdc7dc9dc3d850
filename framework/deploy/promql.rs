//! Queries in which metrics and labels are written by their names in OpenTelemetry.

use bia::telemetry::metrics::catalogue;

/// The codes that are the fault of who was called, as the semantic conventions for gRPC count them,
/// without `UNIMPLEMENTED`, which strangers cause by calling what is not there.
pub(crate) const FAULTS: &str = "UNKNOWN|DEADLINE_EXCEEDED|INTERNAL|UNAVAILABLE|DATA_LOSS";

/// What a dashboard's variables choose.
const CHOSEN: &str = r#"job=~"$job",instance=~"$instance""#;

/// Turns `` `rpc.server.call.duration`_count{%} `` into what Prometheus is asked: names between backticks
/// are those of the catalogue, `%` is what the dashboard's variables choose, `FAULTS` the codes above.
pub(crate) fn promql(template: &str) -> Result<String, String> {
    let mut query = String::new();
    for (place, part) in template.split('`').enumerate() {
        if place % 2 == 0 {
            query.push_str(&part.replace('%', CHOSEN).replace("FAULTS", FAULTS));
        } else {
            let name = name(part).ok_or_else(|| format!("nothing is called {part}: {template}"))?;
            query.push_str(&name);
        }
    }
    Ok(query)
}

fn name(name: &str) -> Option<String> {
    let metric = catalogue().iter().find(|family| family.name == name);
    let label = || {
        catalogue().iter().find_map(|family| {
            let place = family.labels.iter().position(|label| *label == name)?;
            family.text_labels().into_iter().nth(place)
        })
    };
    metric.map(|family| family.text_name()).or_else(label)
}

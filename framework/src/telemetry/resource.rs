use std::collections::BTreeMap;

use super::Speaker;

/// Who is speaking, by the names of OpenTelemetry's semantic conventions for resources: what stands
/// beside every trace, metric and log line that is sent.
///
/// `own` is the setting `telemetry.resource` and stands over all else.
pub(crate) fn resource(
    speaker: &Speaker,
    environment: Option<&str>,
    own: &BTreeMap<String, String>,
) -> Vec<(String, String)> {
    let mut all = BTreeMap::from([
        ("service.name".to_owned(), speaker.service.clone()),
        ("service.instance.id".to_owned(), speaker.instance.clone()),
        ("process.pid".to_owned(), std::process::id().to_string()),
        ("telemetry.sdk.language".to_owned(), "rust".to_owned()),
        ("telemetry.sdk.name".to_owned(), "bia".to_owned()),
        ("telemetry.sdk.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ]);
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            all.insert(key.to_owned(), value);
        }
    };
    add("service.version", Some(speaker.version.clone()));
    add("deployment.environment.name", environment.map(str::to_owned));
    add("host.name", host());
    all.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
    all.into_iter().collect()
}

/// The name that the machine, or the container, gives itself.
fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_says_who_speaks_and_the_settings_stand_over_it() {
        let speaker = Speaker {
            service: "users".to_owned(),
            instance: "i-1".to_owned(),
            version: "1.2.3".to_owned(),
        };
        let own = BTreeMap::from([
            ("service.name".to_owned(), "people".to_owned()),
            ("k8s.pod.name".to_owned(), "users-0".to_owned()),
        ]);
        let resource: BTreeMap<_, _> = resource(&speaker, Some("prod"), &own).into_iter().collect();
        for (key, value) in [
            ("service.name", "people"),
            ("service.instance.id", "i-1"),
            ("service.version", "1.2.3"),
            ("deployment.environment.name", "prod"),
            ("k8s.pod.name", "users-0"),
        ] {
            assert_eq!(resource[key], value, "{key}");
        }
        assert_eq!(resource["process.pid"], std::process::id().to_string());
    }
}

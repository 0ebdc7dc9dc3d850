//! Of every setting: when a change of it takes effect.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Settings;

/// When a change takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// For the next call, or whenever the setting is looked at next.
    AtOnce,
    /// For connections that are made from then on; those that are there keep what they have, and
    /// are replaced in time (`server.connection.max_age`).
    NewConnections,
    /// When the service starts next.
    NextStart,
}

use When::{AtOnce, NewConnections, NextStart};

/// Every setting of the framework, in the order of the reference, which is written from this too.
/// `clients.<name>.*` is as `client.*`. With `.*` it is the whole of a section.
const KEYS: &[(&str, When)] = &[
    // Who the instance is was announced, and what it speaks under was handed out.
    ("app.name", NextStart),
    ("app.id", NextStart),
    ("app.metadata.*", NextStart),
    // The socket is bound, the address announced, and what is served mounted, once.
    ("server.address", NextStart),
    ("server.advertise", NextStart),
    ("server.timeout", AtOnce),
    ("server.stream_idle_timeout", AtOnce),
    ("server.max_message_size", AtOnce),
    ("server.max_send_message_size", AtOnce),
    ("server.compress", AtOnce),
    ("server.health", NextStart),
    ("server.openapi", NextStart),
    ("server.reflection", NextStart),
    // HTTP/2 agrees on these when a connection begins.
    // What is in the files is followed; which files they are is not.
    ("server.http.compress_from", AtOnce),
    ("server.http.strict_query", AtOnce),
    ("server.http.query_over_body", AtOnce),
    // Settled for each method when it is mounted.
    ("server.json.defaults", NextStart),
    ("server.json.proto_names", NextStart),
    ("server.json.enum_numbers", NextStart),
    ("server.json.int64_numbers", NextStart),
    ("server.json.refuse_unknown", NextStart),
    ("server.cors.origins", AtOnce),
    ("server.cors.methods", AtOnce),
    ("server.cors.headers", AtOnce),
    ("server.cors.exposed_headers", AtOnce),
    ("server.cors.credentials", AtOnce),
    ("server.cors.max_age", AtOnce),
    ("server.tls.certificate", NextStart),
    ("server.tls.key", NextStart),
    ("server.tls.client_ca", NextStart),
    ("server.keepalive.interval", NewConnections),
    ("server.keepalive.timeout", NewConnections),
    ("server.keepalive.http1", NewConnections),
    ("server.connection.max", AtOnce),
    ("server.connection.max_age", NewConnections),
    ("server.connection.grace", NewConnections),
    ("server.connection.max_idle", NewConnections),
    ("server.connection.max_streams", NewConnections),
    ("server.connection.stream_window", NewConnections),
    ("server.connection.window", NewConnections),
    ("server.connection.max_pending_resets", NewConnections),
    ("server.headers.read_timeout", NewConnections),
    ("server.headers.max_count", NewConnections),
    ("server.headers.max_size", NewConnections),
    ("server.socket.backlog", NextStart),
    ("server.socket.nodelay", NewConnections),
    ("server.socket.user_timeout", NewConnections),
    ("admin.address", NextStart),
    ("admin.token", AtOnce),
    ("admin.check_timeout", AtOnce),
    // Leases and watches stand with one registry for as long as the process lives.
    ("registry.kind", NextStart),
    ("registry.required", NextStart),
    ("registry.timeout", AtOnce),
    ("registry.local.*", NextStart),
    ("registry.consul.*", NextStart),
    ("operations.*", AtOnce),
    ("client.timeout", AtOnce),
    // What is spoken settles which of a node's endpoints is connected to, and how.
    ("client.protocol", NextStart),
    ("client.http.dialect", AtOnce),
    ("client.http.max_connections_per_node", AtOnce),
    ("client.balancer", AtOnce),
    ("client.connect_timeout", AtOnce),
    ("client.handover", AtOnce),
    ("client.tls.enabled", NextStart),
    ("client.tls.ca", NextStart),
    ("client.tls.certificate", NextStart),
    ("client.tls.key", NextStart),
    ("client.tls.server_name", NextStart),
    ("client.keepalive.interval", NewConnections),
    ("client.keepalive.timeout", NewConnections),
    ("client.backoff.first", AtOnce),
    ("client.backoff.max", AtOnce),
    ("client.max_connections_per_node", AtOnce),
    ("client.streams_per_connection", AtOnce),
    ("client.health_check", AtOnce),
    ("client.max_message_size", AtOnce),
    ("client.max_send_message_size", AtOnce),
    ("client.compress", AtOnce),
    ("client.wait_for_ready", AtOnce),
    ("client.stream_window", NewConnections),
    ("client.window", NewConnections),
    ("telemetry.logs.filter", AtOnce),
    ("telemetry.logs.operations.*", AtOnce),
    ("telemetry.logs.access.enabled", AtOnce),
    ("telemetry.logs.access.exclude", AtOnce),
    ("telemetry.logs.access.slow", AtOnce),
    ("telemetry.logs.redact", AtOnce),
    ("telemetry.logs.repeat_limit", AtOnce),
    // Whoever collects the log was told once how to read it.
    ("telemetry.logs.format", NextStart),
    // Counts of other ranges could not be added to those that are there.
    ("telemetry.metrics.interval", NextStart),
    ("telemetry.metrics.buckets", NextStart),
    ("telemetry.traces.ratio", AtOnce),
    ("telemetry.traces.parent_based", AtOnce),
    ("telemetry.traces.errors", AtOnce),
    ("telemetry.traces.rules", AtOnce),
    // Callers and callees agree on it, and collectors are connected to, for as long as the process lives.
    ("telemetry.traces.propagators", NextStart),
    ("telemetry.otlp.*", NextStart),
    ("telemetry.resource.*", NextStart),
    ("stop.drain_delay", AtOnce),
    ("stop.timeout", AtOnce),
    ("config.debounce", AtOnce),
    ("config.start_timeout", NextStart),
    ("config.consul.*", NextStart),
    ("config.trust.*", NextStart),
    ("rollout.*", AtOnce),
    ("features.*", AtOnce),
];

/// A setting that was changed and waits for the next start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) key: String,
    pub(super) in_force: String,
    pub(super) next: String,
}

/// What of `latest` is not what the service started with, and cannot be before it starts again.
pub(super) fn waiting(started: &Settings, latest: &Settings) -> Vec<Waiting> {
    let (started_all, latest_all) = (flat(started), flat(latest));
    let mut keys: Vec<_> = started_all.keys().chain(latest_all.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let of = |all: &BTreeMap<String, Value>, key: &String| all.get(key).map_or_else(none, shown);
    let mut waiting: Vec<_> = keys
        .into_iter()
        .filter(|key| when(key).is_none_or(|when| when == NextStart))
        .map(|key| Waiting {
            key: key.clone(),
            in_force: of(&started_all, key),
            next: of(&latest_all, key),
        })
        .filter(|it| it.in_force != it.next)
        .collect();
    waiting.extend(secrets(started, latest));
    waiting
}

/// Secrets are masked, and a mask is like another.
#[cfg(feature = "consul")]
fn secrets(started: &Settings, latest: &Settings) -> Option<Waiting> {
    let (old, new) = (&started.registry.consul.token, &latest.registry.consul.token);
    // With only one of the two empty the masks differ, and it is told already.
    (old != new && !old.is_empty() && !new.is_empty()).then(|| Waiting {
        key: "registry.consul.token".to_owned(),
        in_force: "***".to_owned(),
        next: "*** (another one)".to_owned(),
    })
}

#[cfg(not(feature = "consul"))]
fn secrets(_: &Settings, _: &Settings) -> Option<Waiting> {
    None
}

/// When a change of `key` takes effect; `None` for a key that [`KEYS`] does not have.
fn when(key: &str) -> Option<When> {
    let common = key.strip_prefix("clients.").and_then(|rest| {
        // A service's name may have dots in it; what is set about it is one or two words.
        let known = KEYS.iter().map(|(known, _)| *known).filter(|known| {
            known.strip_prefix("client").is_some_and(|known| rest.ends_with(known))
        });
        known.max_by_key(|known| known.len())
    });
    let key = common.unwrap_or(key);
    let is_of = |known: &str| match known.strip_suffix(".*") {
        Some(section) => {
            key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
        None => key == known,
    };
    KEYS.iter().find(|(known, _)| is_of(known)).map(|(_, when)| *when)
}

/// Every setting under its whole name.
fn flat(settings: &Settings) -> BTreeMap<String, Value> {
    fn add(path: &str, value: Value, all: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                for (name, value) in fields {
                    let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                    add(&path, value, all);
                }
            }
            value => {
                all.insert(path.to_owned(), value);
            }
        }
    }
    let mut all = BTreeMap::new();
    add("", serde_json::to_value(settings).unwrap_or_default(), &mut all);
    all
}

fn none() -> String {
    "not set".to_owned()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => none(),
        Value::Object(fields) if fields.is_empty() => none(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_every_setting_it_is_known_when_a_change_takes_effect() {
        // A section of maps has no key of its own when nothing is in it.
        let known = |key: &String| when(key).is_some() || key == "clients";
        let unknown: Vec<_> =
            flat(&Settings::default()).into_keys().filter(|key| !known(key)).collect();
        assert!(unknown.is_empty(), "add to KEYS when a change of these takes effect: {unknown:?}");
    }

    #[test]
    fn no_setting_is_told_of_that_is_not_there() {
        let all = flat(&Settings::default());
        let is_there = |known: &str| match known.strip_suffix(".*") {
            Some(section) => all.keys().any(|key| key.starts_with(section)),
            None => all.contains_key(known),
        };
        let gone: Vec<_> = KEYS.iter().filter(|(known, _)| !is_there(known)).collect();
        assert!(gone.is_empty() || cfg!(not(feature = "consul")), "{gone:?}");
    }

    #[test]
    fn what_is_set_for_one_service_is_like_what_is_set_for_all() {
        let table = [
            ("client.timeout", Some(AtOnce)),
            ("clients.user-service.timeout", Some(AtOnce)),
            ("clients.user.v1.keepalive.timeout", Some(NewConnections)),
            ("registry.consul.tags", Some(NextStart)),
            ("app.metadata", Some(NextStart)),
            ("app.metadata.zone", Some(NextStart)),
            ("app.metadatum", None),
        ];
        for (key, expected) in table {
            assert_eq!(when(key), expected, "{key}");
        }
    }

    #[test]
    fn what_waits_is_named_with_what_is_in_force_and_what_will_be() {
        let started = Settings::default();
        let mut latest = started.clone();
        latest.server.timeout = std::time::Duration::from_secs(1);
        latest.server.address = "0.0.0.0:9000".to_owned();
        latest.app.name = Some("other".to_owned());
        latest.app.metadata.insert("zone".to_owned(), "b".to_owned());
        let told: Vec<_> = waiting(&started, &latest)
            .into_iter()
            .map(|it| format!("{}: {} -> {}", it.key, it.in_force, it.next))
            .collect();
        let expected = [
            "app.metadata.zone: not set -> b",
            "app.name: not set -> other",
            "server.address: 0.0.0.0:8000 -> 0.0.0.0:9000",
        ];
        assert_eq!(told, expected);
        assert!(waiting(&latest, &latest).is_empty());
    }

    #[cfg(feature = "consul")]
    #[test]
    fn a_secret_that_changes_is_told_of_and_not_shown() {
        let mut started = Settings::default();
        started.registry.consul.token = "first".into();
        let mut latest = started.clone();
        latest.registry.consul.token = "second".into();
        let told = format!("{:?}", waiting(&started, &latest));
        assert!(told.contains("registry.consul.token"), "{told}");
        assert!(!told.contains("first") && !told.contains("second"), "{told}");
    }
}

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::whole;
use crate::config::{Secret, Tree, Variables, duration};

/// What stands for the sections of the framework here.
#[derive(Debug, Default, Deserialize, JsonSchema, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
struct Framework {
    /// The port, see [`crate::transport`].
    server: Server,
    /// Each by its name.
    clients: BTreeMap<String, Server>,
}

#[derive(Debug, Deserialize, JsonSchema, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
struct Server {
    address: String,
    #[serde(with = "duration")]
    timeout: Duration,
    #[serde(with = "duration")]
    limit: Option<Duration>,
    token: Secret,
    max: u16,
    ratio: f64,
    eager: bool,
    kind: Kind,
    tags: Vec<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            address: "0.0.0.0:8000".to_owned(),
            timeout: Duration::from_secs(10),
            limit: None,
            token: Secret::new("t0k3n"),
            max: 8,
            ratio: 0.5,
            eager: true,
            kind: Kind::Local,
            tags: Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Here.
    #[default]
    Local,
    /// There.
    FarAway,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only described and decoded")]
struct Own {
    data: Data,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    peers: Vec<Peer>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "only described and decoded")]
struct Data {
    url: Secret,
    max_connections: Option<u32>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only described and decoded")]
enum Mode {
    #[default]
    Plain,
    Fancy {
        level: u8,
    },
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only described and decoded")]
struct Peer {
    name: String,
}

fn schema() -> Value {
    whole::<Framework>("test", Some(Own::json_schema))
}

/// Asks a validator that knows nothing of ours.
fn fault(schema: &Value, instance: &Value) -> Option<String> {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("schema.json", schema.clone()).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    schemas.validate(instance, index).err().map(|error| error.to_string())
}

/// A file as an editor sees it: YAML 1.2, where JSON is YAML.
fn seen(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn taken(text: &str) -> bool {
    let mut tree = Tree::new();
    let missing = r#"{"data": {"url": "x"}}"#;
    tree.add_file(Path::new("base.yaml"), missing).unwrap();
    tree.add_file(Path::new("f.yaml"), text).unwrap();
    tree.resolve(&Variables::new([("NUMBER", "1"), ("KIND", "local")])).unwrap();
    let framework = tree.take(&["server", "clients"]);
    framework.decode::<Framework>(&[]).is_ok() && tree.decode::<Own>(&[]).is_ok()
}

#[test]
fn an_editor_takes_what_the_program_takes_and_refuses_what_it_refuses() {
    let right = [
        r#"{}"#,
        r#"{"server": {"address": ":1", "timeout": "1m30s", "limit": "0.5s", "max": 3}}"#,
        r#"{"server": {"timeout": 0, "kind": "far_away", "tags": ["a", 5], "token": "x"}}"#,
        r#"{"server": {"max": "3", "ratio": "1e3", "eager": "false"}}"#,
        r#"{"server": {"address": 127, "token": 123, "tags": "a, b"}}"#,
        r#"{"server": {"max": "${NUMBER}", "ratio": "${NUMBER:2}", "kind": "${KIND:local}"}}"#,
        r#"{"server": {"timeout": "${NUMBER}s", "eager": "${NOT:true}", "tags": "${KIND}"}}"#,
        r#"{"server": {"max": null, "kind": null, "timeout": null, "tags": null}}"#,
        r#"{"server": null, "data": null, "clients": {"a": null}}"#,
        r#"{"clients": {"user-service": {"max": 1}}}"#,
        r#"{"data": {"maxConnections": 3}}"#,
        r#"{"data": {"url": 123}}"#,
        r#"{"mode": "plain"}"#,
        r#"{"mode": {"fancy": {"level": 3}}}"#,
        r#"{"peers": [{"name": "a"}]}"#,
        r#"{"$schema": "./app.schema.json"}"#,
    ];
    let wrong = [
        r#"{"sevrer": {}}"#,
        r#"{"server": {"adress": ":1"}}"#,
        r#"{"server": {"timeout": 10}}"#,
        r#"{"server": {"timeout": "10"}}"#,
        r#"{"server": {"limit": "fast"}}"#,
        r#"{"server": {"max": 70000}}"#,
        r#"{"server": {"max": -1}}"#,
        r#"{"server": {"max": "many"}}"#,
        r#"{"server": {"ratio": "half"}}"#,
        r#"{"server": {"eager": "yes"}}"#,
        r#"{"server": {"eager": 1}}"#,
        r#"{"server": {"kind": "near"}}"#,
        r#"{"server": {"tags": {"a": 1}}}"#,
        r#"{"server": {"address": [1]}}"#,
        r#"{"server": "on"}"#,
        r#"{"clients": {"user-service": {"mx": 1}}}"#,
        r#"{"data": {"max_connections": 3}}"#,
        r#"{"mode": "plane"}"#,
        r#"{"mode": {"fancy": {"level": 300}}}"#,
        r#"{"mode": {"fancy": {}}}"#,
        r#"{"peers": [{}]}"#,
    ];
    let schema = schema();
    for text in right {
        assert_eq!(fault(&schema, &seen(text)), None, "{text}");
        assert!(taken(text), "{text}");
    }
    for text in wrong {
        assert!(fault(&schema, &seen(text)).is_some(), "{text}");
        assert!(!taken(text), "{text}");
    }
}

#[test]
fn the_schema_tells_what_the_documentation_tells() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["properties"]["server"]["description"], "The port, see `crate::transport`.");
    let server = &schema["$defs"]["Server"]["properties"];
    assert_eq!(server["max"]["default"], 8);
    assert_eq!(server["timeout"]["default"], "10s");
    assert_eq!(server["max"]["maximum"], 65535);
    assert_eq!(server["limit"].get("default"), None);
    assert_eq!(schema["$defs"]["Kind"]["oneOf"][1]["description"], "There.");
    let text = schema.to_string();
    assert!(!text.contains("t0k3n") && !text.contains("***"), "{text}");
    assert_eq!(schema["$defs"]["Secret"]["writeOnly"], true);
}

#[test]
fn a_service_that_does_not_say_what_its_settings_are_may_have_any_beside_the_frameworks() {
    let schema = whole::<Framework>("test", None);
    assert_eq!(fault(&schema, &json!({"data": {"x": 1}})), None);
    assert!(fault(&schema, &json!({"data": {}, "server": {"mx": 1}})).is_some());
    let schema = whole::<Framework>("test", Some(<()>::json_schema));
    assert!(fault(&schema, &json!({"data": {"x": 1}})).is_some());
    assert_eq!(fault(&schema, &json!({"server": {"max": 1}})), None);
}

#[test]
fn settings_that_are_no_plain_struct_are_described_too() {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only described")]
    struct Flat {
        name: Option<String>,
        #[serde(flatten)]
        limits: BTreeMap<String, u32>,
    }
    #[derive(JsonSchema)]
    #[serde(tag = "role", rename_all = "snake_case")]
    #[expect(dead_code, reason = "only described")]
    enum Role {
        Caller { every: u32 },
        Callee,
    }
    let flat = whole::<Framework>("test", Some(Flat::json_schema));
    assert_eq!(fault(&flat, &json!({"name": "a", "x": 1, "server": {"max": 1}})), None);
    assert!(fault(&flat, &json!({"x": "many"})).is_some());
    let role = whole::<Framework>("test", Some(Role::json_schema));
    assert_eq!(fault(&role, &json!({"role": "caller", "every": 1, "server": {}})), None);
    assert!(fault(&role, &json!({"role": "nobody"})).is_some());
    assert!(fault(&role, &json!({"role": "callee", "sevrer": {}})).is_some());
}

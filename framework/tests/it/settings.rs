//! Settings as those see them who write them: what they are told, and what their editor knows.

use std::path::Path;
use std::time::Duration;

use bia::Config;
use bia::config::Invalid;
use serde_json::{Map, Value, json};

use crate::process::{command, folder, run};

/// Everything that is wrong, by its key.
fn keys(invalid: &Invalid) -> Vec<&str> {
    invalid.all().filter_map(Invalid::key).collect()
}

#[tokio::test]
async fn check_config_tells_everything_that_is_wrong_in_one_go() {
    let folder = folder();
    let configs = folder.path().join("configs");
    std::fs::create_dir(&configs).unwrap();
    let yaml = "\
server:
  adress: 0.0.0.0:1
  timeout: 10
  max_message_size: many
registry: {kind: consull}
telemetry: {logs: {filter: '${NOWHERE}'}}
child:
  stop: soon
  fail: 2
";
    std::fs::write(configs.join("app.yaml"), yaml).unwrap();
    let mut check = command(&folder, &["--check-config", "--set", "stop.timeout=${NOTHING}"]);
    let (code, out, told) = run(check.env("BIA_ADMIN__CHECK_TIMEOUT", "1 day")).await;
    assert_eq!((code, out.as_str()), (Some(78), ""), "{told}");
    for expected in [
        "stop.timeout in --set stop.timeout: ${NOTHING} has no value: set the variable NOTHING or write a default, ${NOTHING:…}",
        "telemetry.logs.filter in configs/app.yaml:6: ${NOWHERE} has no value: set the variable NOWHERE or write a default, ${NOWHERE:…}",
        "admin.check_timeout in BIA_ADMIN__CHECK_TIMEOUT: \"1 day\" has an unknown unit \"day\": write a duration such as 10s, 250ms, 5m or 1h",
        "registry.kind in configs/app.yaml:5: expected one of local, consul, none, found \"consull\": did you mean consul?",
        "server.adress in configs/app.yaml:2: there is no such setting: did you mean server.address?",
        "server.max_message_size in configs/app.yaml:4: expected a whole number, not below 0, found \"many\"",
        "server.timeout in configs/app.yaml:3: \"10\" has no unit: write a duration such as 10s, 250ms, 5m or 1h",
        "child.fail in configs/app.yaml:9: expected true or false, found 2",
        "child.stop in configs/app.yaml:8: \"soon\" does not begin with a number: write a duration such as 10s, 250ms, 5m or 1h",
    ] {
        let found = told.lines().any(|line| {
            line.strip_prefix("Error: ").or_else(|| line.strip_prefix("  and ")) == Some(expected)
        });
        assert!(found, "{expected}\n  is not in\n{told}");
    }
    assert_eq!(told.lines().count(), 9, "{told}");
}

#[tokio::test]
async fn rules_of_the_service_and_of_the_framework_are_told_together() {
    let folder = folder();
    let arguments = ["--check-config", "--set", "child.greeting=", "--set", "stop.timeout=0s"];
    let (code, _, told) = run(&mut command(&folder, &arguments)).await;
    assert_eq!(code, Some(78));
    assert_eq!(
        told,
        "Error: stop.timeout in --set stop.timeout: expected more than stop.drain_delay (0s), which is part of it, found 0s\n  \
         and child.greeting in --set child.greeting: expected a length of at least 1, found \"\"\n"
    );
    let check = &["--check-config", "--set", "app.metadata.lane=a b"];
    let (code, _, told) = run(&mut command(&folder, check)).await;
    assert_eq!(code, Some(78), "{told}");
    assert_eq!(
        told,
        "Error: app.metadata.lane in --set app.metadata.lane: expected a word of printable ASCII, which a header can carry, found \"a b\": no call could name it\n"
    );
    let check = &["--check-config", "--set", "server.advertise=variable:POD_IP"];
    let (code, _, told) = run(command(&folder, check).env_remove("POD_IP")).await;
    assert_eq!(code, Some(78), "{told}");
    assert_eq!(
        told,
        "Error: server.advertise in --set server.advertise: variable POD_IP is not set: set it, or write an address\n"
    );
    let (code, ..) = run(command(&folder, check).env("POD_IP", "10.0.0.1")).await;
    assert_eq!(code, Some(0));
}

#[tokio::test]
async fn a_variable_with_one_line_too_few_is_told() {
    let folder = folder();
    let mut check = command(&folder, &["--check-config", "--set", "child.stop=1s"]);
    check.env("BIA_CLIENT_TIMEOUT", "1s").env("BIA_CHILD_GREETING", "x").env("BIA_CACHE", "/tmp");
    let (code, out, told) = run(&mut check).await;
    assert_eq!((code, out.as_str()), (Some(0), "the settings are right\n"));
    assert_eq!(
        told,
        "Warning: BIA_CHILD_GREETING is not read: the variable of child.greeting is BIA_CHILD__GREETING\n\
         Warning: BIA_CLIENT_TIMEOUT is not read: the variable of client.timeout is BIA_CLIENT__TIMEOUT\n"
    );
}

#[tokio::test]
async fn who_reads_no_further_disturbs_nobody() {
    let folder = folder();
    let mut shell = command(&folder, &[]);
    let program = shell.as_std().get_program().to_owned();
    shell = {
        let mut other = tokio::process::Command::new("sh");
        other
            .current_dir(folder.path())
            .arg("-c")
            .arg("\"$0\" --print-config | head -n 1")
            .arg(program);
        other
    };
    let (code, out, told) = run(&mut shell).await;
    assert_eq!((code, out.lines().count(), told.as_str()), (Some(0), 1, ""));
}

#[test]
fn settings_that_are_wrong_in_one_place_are_told_once() {
    // `clients.*` have it from `client`.
    let yaml = "client: {timeout: 10}\nclients: {a: {}, b: {handover: 1s}}";
    let invalid = Config::<()>::for_test(yaml).unwrap_err();
    assert_eq!(keys(&invalid), ["client.timeout"], "{invalid}");
    let yaml = "client: {window: 0}\nclients: {a: {max_message_size: 0}}";
    let invalid = Config::<()>::for_test(yaml).unwrap_err();
    let mut told = keys(&invalid);
    told.sort_unstable();
    assert_eq!(told, ["clients.a.max_message_size", "clients.a.window"], "{invalid}");
}

#[test]
fn features_are_on_for_whom_the_settings_say() {
    let yaml = "features: {all: true, none: false, some: 25%, dash-ed: 100%, by: '${SHARE:0.5%}'}";
    let config = Config::<()>::for_test(yaml).unwrap();
    assert!(config.feature("all") && config.feature_for("all", "x") && config.feature("dash-ed"));
    assert!(config.feature("dash_ed"), "as a variable can write it");
    assert!(!config.feature("none") && !config.feature("some") && !config.feature("unheard of"));
    let users: Vec<_> = (0..10_000).map(|id| format!("user-{id}")).collect();
    let of = |name| users.iter().filter(|user| config.feature_for(name, user)).count();
    assert!((2_300..2_700).contains(&of("some")), "{}", of("some"));
    assert!((20..90).contains(&of("by")), "{}", of("by"));
    assert_eq!(of("none") + of("unheard of"), 0);
    let invalid = Config::<()>::for_test("features: {a: 101%}").unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "features.a in test.yaml:1: expected true, false, or a share such as 10% or 0.5%, found \"101%\""
    );
}

#[tokio::test]
async fn a_feature_is_switched_while_the_service_runs() {
    let source = bia::config::MemorySource::new();
    source.set("app.yaml", "features: {new-checkout: false}");
    let config = bia::config::<()>().for_test("").source(source.clone()).await.unwrap();
    let _reloading = config.reloading();
    let mut settings = config.watch(|()| ());
    assert!(!config.feature("new-checkout"));
    source.set("app.yaml", "features: {new-checkout: true}");
    let switched = async {
        while !config.feature("new-checkout") {
            tokio::task::yield_now().await;
            tokio::time::timeout(Duration::from_millis(10), settings.changed()).await.ok();
        }
    };
    tokio::time::timeout(Duration::from_secs(10), switched).await.expect("switched");
}

// --- the schema ---

/// Asks a validator that knows nothing of ours.
fn faults(schema: &Value, instances: &[Value]) -> Vec<Option<String>> {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("schema.json", schema.clone()).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    let fault = |instance| schemas.validate(instance, index).err().map(|error| error.to_string());
    instances.iter().map(fault).collect()
}

/// A file as an editor reads it: YAML 1.2.
fn seen(yaml: &str) -> Value {
    fn value(yaml: &yaml_rust2::Yaml) -> Value {
        use yaml_rust2::Yaml;
        match yaml {
            Yaml::Real(text) => json!(text.parse::<f64>().unwrap()),
            Yaml::Integer(number) => json!(number),
            Yaml::String(text) => json!(text),
            Yaml::Boolean(truth) => json!(truth),
            Yaml::Array(items) => items.iter().map(value).collect(),
            Yaml::Hash(table) => {
                let entries =
                    table.iter().map(|(key, it)| (key.as_str().unwrap().to_owned(), value(it)));
                Value::Object(entries.collect::<Map<_, _>>())
            }
            _ => Value::Null,
        }
    }
    yaml_rust2::YamlLoader::load_from_str(yaml).unwrap().first().map_or_else(|| json!({}), value)
}

#[tokio::test]
async fn config_schema_describes_the_sections_of_service_and_framework() {
    let folder = folder();
    // Wrong settings are in nobody's way.
    let arguments = ["--config-schema", "--set", "server.adress=x"];
    let (code, out, told) = run(&mut command(&folder, &arguments)).await;
    assert_eq!((code, told.as_str()), (Some(0), ""));
    let schema: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["title"], "Settings of child");
    let child = &schema["$defs"]["Child"]["properties"];
    assert_eq!(child["greeting"]["description"], "What it says.");
    assert!(child["greeting"].to_string().contains("\"maxLength\":100"), "{child:#}");
    let whole = serde_json::to_value(&*Config::<()>::for_test("").unwrap().settings()).unwrap();
    let right = [
        whole,
        seen("server: {timeout: 5s, max_message_size: '${SIZE:1}', advertise: 'interface:eth0'}"),
        seen("clients: {user-service: {timeout: 2s, balancer: round_robin}}\nstop:\n"),
        seen("features: {a: true, b: 10%, c: '${C:false}'}\nregistry: {kind: none}"),
        seen("child: {greeting: hi, stop: 1s, fail: false}\ntelemetry: {logs: {format: json}}"),
    ];
    let wrong = [
        "sevrer: {}",
        "server: {timeout: 5}",
        "server: {timeout: 5 days}",
        "server: {max_message_size: -1}",
        "registry: {kind: zookeeper}",
        "clients: {user-service: {timeuot: 2s}}",
        "features: {a: 101%}",
        "features: {a: maybe}",
        "child: {greeting: ''}",
        "child: {fail: 2}",
        "child: {colour: red}",
        "server: [a]",
    ];
    for fault in faults(&schema, &right) {
        assert_eq!(fault, None);
    }
    for (text, fault) in wrong.iter().zip(faults(&schema, &wrong.map(seen))) {
        assert!(fault.is_some(), "{text}");
    }
}

#[test]
fn the_settings_of_the_examples_are_right_by_the_schema_that_lies_beside_them() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for example in ["user-service", "order-service"] {
        let read = |file| std::fs::read_to_string(examples.join(example).join(file)).unwrap();
        let schema: Value = serde_json::from_str(&read("settings.schema.json")).unwrap();
        let yaml = read("configs/app.yaml");
        assert!(yaml.contains("# yaml-language-server: $schema=../settings.schema.json"), "{yaml}");
        let mut wrong = seen(&yaml);
        wrong["data"]["max_conections"] = json!(1);
        let mut off = seen(&yaml);
        off["data"]["max_connections"] = json!(0);
        let faults = faults(&schema, &[seen(&yaml), wrong, off]);
        assert_eq!(faults[0], None, "{example}");
        assert!(faults[1].is_some() && faults[2].is_some(), "{example}: {faults:?}");
    }
}

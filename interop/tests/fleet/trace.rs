//! One trace through processes of their own, as a collector that was not written here has it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;

use super::fixture::collector::Collector;
use super::process::{LIMIT, Process};

/// A span as the collector prints it: by the words before the colons.
type Printed = BTreeMap<String, String>;

#[tokio::test]
async fn one_trace_holds_the_caller_both_services_and_their_statements() {
    const TEST: &str = "one_trace_holds_the_caller_both_services_and_their_statements";
    let Some(collector) = Collector::start(TEST).await else { return };
    let programs = examples().await;
    let folder = tempfile::tempdir().unwrap();
    let command = |name: &str| {
        let mut command = Command::new(programs.join(name));
        command.current_dir(folder.path()).kill_on_drop(true);
        for setting in [
            "server.address=127.0.0.1:0".to_owned(),
            "admin.address=".to_owned(),
            format!("registry.local.path={}", folder.path().join("registry").display()),
            format!("data.url=sqlite://{}/{name}.db?mode=rwc", folder.path().display()),
            "stop.drain_delay=0s".to_owned(),
            format!("telemetry.otlp.endpoint={}", collector.endpoint()),
        ] {
            if name != "demo-client" || !setting.starts_with("data.") {
                command.args(["--set", &setting]);
            }
        }
        command
    };
    let users = Process::start(&mut command("user-service"));
    users.phase("ready").await;
    let orders = Process::start(&mut command("order-service"));
    orders.phase("ready").await;
    let called = command("demo-client").stdout(Stdio::null()).status();
    assert!(timeout(LIMIT, called).await.unwrap().unwrap().success());
    // What they did last is sent when they stop.
    orders.signal("TERM");
    users.signal("TERM");

    const ORDER: &str = "order.v1.OrderService/CreateOrder";
    const USER: &str = "user.v1.UserService/GetUser";
    let chain: [(&str, &str); 5] = [
        (ORDER, "client"),
        (ORDER, "server"),
        (USER, "client"),
        (USER, "server"),
        ("SELECT", "client"),
    ];
    collector
        .until("the spans of one order", |printed| {
            let spans = spans(printed);
            let is = |span: &Printed, (name, kind): (&str, &str)| {
                span["Name"] == name && span["Kind"].to_ascii_lowercase().contains(kind)
            };
            spans.iter().filter(|span| is(span, chain[0])).find_map(|first| {
                chain[1..].iter().try_fold(first, |above, below| {
                    spans.iter().find(|span| {
                        is(span, *below)
                            && span["Parent ID"] == above["ID"]
                            && span["Trace ID"] == first["Trace ID"]
                    })
                })
            })?;
            Some(())
        })
        .await;
}

/// What was printed of each span.
fn spans(printed: &str) -> Vec<Printed> {
    const KEYS: [&str; 5] = ["Trace ID", "Parent ID", "ID", "Name", "Kind"];
    let mut spans: Vec<Printed> = Vec::new();
    for line in printed.lines() {
        let Some((key, value)) = line.trim().split_once(':') else { continue };
        let (key, value) = (key.trim(), value.trim());
        if key == "Trace ID" {
            spans.push(KEYS.iter().map(|key| ((*key).to_owned(), String::new())).collect());
        }
        if let Some(span) = spans.last_mut()
            && let Some(place) = span.get_mut(key)
            && place.is_empty()
        {
            value.clone_into(place);
        }
    }
    spans
}

/// The folder of the examples' programs, built as the tests were.
async fn examples() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_fleet-node")).parent().unwrap().to_owned();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--package", "user-service", "--package", "order-service"]);
    build.args(["--package", "demo-client"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().await.unwrap();
    assert!(built.success(), "the examples do not build");
    folder
}

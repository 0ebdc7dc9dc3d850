//! What is made works: it builds, passes its tests and lints, starts, answers on each face, stops.
//!
//! All of it is built below `target/scaffold` of the repository, so that what it depends on is built
//! once.

use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::time::Instant;

use super::running::Running;
use super::{empty, good, repository, text};
use crate::command::run;

fn target() -> PathBuf {
    repository().join("target/scaffold")
}

/// Runs a program in a project, where it must go well.
pub(super) fn works(folder: &Path, program: &str, arguments: &[&str]) {
    works_with(folder, program, arguments, &[]);
}

/// The same with variables.
pub(super) fn works_with(
    folder: &Path,
    program: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) {
    let mut command = Command::new(program);
    // What cargo told this test of itself would have build scripts think that something has changed.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if (name.starts_with("CARGO_") || name == "OUT_DIR") && name != "CARGO_HOME" {
            command.env_remove(name);
        }
    }
    let output = command
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target())
        // What the lock file does not say is had from nowhere.
        .env("CARGO_NET_OFFLINE", "true")
        .envs(variables.iter().copied())
        .output()
        .expect("it runs");
    assert!(
        output.status.success(),
        "{program} {}: {}{}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

pub(super) fn program(name: &str) -> PathBuf {
    target().join("debug").join(name)
}

/// Every phase of a stop, one behind the other.
pub(super) fn stopped_in_order(log: &str) {
    let at = |phase: &str| {
        let word = format!("\"phase\":\"{phase}\"");
        log.find(&word).unwrap_or_else(|| panic!("no {phase} in {log}"))
    };
    let phases = ["started", "stop", "not_ready", "drain_delay", "drain", "stopped"];
    let places: Vec<usize> = phases.into_iter().map(at).collect();
    assert!(places.is_sorted(), "{places:?}: {log}");
}

/// Makes something over HTTP, and has it listed over gRPC and gRPC-Web.
pub(super) fn answers_on_each_face(running: &Running, create: &str, body: &str, list: &str) {
    let made = running.json(create, body);
    assert!(made.starts_with("HTTP/1.1 200 ") && made.contains(r#""name":"first""#), "{made}");
    let taken = running.json(create, body);
    assert!(taken.starts_with("HTTP/1.1 409 ") && taken.contains("_NAME_TAKEN"), "{taken}");
    assert_eq!(running.grpc(list), "0");
    assert_eq!(running.grpc_web(list), "0");
    let ready = Running::http(running.admin, "GET /readyz", "text/plain", b"");
    assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
}

#[test]
fn a_service_made_with_the_defaults_answers_its_first_call() {
    let folder = empty();
    let begun = Instant::now();
    good(folder.path(), &["new", "scaffold-service"]);
    let made = begun.elapsed();
    let root = folder.path().join("scaffold-service");
    works(&root, "cargo", &["build"]);
    let built = begun.elapsed();
    let running = Running::start(&program("scaffold-service"), &root, &folder.path().join("r"));
    answers_on_each_face(
        &running,
        "POST /v1/scaffolds",
        r#"{"name": "first"}"#,
        "/scaffold.v1.ScaffoldService/ListScaffolds",
    );
    eprintln!("made after {made:?}, built after {built:?}, answered after {:?}", begun.elapsed());
    let docs = Running::http(running.api, "GET /openapi.json", "text/plain", b"");
    assert!(docs.starts_with("HTTP/1.1 200 ") && docs.contains("/v1/scaffolds"), "{docs}");
    stopped_in_order(&running.stop());
    assert!(root.join("data/scaffolds.db").is_file(), "it keeps what it was given");

    // What it was given is there after a restart.
    let running = Running::start(&program("scaffold-service"), &root, &folder.path().join("r"));
    let list = running.json("GET /v1/scaffolds", "");
    assert!(list.contains(r#""name":"first""#), "{list}");
    stopped_in_order(&running.stop());
    works(&root, "cargo", &["test"]);
}

#[test]
fn the_services_of_a_workspace_pass_their_ci_and_answer_beside_each_other() {
    let folder = empty();
    let registry = folder.path().join("registry");
    good(folder.path(), &["new", "shop", "--workspace", "--service", "stock-service", "-q"]);
    let shop = folder.path().join("shop");
    let plain = ["--database", "none", "--faces", "grpc", "--registry", "none"];
    good(&shop, &[&["add", "service", "parcel-service"][..], &plain].concat());
    // Streams of all kinds, and rules of all kinds.
    let proto = repository().join("examples/proto/user/v1/user.proto").display().to_string();
    good(&shop, &["add", "service", "people-service", "--from", &proto]);
    // What is added later is no less good.
    good(&shop, &["add", "client", "people-service", "--from", "stock-service"]);
    good(
        &shop,
        &["add", "job", "expire-stock-that-nobody-has-asked-for", "--service", "stock-service"],
    );
    good(&shop, &["add", "error", "STOCK_LOCKED", "--code", "409", "--service", "StockService"]);
    let fields = ["--request", "string id", "--response", "map<string,int32> counts"];
    good(&shop, &[&["add", "rpc", "StockService/CountStock"][..], &fields].concat());
    good(&shop, &["proto", "format", "--check"]);
    works(&shop, "sh", &[".ci/run"]);
    works(&shop, "cargo", &["build", "--workspace"]);

    let service =
        |name: &str| Running::start(&program(name), &shop.join("services").join(name), &registry);
    let (stock, parcel, people) =
        (service("stock-service"), service("parcel-service"), service("people-service"));
    answers_on_each_face(
        &stock,
        "POST /v1/stocks",
        r#"{"name": "first"}"#,
        "/stock.v1.StockService/ListStocks",
    );
    answers_on_each_face(
        &parcel,
        "POST /parcel.v1.ParcelService/CreateParcel",
        r#"{"parcel": {"name": "first"}}"#,
        "/parcel.v1.ParcelService/ListParcels",
    );
    let docs = Running::http(parcel.api, "GET /openapi.json", "text/plain", b"");
    assert!(docs.starts_with("HTTP/1.1 404 "), "{docs}");
    // 12 is UNIMPLEMENTED.
    for operation in ["ListUsers", "WatchUsers", "ImportUsers", "SyncUsers"] {
        assert_eq!(people.grpc(&format!("/user.v1.UserService/{operation}")), "12", "{operation}");
    }
    assert_eq!(people.grpc_web("/user.v1.UserService/ListUsers"), "12");
    let list = people.json("GET /v1/users", "");
    assert!(list.starts_with("HTTP/1.1 501 ") && list.contains("UNIMPLEMENTED"), "{list}");
    for running in [stock, parcel, people] {
        stopped_in_order(&running.stop());
    }
}

#[test]
fn a_proto_that_imports_others_is_copied_with_them_and_builds() {
    let folder = empty();
    let write = |name: &str, text: &str| {
        let path = folder.path().join("api").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write(
        "shared/v1/money.proto",
        "syntax = \"proto3\";\npackage shared.v1;\nmessage Money { int64 cents = 1; }\n",
    );
    write(
        "till/v1/till.proto",
        "syntax = \"proto3\";\npackage till.v1;\nimport \"shared/v1/money.proto\";\nimport \"google/protobuf/empty.proto\";\n\
         service Till { rpc Pay(shared.v1.Money) returns (google.protobuf.Empty); rpc Type(google.protobuf.Empty) returns (shared.v1.Money); }\n\
         service TillAudit { rpc Watch(google.protobuf.Empty) returns (stream shared.v1.Money); }\n",
    );
    good(
        folder.path(),
        &["new", "till", "--from", "api/till/v1/till.proto", "--database", "sqlite"],
    );
    let root = folder.path().join("till");
    assert!(text(root.join("proto/shared/v1/money.proto")).contains("message Money"));
    assert!(!root.join("proto/google").exists(), "what is carried is not copied");
    works(&root, "cargo", &["test"]);
    let again = run(&root, &["upgrade", "--dry-run"]);
    assert!(again.code == 0 && again.err.contains("Unchanged"), "{again:?}");
}

//! Documents of services, judged by a validator that was not written here, and held against what the
//! service answers.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bia_codegen::Compiler;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::peer::{printed, program, run};

fn script(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/openapi.py"));
    command
}

/// The documents of all services of these protos, which are below the repository.
fn documents(folder: &Path, protos: &[&str], includes: &[&str]) -> Vec<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let compiler = Compiler::new().files(protos.iter().map(|proto| repository.join(proto)));
    let compiler = includes.iter().fold(compiler, |all, one| all.include(repository.join(one)));
    let files = compiler.generate().unwrap().into_iter();
    let documents = files.filter(|(name, _)| name.ends_with("openapi.json"));
    let written = documents.map(|(name, text)| {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        file
    });
    written.collect()
}

#[tokio::test]
async fn documents_pass_an_independent_validator() {
    let Some(python) = program("documents_pass_an_independent_validator", "py-checks") else {
        return;
    };
    let fixture = "codegen/tests/protos";
    let awkward = ["bare/bare.proto", "odd/type/v1/odd.proto", "order/v1/order.proto"];
    let awkward = awkward.map(|file| format!("{fixture}/{file}"));
    let awkward: Vec<_> = awkward.iter().map(String::as_str).collect();
    let sets: [(&[&str], &[&str]); 4] = [
        (&["examples/proto/user/v1/user.proto", "examples/proto/order/v1/order.proto"], &[]),
        (&["codegen/tests/protos/user/v1/user.proto"], &[]),
        (&["codegen/tests/protos/shop/v1/shop.proto"], &[]),
        (&awkward, &[fixture]),
    ];
    let mut count = 0;
    for (protos, includes) in sets {
        let folder = tempfile::tempdir().unwrap();
        let files = documents(folder.path(), protos, includes);
        let output = run(script(&python).arg("judge").args(&files)).await;
        assert!(output.status.success(), "{protos:?}: {}", printed(&output));
        count += files.len();
    }
    assert!(count > 10, "{count} documents are not all");
}

/// user-service with a database of its own, and where it listens.
async fn user_service(folder: &Path) -> (Child, String) {
    // Beside the tests' own programs, built as they were; the same ones as for all tests that start
    // examples, so that one build serves them all.
    let programs = std::env::current_exe().unwrap();
    let programs = programs.parent().and_then(Path::parent).unwrap();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--package", "user-service", "--package", "order-service"]);
    build.args(["--package", "demo-client"]);
    // What cargo tells this test of itself would have build scripts run again, and all behind them.
    let own = ["CARGO_PKG_", "CARGO_MANIFEST_"];
    for (name, _) in std::env::vars().filter(|(name, _)| own.iter().any(|it| name.starts_with(it)))
    {
        build.env_remove(name);
    }
    if programs.ends_with("release") {
        build.arg("--release");
    }
    let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().await.unwrap();
    assert!(built.success(), "user-service does not build");
    let mut command = Command::new(programs.join("user-service"));
    command.current_dir(folder);
    for setting in [
        "server.address=127.0.0.1:0".to_owned(),
        "admin.address=".to_owned(),
        "telemetry.logs.format=json".to_owned(),
        format!("registry.local.path={}", folder.join("registry").display()),
        format!("data.url=sqlite://{}/users.db?mode=rwc", folder.display()),
        "stop.drain_delay=0s".to_owned(),
    ] {
        command.args(["--set", &setting]);
    }
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut address = None;
    let ready = async {
        let (mut told, mut is_ready) = (Vec::new(), false);
        while let Some(line) = lines.next_line().await.unwrap() {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if line["server"] == "api" && line["address"].is_string() {
                address = line["address"].as_str().map(str::to_owned);
            }
            is_ready |= line["phase"] == "ready";
            if is_ready && address.is_some() {
                return;
            }
            told.push(line);
        }
        panic!("it ended before it was ready: {told:#?}");
    };
    tokio::time::timeout(Duration::from_secs(60), ready).await.expect("ready within 60 s");
    // It goes on telling, and must be heard.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, address.expect("it says where it listens"))
}

#[tokio::test]
async fn the_page_draws_every_operation_and_asks_nobody_else() {
    let test = "the_page_draws_every_operation_and_asks_nobody_else";
    let (Some(python), Some(browser)) = (program(test, "py-checks"), program(test, "chromium"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (_service, address) = user_service(folder.path()).await;
    let url = format!("http://{address}/docs");
    let output = run(script(&python).arg("page").arg(&url)).await;
    assert!(output.status.success(), "{}", printed(&output));
    // Its policy holds here: what it forbids is not drawn.
    let mut browser = Command::new(browser);
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000"]);
    browser.arg(format!("--user-data-dir={}", folder.path().join("browser").display()));
    let output =
        run(browser.args(["--dump-dom", &format!("{url}#operation-UserService_GetUser")])).await;
    let drawn = String::from_utf8_lossy(&output.stdout);
    for operation in [
        "CreateUser",
        "GetUser",
        "ListUsers",
        "UpdateUser",
        "DeleteUser",
        "WatchUsers",
        "ImportUsers",
        "SyncUsers",
    ] {
        let id = format!("id=\"operation-UserService_{operation}\"");
        assert!(drawn.contains(&id), "{operation}: {}", printed(&output));
    }
    // The one that the address names is open, with its answers and a form.
    for part in ["USER_NOT_FOUND", "Try it", "id=\"schema-user.v1.User\""] {
        assert!(drawn.contains(part), "{part}: {drawn}");
    }
}

/// Requests that fit the document and requests that do not, made by a fuzzer: what the service answers
/// is in the document, by status, content type and schema, and nothing is its fault.
#[tokio::test]
async fn whatever_is_asked_of_user_service_the_answer_is_documented() {
    let test = "whatever_is_asked_of_user_service_the_answer_is_documented";
    let (Some(python), Some(fuzzer)) = (program(test, "py-checks"), program(test, "schemathesis"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (_service, address) = user_service(folder.path()).await;
    let url = format!("http://{address}");
    let document = folder.path().join("openapi.json");
    let output =
        run(script(&python).arg("strict").arg(format!("{url}/openapi.json")).arg(&document)).await;
    assert!(output.status.success(), "{}", printed(&output));
    let mut fuzz = Command::new(fuzzer);
    fuzz.current_dir(folder.path()).arg("run").arg(&document);
    fuzz.args(["--url", &url, "--phases", "examples,coverage,fuzzing", "--mode", "all"]);
    fuzz.args(["--max-examples", "60", "--seed", "4", "--request-timeout", "10"]);
    fuzz.args(["--continue-on-failure", "--no-color", "--warnings", "off"]);
    fuzz.args(["--generation-database", "none", "--suppress-health-check", "all"]);
    fuzz.args([
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,\
         response_schema_conformance,response_headers_conformance,allow_header_conformance,\
         unsupported_method",
    ]);
    let run = fuzz.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(Duration::from_secs(240), run);
    let output = output.await.expect("it ends within 4 min").unwrap();
    assert!(output.status.success(), "{}", printed(&output));
}

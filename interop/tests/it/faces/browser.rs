//! Pages in a real browser, with clients that were not written here.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bia::testing::TestApp;
use bia::{App, Config};
use interop::api::files::v1::files;
use interop::files::Shelf;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::peer::{program, run};

/// The page and all that it imports, as one script.
async fn bundled(bundler: &Path) -> Vec<u8> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/faces/pages/page.mjs");
    let mut command = Command::new(bundler);
    command.arg(page).args(["--format=esm", "--log-level=error"]);
    let output = run(&mut command).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A browser that looks at a page until it is dropped.
fn browse(chromium: &Path, folder: &Path, page: &str) -> Child {
    Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--remote-debugging-port=0"])
        .arg(format!("--user-data-dir={}", folder.display()))
        .arg(page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn pages_call_by_grpc_web_by_events_and_by_sockets() {
    let test = "faces::browser::pages_call_by_grpc_web_by_events_and_by_sockets";
    let (Some(chromium), Some(bundler)) = (chromium(test), program(test, "web-bundle")) else {
        return;
    };
    let html = "<!doctype html><title>page</title><script>window.CROSS = true</script>\
                <script type=module src=page.js></script>";
    let (told, mut hear) = mpsc::channel(1);
    let descriptors = files(Shelf::default()).descriptors().unwrap().to_vec();
    let shelf = Shelf {
        pages: vec![
            ("page.html", "text/html", html.into()),
            ("page.js", "text/javascript", bundled(&bundler).await),
            ("descriptors", "application/octet-stream", descriptors),
        ],
        told: Some(told),
    };
    let config = Config::<()>::for_test("server: {cors: {origins: [\"*\"]}}").unwrap();
    let app = App::new("pages", "0.0.0", &config).unwrap().serve(files(shelf));
    let app = TestApp::spawn(app).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let page = format!("http://127.0.0.1:{}/v1/files/page.html", app.address().unwrap().port());
    let browser = browse(&chromium, folder.path(), &page);
    let told = tokio::time::timeout(Duration::from_secs(120), hear.recv()).await;
    let told: Value = serde_json::from_slice(&told.expect("the page is done").unwrap()).unwrap();
    drop(browser);

    let info = "google.rpc.ErrorInfo";
    let called = json!({
        "status": "0", "unary": "hi page", "stream": [1, 2, 3], "before": [1, 2],
        "middle": {"code": 10, "message": "not this one", "details": [info]},
        "error": {"code": 5, "message": "no such file", "details": [info]},
        "late": 4,
    });
    for way in ["binary", "json", "elsewhere"] {
        assert_eq!(told[way], called, "{way}: {told:#}");
    }
    for way in ["text", "bytes"] {
        let counted = json!({"numbers": [1, 2, 3], "code": 10, "message": "not this one"});
        assert_eq!(told[way], counted, "{way}");
    }
    // It lost the stream after two, and went on behind them.
    let events = json!({
        "numbers": [1, 2, 3, 4], "ids": ["1", "2", "3", "4"], "opened": 2, "error": "LOST",
    });
    assert_eq!(told["events"], events);
    let reply = |text: &str| json!({"room": "7", "text": text, "who": "page"}).to_string();
    assert_eq!(told["socket"]["code"], 1000, "{told:#}");
    assert_eq!(heard(&told["socket"]), [reply("ONE"), reply("TWO")]);
    assert_eq!(told["refused"]["code"], 1011);
    let last = heard(&told["refused"]).pop().unwrap();
    let error: Value = serde_json::from_str(last.strip_prefix("\u{1e}error:").unwrap()).unwrap();
    assert_eq!((&error["reason"], &error["metadata"]), (&json!("STAY"), &json!({"room": "7"})));
}

/// What came by a socket, objects with their keys in order.
fn heard(told: &Value) -> Vec<String> {
    let texts = told["heard"].as_array().unwrap().iter().filter_map(Value::as_str);
    texts
        .map(|text| match serde_json::from_str::<Value>(text) {
            Ok(value) => value.to_string(),
            Err(_) => text.to_owned(),
        })
        .collect()
}

/// The browser, as the system has it.
fn chromium(test: &str) -> Option<std::path::PathBuf> {
    let of_system = Path::new("/usr/bin/chromium");
    if of_system.exists() { Some(of_system.to_owned()) } else { program(test, "chromium") }
}

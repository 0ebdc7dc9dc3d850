//! The examples as `bia run` runs them: they find each other, and stop in order.
#![expect(clippy::expect_used, reason = "helpers of a test")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use super::fake::Run;

/// One HTTP request, and what was answered.
fn http(address: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer
}

/// The address of a line `             api    http://127.0.0.1:8000  grpc, http`.
fn address(line: &str) -> String {
    let (_, rest) = line.split_once("http://").expect("an address");
    rest.split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn the_examples_find_each_other_and_stop_in_order() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let registry = tempfile::tempdir().expect("a folder");
    let path = format!("registry.local.path={}", registry.path().join("bia").display());
    let mut run = Run::start(
        &repository.join("examples"),
        &["user-service", "order-service", "--free-ports", "--no-watch", "--", "--set", &path],
    );
    let mut addresses = std::collections::BTreeMap::new();
    for _ in 0..2 {
        let line = run.until_err(|line| line.trim_start().starts_with("Running "));
        let (_, rest) = line.split_once("Running ").expect("it says so");
        let name = rest.split(',').next().unwrap_or_default().to_owned();
        let api = address(&run.until_err(|line| line.trim_start().starts_with("api ")));
        let admin = address(&run.until_err(|line| line.trim_start().starts_with("admin ")));
        assert!(http(&admin, "GET", "/readyz", "").starts_with("HTTP/1.1 200"), "{name}");
        addresses.insert(name, api);
    }
    let email = format!("ada-{}@example.com", std::process::id());
    let user = format!(r#"{{"name": "Ada", "email": "{email}", "age": 36}}"#);
    let made = http(&addresses["user-service"], "POST", "/v1/users", &user);
    assert!(made.starts_with("HTTP/1.1 200"), "{made}");
    let (_, rest) = made.split_once(r#""id":""#).expect("it has an id");
    let id = rest.split('"').next().unwrap_or_default();
    let order = |user: &str| {
        let items = r#"[{"sku": "tea", "quantity": 2, "unitPrice": 250}]"#;
        let order = format!(r#"{{"userId": "{user}", "items": {items}}}"#);
        http(&addresses["order-service"], "POST", "/v1/orders", &order)
    };
    let ordered = order(id);
    assert!(ordered.starts_with("HTTP/1.1 200"), "{ordered}");
    assert!(order("nobody").contains("USER_NOT_FOUND"));
    let deleted = http(&addresses["user-service"], "DELETE", &format!("/v1/users/{id}"), "");
    assert!(deleted.starts_with("HTTP/1.1 200"), "{deleted}");
    let (out, err) = run.interrupt(0);
    for name in ["user-service", "order-service"] {
        let stopped = format!("Stopped {name} in order");
        assert!(err.iter().any(|line| line.trim() == stopped), "{err:#?}");
        let label = format!("{name:<13} | ");
        assert!(
            out.iter().any(|line| line.starts_with(&label) && line.contains("INFO  listening"))
        );
    }
}

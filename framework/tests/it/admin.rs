//! The port for operators, over real sockets.

mod calls;
mod config;
#[cfg(feature = "profiling")]
mod profile;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bia::backend::memory::Memory;
use bia::client::{NodePhase, NodeState};
use bia::testing::TestApp;
use bia::{App, Body, Config, Error};
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn app(yaml: &str) -> App {
    let config = Config::<()>::for_test(yaml).unwrap();
    App::new("svc", "1.2.3", &config).unwrap()
}

/// Sends one request; the body must be JSON, or nothing.
async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
) -> (u16, http::HeaderMap, Value) {
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut request = http::Request::builder().method(method).uri(path).header("host", "localhost");
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    let response =
        sender.send_request(request.body(Empty::<bytes::Bytes>::new()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    drop(sender);
    connection.await.unwrap().unwrap();
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    (head.status.as_u16(), head.headers, body)
}

async fn get(address: SocketAddr, path: &str) -> (u16, Value) {
    let (status, headers, body) = send(address, "GET", path, None).await;
    assert_eq!(headers["content-type"], "application/json", "{path}");
    (status, body)
}

/// Waits until a channel has a node that takes calls.
pub(crate) async fn until_it_has_a_node(channel: &bia::Channel) {
    let is_ready = |node: &NodeState| node.phase == NodePhase::Ready;
    while !channel.state().nodes.iter().any(is_ready) {
        // sleeps: a channel does not tell when what it sees changes.
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn ready_is_what_serves_and_passes_every_check() {
    let works = Arc::new(AtomicBool::new(true));
    let app = app("");
    let database = Arc::clone(&works);
    app.check("database", move || {
        let works = database.load(Ordering::Relaxed);
        async move { works.then_some(()).ok_or_else(|| Error::unavailable("DOWN", "no database")) }
    })
    .check("disk", || async { Ok(()) });
    let health = app.health().clone();
    let app = TestApp::spawn(app).await.unwrap();
    let admin = app.admin_address().unwrap();

    let (status, body) = get(admin, "/readyz").await;
    assert_eq!((status, &body["status"]), (200, &json!("ready")));
    assert_eq!(get(admin, "/livez").await, (200, json!({"status": "alive"})));

    works.store(false, Ordering::Relaxed);
    for path in ["/readyz", "/healthz"] {
        let (status, body) = get(admin, path).await;
        assert_eq!(
            (status, &body["status"], &body["serving"]),
            (503, &json!("not ready"), &json!(true))
        );
        let checks = body["checks"].as_array().unwrap();
        assert_eq!(checks.len(), 2);
        assert_eq!(
            (&checks[0]["name"], &checks[0]["status"]),
            (&json!("database"), &json!("failed"))
        );
        assert_eq!(checks[0]["error"], "503 DOWN: no database");
        assert!(checks[0]["took_ms"].is_number());
        assert_eq!((&checks[1]["name"], &checks[1]["error"]), (&json!("disk"), &Value::Null));
    }
    assert_eq!(get(admin, "/livez").await.0, 200, "alive, so it must not be killed");

    works.store(true, Ordering::Relaxed);
    assert_eq!(get(admin, "/readyz").await.0, 200);
    health.set_ready(false);
    assert_eq!(get(admin, "/readyz").await.0, 503);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_check_that_hangs_fails_within_its_time() {
    let app = app("admin: {check_timeout: 20ms}");
    app.check("slow", std::future::pending::<bia::Result<()>>);
    let app = TestApp::spawn(app).await.unwrap();
    let (status, body) = get(app.admin_address().unwrap(), "/readyz").await;
    assert_eq!(status, 503);
    assert_eq!(body["checks"][0]["error"], "504 CHECK_SLOW: the check did not end within 20ms");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn not_ready_is_told_from_the_moment_the_stop_begins() {
    let (told, mut tell) = tokio::sync::mpsc::channel(1);
    let (go_on, waits) = tokio::sync::oneshot::channel::<()>();
    let app = app("").before_stop("wait", std::time::Duration::from_secs(5), move || async move {
        told.send(()).await.unwrap();
        waits.await
    });
    let mut app = TestApp::spawn(app).await.unwrap();
    let admin = app.admin_address().unwrap();
    app.begin_stop();
    tell.recv().await.unwrap();
    let (status, body) = get(admin, "/readyz").await;
    assert_eq!((status, &body["serving"]), (503, &json!(false)));
    go_on.send(()).unwrap();
    app.ended().await.unwrap();
}

#[tokio::test]
async fn the_pages_are_there_until_the_last_call_has_ended() {
    let (go_on, waits) = tokio::sync::oneshot::channel::<()>();
    let (told, mut tell) = tokio::sync::mpsc::channel(1);
    let slow = Slow(Some(Box::pin(async move {
        told.send(()).await.unwrap();
        waits.await.unwrap();
    })));
    let mut app = TestApp::spawn(app("").server(slow)).await.unwrap();
    let admin = app.admin_address().unwrap();
    app.begin_stop();
    tell.recv().await.unwrap();
    assert_eq!(get(admin, "/livez").await.0, 200);
    assert_eq!(get(admin, "/readyz").await.0, 503);
    go_on.send(()).unwrap();
    app.ended().await.unwrap();
    assert!(TcpStream::connect(admin).await.is_err());
}

/// A server that has something to finish when it is told to stop.
struct Slow(Option<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>>);

impl bia::Server for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn bind(&mut self) -> BoxFuture<'_, bia::Result<Vec<bia::registry::Endpoint>>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn serve(mut self: Box<Self>, stop: bia::Stop) -> BoxFuture<'static, bia::Result<()>> {
        Box::pin(async move {
            stop.begun().await;
            self.0.take().unwrap().await;
            Ok(())
        })
    }
}

#[tokio::test]
async fn what_is_registered_is_shown() {
    let memory = Memory::new();
    let app =
        app("app: {id: i-1}").registrar(memory.clone()).discovery(memory).serve(service("a.A"));
    let to_others = app.channel("others").unwrap();
    let app = TestApp::spawn(app).await.unwrap();
    let admin = app.admin_address().unwrap();
    let (status, body) = get(admin, "/registry").await;
    assert_eq!((status, &body["registry"]), (200, &json!("memory of this process")));
    let announced = &body["announced"];
    assert_eq!(announced["instance"]["id"], "i-1");
    let port = app.address().unwrap().port();
    assert_eq!(
        announced["instance"]["endpoints"],
        json!([format!("grpc://127.0.0.1:{port}"), format!("http://127.0.0.1:{port}")])
    );
    assert_eq!((&announced["lease"]["held"], &announced["failures"]), (&json!(true), &json!(0)));
    let channel = &body["channels"][0];
    assert_eq!(channel["target"], to_others.target());
    assert_eq!(channel["registry"]["source"], "memory of this process");
    assert_eq!(channel["nodes"], json!([]));
    assert_eq!(get(admin, "/healthz").await.1["services"], json!({"a.A": true}));
    app.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_is_a_404_as_json_and_head_has_no_body() {
    let app = TestApp::spawn(app("")).await.unwrap();
    let admin = app.admin_address().unwrap();
    let (status, index) = get(admin, "/").await;
    assert_eq!(status, 200);
    let listed: Vec<_> = index["pages"].as_object().unwrap().keys().map(String::as_str).collect();
    let (status, body) = get(admin, "/nope").await;
    assert_eq!(status, 404);
    let message = body["message"].as_str().unwrap();
    let paths: Vec<_> = message.split("there are ").nth(1).unwrap().split(", ").collect();
    assert!(listed.len() == paths.len() && listed.iter().all(|path| paths.contains(path)));
    assert_eq!(
        body,
        json!({
            "code": 404,
            "reason": "PATH_UNKNOWN",
            "message": format!("there is nothing at /nope: there are {}", paths.join(", ")),
            "metadata": {},
        })
    );
    let (status, headers, body) = send(admin, "HEAD", "/readyz", None).await;
    assert_eq!((status, body), (200, Value::Null));
    assert!(headers["content-length"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    let (status, headers, _) = send(admin, "POST", "/readyz", None).await;
    assert_eq!((status, headers["allow"].to_str().unwrap()), (405, "GET, HEAD"));
    app.stop().await.unwrap();
}

#[tokio::test]
async fn more_than_health_is_told_to_loopback_only_or_to_who_shows_the_token() {
    // Whatever address this machine has beside loopback: who connects to it comes from it.
    let own = if_addrs::get_if_addrs().unwrap().into_iter().map(|it| it.ip());
    let own = own.filter(|ip| !ip.is_loopback()).find(IpAddr::is_ipv4);
    let all = "admin: {address: '0.0.0.0:0'}";
    if let Some(own) = own {
        let app = TestApp::spawn(app(all)).await.unwrap();
        let mut admin = app.admin_address().unwrap();
        assert_eq!(get(admin, "/registry").await.0, 200);
        admin.set_ip(own);
        assert_eq!(get(admin, "/readyz").await.0, 200);
        let (status, body) = get(admin, "/registry").await;
        assert_eq!((status, &body["reason"]), (403, &json!("LOOPBACK_ONLY")));
        app.stop().await.unwrap();
    }
    let app = TestApp::spawn(app("admin: {token: t0k3n}")).await.unwrap();
    let admin = app.admin_address().unwrap();
    let table = [
        (None, 401),
        (Some("Bearer t0k3"), 401),
        (Some("Bearer t0k3nn"), 401),
        (Some("t0k3n"), 401),
        (Some("Bearer t0k3n"), 200),
    ];
    for (token, expected) in table {
        let (status, headers, _) = send(admin, "GET", "/registry", token).await;
        assert_eq!(status, expected, "{token:?}");
        assert_eq!(headers.contains_key("www-authenticate"), expected == 401);
    }
    assert_eq!(get(admin, "/readyz").await.0, 200, "health needs no token");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_page_in_a_browser_gets_nothing_out_of_the_service_on_the_same_machine() {
    let app = TestApp::spawn(app("")).await.unwrap();
    let admin = app.admin_address().unwrap();
    let port = admin.port();
    let table = [
        ("host", format!("localhost:{port}"), 200),
        // A name of theirs that now resolves to 127.0.0.1.
        ("host", format!("rebound.example:{port}"), 403),
        ("origin", "https://evil.example".to_owned(), 403),
        ("sec-fetch-site", "cross-site".to_owned(), 403),
        ("x-forwarded-for", "203.0.113.7".to_owned(), 403),
    ];
    for (name, value, expected) in table {
        for path in ["/registry", "/debug/pprof/"] {
            let (status, _) = with_header(admin, path, name, &value).await;
            assert_eq!(status, expected, "{path} {name}: {value}");
        }
        assert_eq!(with_header(admin, "/livez", name, &value).await.0, 200, "{name}: {value}");
    }
    app.stop().await.unwrap();
}

/// The status and the body of a GET by hand, with one header that the browser of a stranger would send.
async fn with_header(address: SocketAddr, path: &str, name: &str, value: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\n{name}: {value}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test]
async fn who_asks_for_nothing_more_makes_room_for_others() {
    let app = TestApp::spawn(app("")).await.unwrap();
    let admin = app.admin_address().unwrap();
    // As many as there may be: some have asked for something, some never do.
    let mut idle = Vec::new();
    for number in 0..64 {
        let mut socket = TcpStream::connect(admin).await.unwrap();
        if number % 2 == 0 {
            socket.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        }
        idle.push(socket);
    }
    // One more is turned away at once, and is not kept waiting.
    let mut more = TcpStream::connect(admin).await.unwrap();
    let mut nothing = Vec::new();
    let turned_away = more.read_to_end(&mut nothing);
    let turned_away = tokio::time::timeout(std::time::Duration::from_secs(4), turned_away).await;
    assert!(turned_away.is_ok());
    for socket in &mut idle {
        let mut answer = Vec::new();
        let ended = socket.read_to_end(&mut answer);
        tokio::time::timeout(std::time::Duration::from_secs(20), ended).await.unwrap().ok();
    }
    assert_eq!(get(admin, "/livez").await.0, 200);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn every_page_is_in_the_reference() {
    let file =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reference/admin.md");
    let reference = std::fs::read_to_string(file).unwrap();
    let app = TestApp::spawn(app("")).await.unwrap();
    let (_, index) = get(app.admin_address().unwrap(), "/").await;
    for path in index["pages"].as_object().unwrap().keys() {
        let told = reference
            .lines()
            .any(|line| line.starts_with('|') && line.contains(&format!("`{path}`")));
        assert!(told, "{path}");
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn an_admin_port_that_is_taken_is_named_with_the_setting() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let exit = TestApp::spawn(app(&format!("admin: {{address: '{address}'}}"))).await.unwrap_err();
    let told = format!("{exit:?}");
    assert!(
        told.starts_with(&format!(
            "cannot listen on {address} for the admin pages: set admin.address"
        )),
        "{told}"
    );
    assert!(told.contains("\n  caused by: Address already in use"), "{told}");
}

#[tokio::test]
async fn the_port_for_calls_that_is_taken_is_named_with_the_setting() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let app = app(&format!("server: {{address: '{address}'}}")).serve(service("a.A"));
    let told = format!("{:?}", TestApp::spawn(app).await.unwrap_err());
    assert!(told.contains(&address.to_string()) && told.contains("server.address"), "{told}");
}

fn service(name: &str) -> bia::Service {
    let nothing = |_| std::future::ready(Ok(http::Response::new(Body::empty())));
    bia::Service::foreign(name, tower::service_fn(nothing))
}

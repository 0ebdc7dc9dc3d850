//! What is on its way now, and what is measured of it.

use std::time::Duration;

use bia::__codegen::{Facts, Handler, Reply, ServerCall};
use bia::{Kind, Operation, Service};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use super::*;

static STUCK: Operation = Operation::new("/t.Hold/Stuck", Kind::Unary);
static FACTS: Facts = Facts::new("t.Hold", &[&STUCK], &[]);

/// Never answers, and tells that it was asked.
struct Stuck(Arc<Semaphore>);

impl Handler for Stuck {
    fn call(&self, _: usize, call: ServerCall) -> Reply {
        let entered = Arc::clone(&self.0);
        call.unary(|_, _: String| async move {
            entered.add_permits(1);
            std::future::pending::<bia::Result<String>>().await
        })
    }
}

#[tokio::test]
async fn a_call_that_hangs_is_seen_with_its_deadline_and_who_made_it() {
    let (memory, entered) = (Memory::new(), Arc::new(Semaphore::new(0)));
    let app = app("{client: {timeout: 1h}, server: {timeout: 1h}}")
        .registrar(memory.clone())
        .discovery(memory)
        .serve(Service::new(&FACTS, Stuck(Arc::clone(&entered))));
    let to_itself = app.channel("svc").unwrap();
    let app = TestApp::spawn(app).await.unwrap();
    let admin = app.admin_address().unwrap();
    let mine = "/debug/calls?operation=t.Hold%2F";
    assert_eq!(get(admin, mine).await.1["oldest"], json!([]));

    until_it_has_a_node(&to_itself).await;
    let call = to_itself.unary::<_, String>(&STUCK, "x".to_owned());
    let call = tokio::spawn(call.timeout(Duration::from_secs(600)));
    timeout(Duration::from_secs(20), entered.acquire()).await.unwrap().unwrap().forget();

    let (status, body) = get(admin, mine).await;
    assert_eq!(status, 200);
    // Made before it was served.
    let [made, served] = body["oldest"].as_array().unwrap().as_slice() else { panic!("{body}") };
    assert_eq!((&made["side"], &made["target"]), (&json!("client"), &json!("svc")));
    assert_eq!((&served["side"], &served["face"]), (&json!("server"), &json!("grpc")));
    assert!(served["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{served}");
    assert!(!served["request_id"].as_str().unwrap().is_empty(), "{served}");
    for call in [made, served] {
        assert_eq!((&call["operation"], &call["kind"]), (&json!("/t.Hold/Stuck"), &json!("unary")));
        let left = call["deadline_left_seconds"].as_f64().unwrap();
        let since = call["since_seconds"].as_f64().unwrap();
        assert!((590.0..=600.0).contains(&left) && (0.0..10.0).contains(&since), "{call}");
    }
    let metrics = text(admin, "/metrics", "").await;
    let in_flight =
        "rpc_server_active_requests{rpc_system_name=\"grpc\",rpc_method=\"t.Hold/Stuck\"} 1\n";
    assert!(metrics.contains(in_flight), "{metrics}");

    let (_, all) = get(admin, "/debug/calls").await;
    let total = all["oldest"].as_array().unwrap().len();
    assert!(total >= 2 && all["in_flight"] == total, "{all}");

    call.abort();
    let deadline = Instant::now() + Duration::from_secs(20);
    while get(admin, mine).await.1["oldest"] != json!([]) {
        assert!(Instant::now() < deadline, "a call that was given up stays");
        // sleeps: a server tells nobody when it has noticed that its caller left.
        sleep(Duration::from_millis(5)).await;
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn metrics_come_in_the_format_that_is_asked_for() {
    let app = TestApp::spawn(app("admin: {token: t0k3n}")).await.unwrap();
    let admin = app.admin_address().unwrap();
    let plain = text(admin, "/metrics", "").await;
    assert!(plain.contains("content-type: text/plain; version=0.0.4"), "{plain}");
    let target = plain.lines().find(|line| line.starts_with("target_info{")).unwrap();
    assert!(target.contains("service_name=\"svc\""), "{plain}");
    let open =
        "accept: application/openmetrics-text;version=1.0.0;q=0.5\r\naccept: text/plain;q=0.1\r\n";
    let open = text(admin, "/metrics", open).await;
    assert!(open.contains("content-type: application/openmetrics-text; version=1.0.0"), "{open}");
    assert!(open.ends_with("# EOF\n"), "{open}");
    app.stop().await.unwrap();
}

/// A whole answer, head and body, to a GET with these headers.
async fn text(admin: SocketAddr, path: &str, headers: &str) -> String {
    let mut socket = TcpStream::connect(admin).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    answer
}

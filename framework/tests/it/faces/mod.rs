//! One pipeline: whatever face a call comes by, what is done with it and told of it is the same.
//!
//! A service runs as a process of its own, is called by raw requests of each face, and looked at from
//! outside: what it answers, what it logs, what a collector gets, what its page of metrics says.

mod socket;
mod ways;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use serde_json::Value;
use tempfile::TempDir;

use crate::otlp::{Collector, attributes};
use crate::process::{Running, command, folder};

use ways::{Asked, Told, WAYS, Way};

/// The service, and who looks at it.
struct Watched {
    service: Running,
    api: SocketAddr,
    admin: SocketAddr,
    collector: Collector,
    _folder: TempDir,
}

impl Watched {
    async fn start(settings: &[&str]) -> Self {
        let folder = folder();
        let collector = Collector::start().await;
        let endpoint = format!("telemetry.otlp.endpoint={}", collector.endpoint());
        let mut arguments = vec!["--set", &endpoint, "--set", "telemetry.otlp.delay=10ms"];
        for setting in settings {
            arguments.extend(["--set", setting]);
        }
        let mut service = Running::start(&mut command(&folder, &arguments));
        let (api, admin) = service.addresses().await;
        let (api, admin) = (api.parse().unwrap(), admin.parse().unwrap());
        Self { service, api, admin, collector, _folder: folder }
    }

    /// The line that the log has of a call.
    async fn line(&mut self, trace: &str) -> Value {
        let is = |line: &Value| line["target"] == "bia::access" && line["trace_id"] == trace;
        self.service.line(is).await
    }

    /// The span that the collector has of a call.
    async fn span(&self, trace: &str) -> Span {
        let of = |span: &Span| hex(&span.trace_id) == trace && span.kind() == SpanKind::Server;
        let has = |requests: &[crate::otlp::Received]| crate::otlp::spans(requests).iter().any(of);
        let requests = self.collector.until(has).await;
        crate::otlp::spans(&requests).into_iter().find(of).unwrap()
    }

    /// How many calls the metrics have, by their method, their code and their reason.
    async fn counted(&self) -> BTreeMap<[String; 3], u64> {
        let page = ways::get(self.admin, "/metrics").await;
        let mut counts = BTreeMap::new();
        for line in page.lines() {
            let Some(series) = line.strip_prefix("rpc_server_call_duration_seconds_count{") else {
                continue;
            };
            let (labels, count) = series.split_once("} ").unwrap();
            let label = |name: &str| {
                let (_, after) = labels.split_once(&format!("{name}=\""))?;
                Some(after.split_once('"')?.0.to_owned())
            };
            let method = label("rpc_method").unwrap();
            if method.starts_with("test.Faces/") {
                let code = label("rpc_response_status_code").unwrap();
                let reason = label("error_type").unwrap_or_default();
                counts.insert([method, code, reason], count.trim().parse().unwrap());
            }
        }
        counts
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a call must come to, on every face.
struct Case {
    what: &'static str,
    asked: Asked,
    /// Of HTTP and of gRPC.
    code: (u16, &'static str),
    reason: &'static str,
    level: &'static str,
}

/// What is asked of each face.
fn cases() -> [Case; 5] {
    let asked = |text: &str| Asked { text: text.to_owned(), ..Asked::default() };
    let soon = Asked { timeout: Some("30m"), ..asked("wait") };
    let tenant = Asked { headers: vec![("x-md-global-tenant", "a".to_owned())], ..asked("tenant") };
    let case = |what, asked, code, reason, level| Case { what, asked, code, reason, level };
    [
        case("an answer", asked("hello"), (200, "OK"), "", "info"),
        case("metadata", tenant, (200, "OK"), "", "info"),
        case("an error", asked("fail"), (404, "NOT_FOUND"), "NOT_THERE", "info"),
        case("a panic", asked("break"), (500, "INTERNAL"), "UNKNOWN", "error"),
        case("a deadline", soon, (504, "DEADLINE_EXCEEDED"), "DEADLINE_EXCEEDED", "info"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_the_same_call_on_every_face() {
    let mut watched = Watched::start(&[]).await;
    let mut expected = BTreeMap::<_, u64>::new();
    for (place, case) in cases().iter().enumerate() {
        for (of, way) in WAYS.iter().enumerate() {
            let what = format!("{} by {}", case.what, way.name());
            let trace = format!("{:016x}{:016x}", place + 1, of + 1);
            let mut asked = case.asked.clone();
            asked.headers.push(("traceparent", format!("00-{trace}-00000000000000ab-01")));
            let told = way.ask(watched.api, &asked).await;
            answered(&what, *way, case, &told);

            let line = watched.line(&trace).await;
            let is = |key: &str, value: Value| assert_eq!(line[key], value, "{what}: {line}");
            is("operation", format!("/{}", way.method()).into());
            is("face", way.face().into());
            is("code", case.code.0.into());
            is("status", case.code.1.into());
            is("level", case.level.into());
            is("request_id", trace.as_str().into());
            match told.headers.get("x-request-id") {
                Some(id) => assert_eq!(id.to_str().unwrap(), trace, "{what}"),
                // The head of a socket has gone before anything is answered.
                None => assert!(case.code.0 != 200 || *way == Way::Socket, "{what}: {told:?}"),
            }
            match case.reason {
                "" => assert!(line.get("reason").is_none(), "{what}: {line}"),
                reason => is("reason", reason.into()),
            }
            assert!(line["took_ms"].as_f64().unwrap() >= 0.0, "{what}");
            let left = line["deadline_left_ms"].as_f64();
            match (case.asked.timeout, way.is_stream()) {
                (Some(_), _) => assert!(left.unwrap() <= 30.0, "{what}: {line}"),
                (None, false) => assert!(left.unwrap() <= 30_000.0, "{what}: {line}"),
                // It may last, unless its caller says how long.
                (None, true) => assert_eq!(left, None, "{what}: {line}"),
            }

            let span = watched.span(&trace).await;
            assert_eq!(span.name, way.method(), "{what}");
            assert_eq!(hex(&span.parent_span_id), "00000000000000ab", "{what}");
            assert_eq!(hex(&span.span_id), line["span_id"].as_str().unwrap(), "{what}");
            let told = attributes(&span.attributes);
            assert_eq!(told["rpc.response.status_code"], case.code.1, "{what}");
            assert_eq!(told.get("error.type").map_or("", String::as_str), case.reason, "{what}");
            let key = [way.method(), case.code.1, case.reason].map(str::to_owned);
            *expected.entry(key).or_default() += 1;
        }
    }
    assert_eq!(watched.counted().await, expected);
}

/// What the caller is told.
fn answered(what: &str, way: Way, case: &Case, told: &Told) {
    assert_eq!(told.code, case.code.0, "{what}: {told:?}");
    assert_eq!(told.reason, case.reason, "{what}: {told:?}");
    assert_eq!(told.status, way.status_of(case.code.0), "{what}: {told:?}");
    match case.asked.text.as_str() {
        "hello" => assert_eq!(told.text, "hello", "{what}"),
        "tenant" => assert_eq!(told.text, "a", "{what}"),
        "fail" => {
            assert_eq!(told.message, "there is no such thing", "{what}");
            assert_eq!(told.metadata, [("what".to_owned(), "thing".to_owned())].into(), "{what}");
            assert_eq!(told.violations, ["value: is unknown"], "{what}");
        }
        "break" => assert_eq!(told.message, "unknown request error", "{what}"),
        _ => assert_eq!(told.text, "", "{what}"),
    }
    if case.code.0 == 200 && way != Way::Socket {
        assert_eq!(told.headers["x-layer"], "was here", "{what}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused_in_the_words_of_each_face() {
    let watched = Watched::start(&["server.headers.max_size=2000"]).await;
    for way in WAYS {
        let headers = vec![("x-long", "y".repeat(3000))];
        let asked = Asked { text: "hello".to_owned(), headers, ..Asked::default() };
        let told = way.ask(watched.api, &asked).await;
        assert_eq!(told.code, 431, "{}: {told:?}", way.name());
        assert_eq!(told.reason, "HEADERS_TOO_LARGE", "{}: {told:?}", way.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_refused_in_the_words_of_each_face() {
    let watched = Watched::start(&["server.max_message_size=1000"]).await;
    for way in WAYS {
        let asked = Asked { text: "x".repeat(2000), ..Asked::default() };
        let told = way.ask(watched.api, &asked).await;
        let expected = match way {
            Way::Grpc | Way::GrpcJson | Way::GrpcWeb | Way::Socket => (429, "MESSAGE_TOO_LARGE"),
            // The code that HTTP has for it.
            Way::Post | Way::Rule | Way::Events => (413, "BODY_TOO_LARGE"),
        };
        assert_eq!((told.code, told.reason.as_str()), expected, "{}: {told:?}", way.name());
    }
}

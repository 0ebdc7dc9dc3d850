//! Traces as a collector sees them: who caused whom, and that nothing is missing.

use std::collections::BTreeMap;
use std::time::Duration;

use bia::__codegen::{Facts, Handler, Reply, ServerCall};
use bia::backend::memory::Memory;
use bia::testing::TestApp;
use bia::{
    App, Channel, Code, Config, Context, Error, Kind, Operation, Result, Service, Streaming,
};
use futures_util::stream;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use tokio::time::Instant;
use tower::ServiceBuilder;
use tracing::Instrument as _;

use crate::otlp::{Answer, Collector, attributes};

static CREATE: Operation = Operation::new("/order.v1.OrderService/CreateOrder", Kind::Unary);
static FIND: Operation = Operation::new("/user.v1.UserService/GetUser", Kind::Unary);
static WATCH: Operation = Operation::new("/user.v1.UserService/WatchUsers", Kind::ServerStream);
static ORDERS: Facts = Facts::new("order.v1.OrderService", &[&CREATE], &[]);
static USERS: Facts = Facts::new("user.v1.UserService", &[&FIND, &WATCH], &[]);

/// Asks users first, inside a span of its own.
struct Orders(Channel);

impl Handler for Orders {
    fn call(&self, _: usize, call: ServerCall) -> Reply {
        let users = self.0.clone();
        call.unary(move |_: Context, id: String| async move {
            let check = async move { users.unary::<_, String>(&FIND, id).await };
            check.instrument(tracing::info_span!("check user")).await
        })
    }
}

/// Finds everybody but nobody.
struct Users;

impl Handler for Users {
    fn call(&self, method: usize, call: ServerCall) -> Reply {
        match method {
            0 => call.unary(|_: Context, id: String| async move {
                let query = tracing::info_span!("SELECT", otel.kind = "client");
                let rows = async move {
                    match id.as_str() {
                        "nobody" => {
                            Err(Error::not_found("USER_NOT_FOUND", "there is no such user"))
                        }
                        "broken" => Err(Error::internal("DATABASE", "cannot read")),
                        _ => Ok(id),
                    }
                };
                rows.instrument(query).await
            }),
            _ => call.server_stream(|_: Context, to: u32, out| async move {
                out.send_all(stream::iter((1..=to).map(Ok))).await
            }),
        }
    }
}

/// Spans go out when the app stops, not before.
fn app(name: &str, endpoint: &str, yaml: &str) -> App {
    let yaml = format!(
        "telemetry: {{otlp: {{endpoint: '{endpoint}', delay: 1h}}, logs: {{filter: warn}}}}\n{yaml}"
    );
    App::new(name, "1.0.0", &Config::<()>::for_test(&yaml).unwrap()).unwrap()
}

fn by_name(spans: &[Span]) -> BTreeMap<(String, SpanKind), &Span> {
    spans.iter().map(|span| ((span.name.clone(), span.kind()), span)).collect()
}

const GET: &str = "user.v1.UserService/GetUser";
const ORDER: &str = "order.v1.OrderService/CreateOrder";

#[tokio::test]
async fn one_trace_goes_from_the_caller_through_every_service_to_what_these_do() {
    let collector = Collector::start().await;
    let endpoint = collector.endpoint();
    let registry = Memory::new();
    // The first one's way to the collector is that of the spans of `tracing`, which a process has once.
    let users = app("user-service", &endpoint, "").registrar(registry.clone());
    let users = TestApp::spawn(users.serve(Service::new(&USERS, Users))).await.unwrap();
    let orders = app("order-service", &endpoint, "");
    let orders = orders.registrar(registry.clone()).discovery(registry.clone());
    let to_users = orders.channel("user-service").unwrap();
    let orders =
        TestApp::spawn(orders.serve(Service::new(&ORDERS, Orders(to_users)))).await.unwrap();
    let caller = app("caller", &endpoint, "").discovery(registry);
    let channel = caller.channel("order-service").unwrap();
    let found: String = channel.unary(&CREATE, "ada".to_owned()).await.unwrap();
    assert_eq!(found, "ada");
    caller.flush(Duration::from_secs(10)).await;
    orders.stop().await.unwrap();
    users.stop().await.unwrap();

    // Nobody waits here: what a stop sends has arrived when it is over.
    let spans = collector.spans();
    let span = by_name(&spans);
    let of = |name: &str, kind| span[&(name.to_owned(), kind)];
    let chain = [
        of(ORDER, SpanKind::Client),
        of(ORDER, SpanKind::Server),
        of("check user", SpanKind::Internal),
        of(GET, SpanKind::Client),
        of(GET, SpanKind::Server),
        of("SELECT", SpanKind::Client),
    ];
    assert!(chain[0].parent_span_id.is_empty());
    for pair in chain.windows(2) {
        assert_eq!(
            pair[1].parent_span_id, pair[0].span_id,
            "{} below {}",
            pair[1].name, pair[0].name
        );
        assert_eq!(pair[1].trace_id, pair[0].trace_id);
        assert!(pair[0].start_time_unix_nano <= pair[1].start_time_unix_nano + 1_000_000);
    }
    let served = attributes(&of(GET, SpanKind::Server).attributes);
    assert_eq!(served["peer.service"], "order-service");
    assert_eq!(served["request.id"].len(), 32);
}

#[tokio::test]
async fn what_is_traced_of_errors_is_their_reason_and_callers_faults_are_theirs() {
    let collector = Collector::start().await;
    let yaml = format!(
        "telemetry: {{otlp: {{endpoint: '{}', delay: 1h}}, traces: {{ratio: 0}}}}",
        collector.endpoint()
    );
    let app = App::new("user-service", "1.0.0", &Config::<()>::for_test(&yaml).unwrap()).unwrap();
    let users = TestApp::spawn(app.serve(Service::new(&USERS, Users))).await.unwrap();
    let channel = users.channel().unwrap();
    for id in ["ada", "nobody", "broken"] {
        drop(channel.unary::<_, String>(&FIND, id.to_owned()).await);
    }
    users.stop().await.unwrap();
    // Only the fault of the service is kept of what is not sampled.
    let [span] = collector.spans().try_into().unwrap();
    assert_eq!(attributes(&span.attributes)["error.type"], "DATABASE");
    assert_eq!(attributes(&span.events[0].attributes)["exception.type"], "DATABASE");
}

#[tokio::test]
async fn a_stream_is_one_span_that_lasts_until_its_end() {
    let collector = Collector::start().await;
    let users = app("user-service", &collector.endpoint(), "");
    let users = TestApp::spawn(users.serve(Service::new(&USERS, Users))).await.unwrap();
    let channel = users.channel().unwrap();
    let mut numbers: Streaming<u32> = channel.server_stream(&WATCH, 3_u32).await.unwrap();
    while numbers.message().await.unwrap().is_some() {}
    users.stop().await.unwrap();
    let [span] = collector.spans().try_into().unwrap();
    let told = attributes(&span.attributes);
    assert_eq!(told["rpc.response.status_code"], "OK");
    // Three messages of two bytes each.
    assert_eq!(told["rpc.response.size"], "6");
}

#[tokio::test]
async fn what_layers_of_users_open_lies_between_the_call_and_its_handler() {
    let collector = Collector::start().await;
    let layer = ServiceBuilder::new()
        .map_future(|work| tracing::Instrument::instrument(work, tracing::info_span!("layer")));
    let users = app("user-service", &collector.endpoint(), "").layer(layer);
    let users = TestApp::spawn(users.serve(Service::new(&USERS, Users))).await.unwrap();
    let _found: String = users.channel().unwrap().unary(&FIND, "ada".to_owned()).await.unwrap();
    users.stop().await.unwrap();
    let spans = collector.spans();
    let span = by_name(&spans);
    let of = |name: &str, kind| span[&(name.to_owned(), kind)];
    let layer = of("layer", SpanKind::Internal);
    assert_eq!(layer.parent_span_id, of(GET, SpanKind::Server).span_id);
    assert_eq!(of("SELECT", SpanKind::Client).parent_span_id, layer.span_id);
}

#[tokio::test]
async fn a_collector_that_says_nothing_costs_no_call_and_no_stop_anything() {
    let collector = Collector::start().await;
    collector.answer(std::iter::repeat_n(Answer::Silence, 100));
    let yaml = "stop: {drain_delay: 0s, timeout: 3s}";
    let users = app("user-service", &collector.endpoint(), yaml);
    let users = TestApp::spawn(users.serve(Service::new(&USERS, Users))).await.unwrap();
    let channel = users.channel().unwrap();
    let begun = Instant::now();
    for _ in 0..100 {
        let _found: String = channel.unary(&FIND, "ada".to_owned()).await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let begun = Instant::now();
    users.stop().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_a_stranger_writes_into_the_headers_of_a_trace_fails_no_call() {
    let collector = Collector::start().await;
    let users = app("user-service", &collector.endpoint(), "");
    let users = TestApp::spawn(users.serve(Service::new(&USERS, Users))).await.unwrap();
    let channel = users.channel().unwrap();
    let long = "a=b,".repeat(1000);
    let hostile = [
        ("traceparent", "00-00000000000000000000000000000000-0000000000000000-01"),
        ("traceparent", "'; DROP TABLE spans; --"),
        ("tracestate", long.as_str()),
        ("baggage", long.as_str()),
        ("baggage", "=;=,;,%%%"),
        ("b3", "----"),
        ("x-b3-traceid", "zz"),
    ];
    for (name, value) in hostile {
        let call = channel.unary::<_, String>(&FIND, "ada".to_owned()).metadata(name, value);
        assert_eq!(call.await.map_err(|error| error.grpc_code()), Ok::<_, Code>("ada".to_owned()));
    }
    users.stop().await.unwrap();
    let served = collector.spans().into_iter().filter(|span| span.kind() == SpanKind::Server);
    let traces: Vec<_> = served.map(|span| span.trace_id).collect();
    assert_eq!(traces.len(), hostile.len());
    assert!(traces.iter().all(|id| id.len() == 16 && id.iter().any(|byte| *byte != 0)));
}

/// Baggage that a call is given arrives where it leads to.
#[tokio::test]
async fn baggage_reaches_those_who_are_called_by_those_who_are_called() -> Result<()> {
    struct Tenant(Option<Channel>);
    impl Handler for Tenant {
        fn call(&self, _: usize, call: ServerCall) -> Reply {
            let next = self.0.clone();
            call.unary(move |cx: Context, _: String| async move {
                match next {
                    Some(next) => next.unary::<_, String>(&FIND, String::new()).await,
                    None => Ok(cx.baggage().get("tenant").unwrap_or("nobody's").to_owned()),
                }
            })
        }
    }
    let last = bia::testing::in_process(Service::new(&USERS, Tenant(None)))?;
    let middle = bia::testing::in_process(Service::new(&USERS, Tenant(Some(last))))?;
    let cx = Context::background().with_baggage("tenant", "Zoë & Co");
    let said: String = cx.scope(async { middle.unary(&FIND, String::new()).await }).await?;
    assert_eq!(said, "Zoë & Co");
    Ok(())
}

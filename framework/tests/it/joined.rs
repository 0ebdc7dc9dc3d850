//! Traces, metrics and logs of one call, in a collector that was not written here.

use bia::__codegen::{Facts, Handler, Reply, ServerCall};
use bia::backend::memory::Memory;
use bia::testing::TestApp;
use bia::{App, Channel, Config, Context, Kind, Operation, Service};

use crate::fixture::collector::Collector;

static CREATE: Operation = Operation::new("/order.v1.OrderService/CreateOrder", Kind::Unary);
static FIND: Operation = Operation::new("/user.v1.UserService/GetUser", Kind::Unary);
static ORDERS: Facts = Facts::new("order.v1.OrderService", &[&CREATE], &[]);
static USERS: Facts = Facts::new("user.v1.UserService", &[&FIND], &[]);

/// Asks users first.
struct Orders(Channel);

impl Handler for Orders {
    fn call(&self, _: usize, call: ServerCall) -> Reply {
        let users = self.0.clone();
        call.unary(move |_: Context, id: String| async move {
            users.unary::<_, String>(&FIND, id).await
        })
    }
}

struct Users;

impl Handler for Users {
    fn call(&self, _: usize, call: ServerCall) -> Reply {
        call.unary(|_: Context, id: String| async move {
            tracing::warn!("looking for a user");
            Ok(id)
        })
    }
}

fn app(name: &str, collector: &Collector) -> App {
    let yaml =
        format!("telemetry: {{otlp: {{endpoint: '{}', delay: 10ms}}}}", collector.endpoint());
    App::new(name, "1.0.0", &Config::<()>::for_test(&yaml).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_joins_in_a_collector_that_others_wrote() {
    let test = "one_call_joins_in_a_collector_that_others_wrote";
    let Some(collector) = Collector::start(test).await else { return };
    let registry = Memory::new();
    let users = app("user-service", &collector).registrar(registry.clone());
    let users = TestApp::spawn(users.serve(Service::new(&USERS, Users))).await.unwrap();
    let orders = app("order-service", &collector);
    let orders = orders.registrar(registry.clone()).discovery(registry.clone());
    let to_users = orders.channel("user-service").unwrap();
    let orders = TestApp::spawn(orders.serve(Service::new(&ORDERS, Orders(to_users.clone()))))
        .await
        .unwrap();
    let caller = app("caller", &collector).discovery(registry);
    let channel = caller.channel("order-service").unwrap();
    let caller = TestApp::spawn(caller).await.unwrap();
    crate::admin::until_it_has_a_node(&to_users).await;
    crate::admin::until_it_has_a_node(&channel).await;
    let found: String = channel.unary(&CREATE, "ada".to_owned()).await.unwrap();
    assert_eq!(found, "ada");
    caller.stop().await.unwrap();
    orders.stop().await.unwrap();
    users.stop().await.unwrap();

    // Caller, order-service, user-service: each below the one that caused it.
    let (root, found) = collector
        .until("the whole trace", |printed| {
            let spans = spans(printed);
            let below = |parent: &Span, name, kind| {
                let is_it = |span: &&Span| {
                    (&span.trace, &span.parent) == (&parent.trace, &parent.id)
                        && span.is(name, kind)
                };
                spans.iter().find(is_it).cloned()
            };
            let root = spans.iter().find(|span| span.is(CREATED, "CLIENT"))?;
            let served = below(root, CREATED, "SERVER")?;
            let asked = below(&served, FOUND, "CLIENT")?;
            Some((root.clone(), below(&asked, FOUND, "SERVER")?))
        })
        .await;
    assert_eq!(root.parent, "");

    // What the handler logged names the span of its call.
    let line = collector
        .until("what the handler logged", |printed| {
            let (_, after) = printed.split_once("Body: Str(looking for a user)")?;
            Some((field(after, "Trace ID")?, field(after, "Span ID")?))
        })
        .await;
    assert_eq!(line, (found.trace.clone(), found.id));

    // And a measurement leads to the trace.
    let exemplar = format!("-> Trace ID: {}\n", root.trace);
    collector.until("an exemplar", |printed| printed.contains(&exemplar).then_some(())).await;
}

const CREATED: &str = "order.v1.OrderService/CreateOrder";
const FOUND: &str = "user.v1.UserService/GetUser";

/// A span as the collector prints it.
#[derive(Clone, Debug)]
struct Span {
    trace: String,
    parent: String,
    id: String,
    name: String,
    kind: String,
}

impl Span {
    fn is(&self, name: &str, kind: &str) -> bool {
        self.name == name && self.kind == format!("SPAN_KIND_{kind}")
    }
}

/// Every span that was printed to its end.
fn spans(printed: &str) -> Vec<Span> {
    let span = |text: &str| {
        Some(Span {
            trace: field(text, "Trace ID")?,
            parent: field(text, "Parent ID")?,
            id: field(text, "ID")?,
            name: field(text, "Name")?,
            kind: field(text, "Kind")?,
        })
    };
    printed.split("\nSpan #").skip(1).filter_map(span).collect()
}

/// The value of the first line `NAME   : VALUE`, if there is another line after it.
fn field(text: &str, name: &str) -> Option<String> {
    let (whole, _) = text.rsplit_once('\n')?;
    let mut fields = whole.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(key, _)| key.trim() == name)?;
    Some(value.trim().to_owned())
}

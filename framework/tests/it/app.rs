//! Apps that call each other, and what every app answers without being asked to.

use std::time::Duration;

use bia::__codegen::{Facts, Handler, Reply, ServerCall};
use bia::backend::memory::Memory;
use bia::config::Variables;
use bia::testing::{TestApp, in_process};
use bia::{
    App, Channel, ClientSettings, Code, Config, Context, Error, Kind, Operation, Result, Service,
    Streaming,
};
use futures_util::stream;

static GREET: Operation = Operation::new("/greet.v1.Greeter/Greet", Kind::Unary);
static COUNT: Operation = Operation::new("/greet.v1.Greeter/Count", Kind::ServerStream);
static GREETER: Facts = Facts::new("greet.v1.Greeter", &[&GREET, &COUNT], &[]);

/// Greets by its own name; asks another one first, if it has a channel to it.
struct Greeter {
    name: &'static str,
    other: Option<Channel>,
}

impl Handler for Greeter {
    fn call(&self, method: usize, call: ServerCall) -> Reply {
        let (name, other) = (self.name, self.other.clone());
        match method {
            0 => call.unary(move |_: Context, whom: String| async move {
                if whom.is_empty() {
                    return Err(
                        Error::bad_request("NOBODY", "nobody to greet").with("field", "name")
                    );
                }
                let said = match other {
                    Some(other) => other.unary::<_, String>(&GREET, whom.clone()).await?,
                    None => whom,
                };
                Ok(format!("{name} greets {said}"))
            }),
            _ => call.server_stream(|_: Context, to: u32, out| async move {
                out.send_all(stream::iter((1..=to).map(Ok))).await
            }),
        }
    }
}

fn greeter(name: &'static str, other: Option<Channel>) -> Service {
    Service::new(&GREETER, Greeter { name, other })
}

fn app(name: &str, yaml: &str) -> App {
    let config = Config::<()>::for_test(yaml).unwrap();
    App::new(name, "1.0.0", &config).unwrap()
}

async fn greet(channel: &Channel, whom: &str) -> Result<String> {
    channel.unary(&GREET, whom.to_owned()).await
}

/// A channel that calls also a node that says it does not serve.
fn regardless_of_health(app: &TestApp) -> Channel {
    let settings = ClientSettings { health_check: false, ..ClientSettings::default() };
    Channel::builder(app.address().unwrap().to_string()).settings(settings).build().unwrap()
}

#[tokio::test]
async fn a_service_within_the_process_is_called_as_over_a_socket() {
    let channel = in_process(greeter("a", None)).unwrap();
    assert_eq!(greet(&channel, "you").await.unwrap(), "a greets you");
    let error = greet(&channel, "").await.unwrap_err();
    assert_eq!(
        (error.code(), error.reason(), error.metadata()["field"].as_str()),
        (400, "NOBODY", "name")
    );
    let mut counted: Streaming<u32> = channel.server_stream(&COUNT, 3_u32).await.unwrap();
    let mut all = Vec::new();
    while let Some(number) = counted.message().await.unwrap() {
        all.push(number);
    }
    assert_eq!(all, [1, 2, 3]);
}

#[tokio::test]
async fn apps_find_each_other_through_the_registry_they_share() {
    let registry = Memory::new();
    let shared = |name| app(name, "").registrar(registry.clone()).discovery(registry.clone());
    let users = TestApp::spawn(shared("users").serve(greeter("users", None))).await.unwrap();
    let orders = shared("orders");
    let to_users = orders.channel("users").unwrap();
    let orders = TestApp::spawn(orders.serve(greeter("orders", Some(to_users)))).await.unwrap();
    let channel = orders.channel().unwrap();
    assert_eq!(greet(&channel, "you").await.unwrap(), "orders greets users greets you");
    users.stop().await.unwrap();
    let error = greet(&channel, "you").await.unwrap_err();
    assert_eq!(error.code(), 503);
    assert!(error.message().contains("users has no instance"), "{error}");
    orders.stop().await.unwrap();
}

#[tokio::test]
async fn a_channel_has_the_settings_of_its_service_over_those_of_all() {
    let yaml = "
client: {timeout: 2s, wait_for_ready: true}
clients:
  users: {timeout: 7s}
  order-service: {max_connections_per_node: 9}
registry: {kind: none}";
    let app = app("svc", yaml).discovery(Memory::new());
    let users = app.channel("users").unwrap();
    assert_eq!(users.settings().timeout, Duration::from_secs(7));
    assert!(users.settings().wait_for_ready);
    let orders = app.channel("discovery:///order-service").unwrap();
    assert_eq!(orders.settings().max_connections_per_node, 9);
    assert_eq!(orders.settings().timeout, Duration::from_secs(2));
    let other = app.channel("direct:///127.0.0.1:1").unwrap();
    assert_eq!(other.settings().timeout, Duration::from_secs(2));
}

#[tokio::test]
async fn a_service_is_not_looked_for_where_there_is_no_registry() {
    let none = ["--set", "registry.kind=none"].map(str::to_owned);
    let config = bia::config::<()>().arguments(none, &Variables::default()).await.unwrap();
    let app = App::new("svc", "1.0.0", &config).unwrap();
    let error = app.channel("users").unwrap_err();
    assert!(error.message().contains("registry.kind"), "{error}");
}

#[tokio::test]
async fn an_app_that_calls_others_can_be_tested_without_them() {
    for yaml in ["", "registry: {kind: none}"] {
        let users = app("svc", yaml).channel("users").unwrap();
        let error = greet(&users, "you").await.unwrap_err();
        assert!(error.message().contains("users has no instance"), "{error}");
    }
}

mod health {
    //! `grpc.health.v1`, whose messages are written out here: a name in, one number out.

    use super::*;

    static CHECK: Operation = Operation::new("/grpc.health.v1.Health/Check", Kind::Unary);
    static WATCH: Operation = Operation::new("/grpc.health.v1.Health/Watch", Kind::ServerStream);

    // google.protobuf.StringValue and UInt32Value have the fields of the two messages.
    const SERVING: u32 = 1;
    const NOT_SERVING: u32 = 2;
    const SERVICE_UNKNOWN: u32 = 3;

    async fn check(channel: &Channel, service: &str) -> Result<u32> {
        channel.unary(&CHECK, service.to_owned()).await
    }

    async fn watch(channel: &Channel, service: &str) -> Streaming<u32> {
        channel.server_stream(&WATCH, service.to_owned()).await.unwrap()
    }

    #[tokio::test]
    async fn the_app_and_each_service_are_checked_by_name() {
        let app = app("svc", "").serve(greeter("a", None));
        let health = app.health().clone();
        let app = TestApp::spawn(app).await.unwrap();
        let channel = app.channel().unwrap();
        assert_eq!(check(&channel, "").await, Ok(SERVING));
        assert_eq!(check(&channel, "greet.v1.Greeter").await, Ok(SERVING));
        assert_eq!(check(&channel, "nope").await.unwrap_err().grpc_code(), Code::NotFound);
        health.set_service("greet.v1.Greeter", false);
        assert_eq!(check(&channel, "greet.v1.Greeter").await, Ok(NOT_SERVING));
        assert_eq!(check(&channel, "").await, Ok(SERVING));
        app.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_watcher_hears_not_serving_before_the_drain_and_holds_up_no_stop() {
        let yaml = "stop: {drain_delay: 300ms, timeout: 20s}";
        let app = TestApp::spawn(app("svc", yaml).serve(greeter("a", None))).await.unwrap();
        let channel = regardless_of_health(&app);
        let mut whole = watch(&channel, "").await;
        let mut unknown = watch(&channel, "nope").await;
        assert_eq!(whole.message().await.unwrap(), Some(SERVING));
        assert_eq!(unknown.message().await.unwrap(), Some(SERVICE_UNKNOWN));
        let begun = tokio::time::Instant::now();
        let stopping = tokio::spawn(app.stop());
        assert_eq!(whole.message().await.unwrap(), Some(NOT_SERVING));
        assert_eq!(
            greet(&channel, "you").await.unwrap(),
            "a greets you",
            "it serves on while it drains"
        );
        assert_eq!(whole.message().await.unwrap(), None, "the stream ends well");
        assert_eq!(unknown.message().await.unwrap(), None);
        stopping.await.unwrap().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_watcher_hears_again_before_its_stream_is_taken_for_dead() {
        let yaml = "server: {stream_idle_timeout: 200ms}";
        let app = TestApp::spawn(app("svc", yaml).serve(greeter("a", None))).await.unwrap();
        let channel = app.channel().unwrap();
        let mut whole = watch(&channel, "").await;
        for _ in 0..5 {
            assert_eq!(whole.message().await.unwrap(), Some(SERVING));
        }
        app.stop().await.unwrap();
    }

    #[tokio::test]
    async fn health_can_be_switched_off() {
        let app = app("svc", "server: {health: false}").serve(greeter("a", None));
        let app = TestApp::spawn(app).await.unwrap();
        let error = check(&app.channel().unwrap(), "").await.unwrap_err();
        assert_eq!(error.grpc_code(), Code::Unimplemented);
        app.stop().await.unwrap();
    }
}

mod layers {
    //! Layers of a user.

    use std::future::{Ready, ready};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};
    use std::task;

    use futures_util::future::Either;

    use super::*;

    #[tokio::test]
    async fn layers_stand_around_the_operations_they_are_for_in_their_order() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let note = |name: &'static str| {
            let seen = Arc::clone(&seen);
            tower::util::MapRequestLayer::new(move |request: http::Request<bia::Body>| {
                let cx = request.extensions().get::<Context>().unwrap();
                seen.lock().unwrap().push(format!("{name} {}", cx.operation().method()));
                request
            })
        };
        let app = app("svc", "")
            .layer(note("outer"))
            .layer_for("/greet.v1.Greeter/Count", note("counted"))
            .layer_for("/greet.v1.Greeter/*", note("inner"))
            .serve(greeter("a", None));
        let app = TestApp::spawn(app).await.unwrap();
        let channel = regardless_of_health(&app);
        greet(&channel, "you").await.unwrap();
        let counted: Streaming<u32> = channel.server_stream(&COUNT, 1_u32).await.unwrap();
        drop(counted);
        let expected =
            ["outer Greet", "inner Greet", "outer Count", "counted Count", "inner Count"];
        assert_eq!(*seen.lock().unwrap(), expected);
        app.stop().await.unwrap();
    }

    /// Counts calls and refuses those without a tenant, written as tower has it.
    #[derive(Clone)]
    struct Refuse(Arc<AtomicUsize>);

    impl<S> tower::Layer<S> for Refuse {
        type Service = Refusing<S>;

        fn layer(&self, inner: S) -> Refusing<S> {
            Refusing { inner, calls: Arc::clone(&self.0) }
        }
    }

    #[derive(Clone)]
    struct Refusing<S> {
        inner: S,
        calls: Arc<AtomicUsize>,
    }

    impl<S> tower::Service<http::Request<bia::Body>> for Refusing<S>
    where
        S: tower::Service<http::Request<bia::Body>, Error = Error>,
    {
        type Response = S::Response;
        type Error = Error;
        type Future = Either<S::Future, Ready<Result<S::Response>>>;

        fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<()>> {
            self.inner.poll_ready(cx)
        }

        fn call(&mut self, request: http::Request<bia::Body>) -> Self::Future {
            self.calls.fetch_add(1, Ordering::Relaxed);
            if request.headers().contains_key("x-md-global-tenant") {
                return Either::Left(self.inner.call(request));
            }
            Either::Right(ready(Err(Error::forbidden("NO_TENANT", "say whose data"))))
        }
    }

    #[tokio::test]
    async fn a_layer_that_refuses_answers_as_an_error_of_the_service_would() {
        let calls = Arc::new(AtomicUsize::new(0));
        let refuse = Refuse(Arc::clone(&calls));
        let app = app("svc", "").layer_for("/greet.v1.Greeter/*", refuse).serve(greeter("a", None));
        let app = TestApp::spawn(app).await.unwrap();
        let channel = app.channel().unwrap();
        let error = greet(&channel, "you").await.unwrap_err();
        assert_eq!(
            (error.code(), error.reason(), error.message()),
            (403, "NO_TENANT", "say whose data")
        );
        let call = channel.unary::<_, String>(&GREET, "you".to_owned());
        assert_eq!(call.metadata("x-md-global-tenant", "t").await.unwrap(), "a greets you");
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        app.stop().await.unwrap();
    }
}

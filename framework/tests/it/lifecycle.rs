//! How an app comes up and goes down: what is told to whom, in which order, and within which time.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bia::backend::memory::Memory;
use bia::health::Statuses;
use bia::registry::{Discovery, Endpoint, Instance, Lease, Registrar};
use bia::testing::TestApp;
use bia::{App, Config, Error, Exit, Result, Server, Stop};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// What happened, in its order.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn read(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A server without a socket that does as it is told.
struct Fake {
    name: &'static str,
    diary: Diary,
    bind: Result<()>,
    serve: fn(Stop) -> BoxFuture<'static, Result<()>>,
}

impl Fake {
    fn new(name: &'static str, diary: &Diary) -> Self {
        Self {
            name,
            diary: diary.clone(),
            bind: Ok(()),
            serve: |stop| {
                async move {
                    stop.begun().await;
                    Ok(())
                }
                .boxed()
            },
        }
    }

    fn serving(mut self, serve: fn(Stop) -> BoxFuture<'static, Result<()>>) -> Self {
        self.serve = serve;
        self
    }
}

impl Server for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn bind(&mut self) -> BoxFuture<'_, Result<Vec<Endpoint>>> {
        self.diary.note(format!("bind {}", self.name));
        let bound = std::mem::replace(&mut self.bind, Ok(()));
        async { bound.map(|()| vec![Endpoint::new("fake", "10.0.0.1", 1)]) }.boxed()
    }

    fn serve(self: Box<Self>, stop: Stop) -> BoxFuture<'static, Result<()>> {
        let (diary, name, serve) = (self.diary, self.name, self.serve);
        async move {
            diary.note(format!("serve {name}"));
            let outcome = serve(stop).await;
            diary.note(format!("ended {name}"));
            outcome
        }
        .boxed()
    }
}

/// A registry that notes what it is asked, and fails as often as it is told.
#[derive(Clone)]
struct Noting {
    memory: Memory,
    diary: Diary,
    failures: Arc<AtomicUsize>,
}

impl Noting {
    fn new(diary: &Diary, failures: usize) -> Self {
        let failures = Arc::new(AtomicUsize::new(failures));
        Self { memory: Memory::new(), diary: diary.clone(), failures }
    }

    async fn instances(&self) -> usize {
        self.memory.watch("svc").next().await.unwrap().unwrap().len()
    }
}

impl Registrar for Noting {
    fn register(&self, instance: Instance) -> BoxFuture<'_, Result<Lease>> {
        async move {
            let left = self.failures.load(Ordering::Relaxed);
            if left > 0 {
                self.failures.store(left - 1, Ordering::Relaxed);
                self.diary.note("refuse");
                return Err(Error::unavailable("AWAY", "the registry is away"));
            }
            self.diary.note("register");
            let lease = self.memory.register(instance.clone()).await?;
            let diary = self.diary.clone();
            Ok(Lease::spawn(instance, |mut task| async move {
                task.released().await;
                diary.note("deregister");
                lease.release().await
            }))
        }
        .boxed()
    }

    fn describe(&self) -> String {
        "a registry of a test".to_owned()
    }
}

/// An app without ports, so that the clock can be paused.
fn app(yaml: &str) -> App {
    let config = Config::<()>::for_test(&format!("admin: {{address: ''}}\n{yaml}")).unwrap();
    App::new("svc", "1.0.0", &config).unwrap()
}

/// Adds a step at each place that notes that it was run.
fn noting(app: App, diary: &Diary) -> App {
    let step = |name: &'static str| {
        let diary = diary.clone();
        move || async move {
            diary.note(name);
            Ok::<_, Error>(())
        }
    };
    app.before_start("a", SECOND, step("before_start"))
        .after_start("a", SECOND, step("after_start"))
        .before_stop("a", SECOND, step("before_stop"))
        .after_stop("a", SECOND, step("after_stop"))
}

#[tokio::test(start_paused = true)]
async fn starting_and_stopping_keep_their_order() {
    let diary = Diary::default();
    let registry = Noting::new(&diary, 0);
    let app = app("stop: {drain_delay: 3s}");
    let health = app.health().clone();
    let app = noting(app, &diary)
        .registrar(registry.clone())
        .server(Fake::new("one", &diary))
        .server(Fake::new("two", &diary));
    let app = TestApp::spawn(app).await.unwrap();
    assert!(health.statuses().is_ready());
    let begun = diary.read();
    assert_eq!(begun[..3], ["before_start", "bind one", "bind two"]);
    assert!(begun[3..].contains(&"serve one".to_owned()), "{begun:?}");
    assert_eq!(
        begun[3..].iter().position(|it| it == "after_start"),
        Some(begun.len() - 4),
        "{begun:?}"
    );

    let before = Instant::now();
    app.stop().await.unwrap();
    let took = before.elapsed();
    assert!(took >= 3 * SECOND && took < 4 * SECOND, "the drain delay and no more: {took:?}");
    let all = diary.read();
    let order: Vec<_> = all[begun.len()..].iter().map(String::as_str).collect();
    assert_eq!(order[..2], ["before_stop", "deregister"]);
    assert_eq!(order.last(), Some(&"after_stop"));
    assert!(order[2..4].contains(&"ended one") && order[2..4].contains(&"ended two"), "{order:?}");
}

#[tokio::test(start_paused = true)]
async fn not_ready_comes_before_anything_else_of_the_stop() {
    let app = app("stop: {drain_delay: 3s}");
    let (health, seen) = (app.health().clone(), Arc::new(AtomicBool::new(true)));
    let (of_hook, seen_by_hook) = (health.clone(), Arc::clone(&seen));
    let diary = Diary::default();
    let app =
        app.server(Fake::new("one", &diary)).before_stop("look", SECOND, move || async move {
            seen_by_hook.store(of_hook.statuses().is_ready(), Ordering::Relaxed);
            Ok::<_, Error>(())
        });
    let mut app = TestApp::spawn(app).await.unwrap();
    app.begin_stop();
    let mut statuses = health.watch();
    statuses.wait_for(|statuses| !statuses.is_ready()).await.unwrap();
    assert!(!diary.read().contains(&"ended one".to_owned()), "it serves on while it drains");
    app.ended().await.unwrap();
    assert!(!seen.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn a_port_that_is_taken_stops_the_app_before_anything_is_announced() {
    let diary = Diary::default();
    let registry = Noting::new(&diary, 0);
    let taken =
        Fake { bind: Err(Error::internal("TAKEN", "port 1 is taken")), ..Fake::new("two", &diary) };
    let app =
        noting(app(""), &diary).registrar(registry).server(Fake::new("one", &diary)).server(taken);
    let exit = TestApp::spawn(app).await.unwrap_err();
    assert_eq!((exit.code(), exit.to_string().as_str()), (1, "port 1 is taken"));
    assert_eq!(
        diary.read(),
        ["before_start", "bind one", "bind two", "before_stop", "after_stop"],
        "nothing served and nothing announced"
    );
}

#[tokio::test(start_paused = true)]
async fn a_step_of_the_start_that_fails_ends_it_with_its_name_and_cause() {
    let diary = Diary::default();
    let app = app("")
        .server(Fake::new("one", &diary))
        .before_start("migrate", SECOND, || async { Err("no table users") });
    let exit = TestApp::spawn(app).await.unwrap_err();
    assert_eq!(
        format!("{exit:?}"),
        "hook migrate (before_start) failed\n  caused by: no table users"
    );
    assert!(diary.read().is_empty(), "no port was taken: {:?}", diary.read());
}

#[tokio::test(start_paused = true)]
async fn a_step_after_the_start_that_hangs_stops_the_app_in_order() {
    let diary = Diary::default();
    let app = app("")
        .server(Fake::new("one", &diary))
        .registrar(Noting::new(&diary, 0))
        .after_start("warm up", SECOND, pending::<Result<()>>);
    let exit = TestApp::spawn(app).await.unwrap_err();
    assert_eq!(exit.to_string(), "hook warm up (after_start) did not end within 1s");
    let all = diary.read();
    assert_eq!(all[all.len() - 2..], ["deregister", "ended one"], "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_asked_for_during_the_start_is_heeded() {
    let diary = Diary::default();
    let (asked, stop) = oneshot::channel();
    let mut asked = Some(asked);
    let app = noting(app(""), &diary).server(Fake::new("one", &diary)).before_start(
        "hang",
        100 * SECOND,
        move || {
            asked.take().unwrap().send(()).unwrap();
            pending::<Result<()>>()
        },
    );
    app.run_until(async { stop.await.unwrap() }).await.unwrap();
    assert_eq!(diary.read(), ["before_start", "before_stop", "after_stop"], "no port was taken");
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_away_stops_nobody_and_is_tried_until_it_is_back() {
    let diary = Diary::default();
    let registry = Noting::new(&diary, 5);
    let app = app("").registrar(registry.clone()).server(Fake::new("one", &diary));
    let health = app.health().clone();
    let app = TestApp::spawn(app).await.unwrap();
    assert!(health.statuses().is_ready(), "it can serve, so it does");
    let mut watch = registry.memory.watch("svc");
    assert_eq!(watch.next().await.unwrap().unwrap().len(), 0);
    assert_eq!(watch.next().await.unwrap().unwrap().len(), 1, "registered once it is back");
    assert_eq!(diary.read().iter().filter(|it| *it == "refuse").count(), 5);
    app.stop().await.unwrap();
    assert_eq!(registry.instances().await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_app_can_be_made_ready_only_while_the_registry_holds_it() {
    let diary = Diary::default();
    let registry = Noting::new(&diary, 2);
    let app =
        app("registry: {required: true}").registrar(registry).server(Fake::new("one", &diary));
    let health = app.health().clone();
    let app = TestApp::spawn(app).await.unwrap();
    assert!(!health.statuses().is_ready());
    health.watch().wait_for(Statuses::is_ready).await.unwrap();
    assert!(diary.read().contains(&"register".to_owned()));
    app.stop().await.unwrap();
    assert!(!health.statuses().is_ready());
}

/// A registry whose lease does as the test says: `Some` is whether it is held, `None` ends it.
struct Told(Arc<Mutex<mpsc::Receiver<Option<bool>>>>, Arc<AtomicUsize>);

impl Registrar for Told {
    fn register(&self, instance: Instance) -> BoxFuture<'_, Result<Lease>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let told = Arc::clone(&self.0);
        let lease = Lease::spawn(instance, |mut task| async move {
            loop {
                let next = std::future::poll_fn(|cx| told.lock().unwrap().poll_recv(cx));
                tokio::select! {
                    () = task.released() => return Ok(()),
                    Some(next) = next => match next {
                        Some(held) => task.update(|state| state.held = held),
                        None => return Ok(()),
                    }
                }
            }
        });
        async { Ok(lease) }.boxed()
    }

    fn describe(&self) -> String {
        "a registry of a test".to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_lost_is_followed_and_one_that_ends_is_taken_anew() {
    let (tell, told) = mpsc::channel(1);
    let registered = Arc::new(AtomicUsize::new(0));
    let registrar = Told(Arc::new(Mutex::new(told)), Arc::clone(&registered));
    let app = app("registry: {required: true}").registrar(registrar);
    let mut health = app.health().watch();
    let app = TestApp::spawn(app).await.unwrap();
    health.wait_for(Statuses::is_ready).await.unwrap();
    tell.send(Some(false)).await.unwrap();
    health.wait_for(|statuses| !statuses.is_ready()).await.unwrap();
    tell.send(Some(true)).await.unwrap();
    health.wait_for(Statuses::is_ready).await.unwrap();
    tell.send(None).await.unwrap();
    health.wait_for(|statuses| !statuses.is_ready()).await.unwrap();
    health.wait_for(Statuses::is_ready).await.unwrap();
    assert_eq!(registered.load(Ordering::Relaxed), 2);
    app.stop().await.unwrap();
    assert!(!health.borrow().is_ready(), "nothing makes it ready again once it stops");
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_never_answers_holds_up_neither_start_nor_stop() {
    struct Silent;
    impl Registrar for Silent {
        fn register(&self, _: Instance) -> BoxFuture<'_, Result<Lease>> {
            pending().boxed()
        }
        fn describe(&self) -> String {
            "silence".to_owned()
        }
    }
    let app = app("registry: {timeout: 2s}").registrar(Silent);
    let before = Instant::now();
    let app = TestApp::spawn(app).await.unwrap();
    assert_eq!(before.elapsed(), 2 * SECOND);
    let before = Instant::now();
    app.stop().await.unwrap();
    assert!(before.elapsed() <= 2 * SECOND, "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_stops_the_others_in_order_and_fails_the_app() {
    let diary = Diary::default();
    let failing = Fake::new("queue", &diary).serving(|_| {
        async {
            tokio::time::sleep(SECOND).await;
            Err(Error::unavailable("GONE", "the broker is gone"))
        }
        .boxed()
    });
    let app = noting(app(""), &diary).server(Fake::new("one", &diary)).server(failing);
    let exit = TestApp::spawn(app).await.unwrap().ended().await.unwrap_err();
    assert_eq!(exit.code(), 1);
    assert_eq!(
        format!("{exit:?}"),
        "server queue failed\n  caused by: 503 GONE: the broker is gone"
    );
    let all = diary.read();
    assert_eq!(all[all.len() - 4..], ["ended queue", "before_stop", "ended one", "after_stop"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_panics_is_a_server_that_failed() {
    let diary = Diary::default();
    let panicking = Fake::new("one", &diary).serving(|_| async { panic!("boom") }.boxed());
    let exit = TestApp::spawn(app("").server(panicking)).await.unwrap().ended().await.unwrap_err();
    assert!(format!("{exit:?}").starts_with("server one failed\n  caused by: "), "{exit:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_done_its_work_ends_the_app_well() {
    let diary = Diary::default();
    let done = Fake::new("job", &diary).serving(|_| async { Ok(()) }.boxed());
    let app = app("").server(done).server(Fake::new("one", &diary));
    TestApp::spawn(app).await.unwrap().ended().await.unwrap();
    assert!(diary.read().contains(&"ended one".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_stop_is_cut_and_the_whole_is_within_its_time() {
    for (deaf, serve) in [
        (
            false,
            (|stop: Stop| {
                async move {
                    stop.cut_off().await;
                    Ok(())
                }
                .boxed()
            }) as fn(Stop) -> _,
        ),
        (true, |_| pending().boxed()),
    ] {
        let diary = Diary::default();
        let app = noting(app("stop: {drain_delay: 1s, timeout: 10s}"), &diary)
            .server(Fake::new("stuck", &diary).serving(serve));
        let app = TestApp::spawn(app).await.unwrap();
        let before = Instant::now();
        app.stop().await.unwrap();
        let took = before.elapsed();
        assert!(took >= 9 * SECOND && took <= 10 * SECOND, "{took:?}");
        let all = diary.read();
        assert_eq!(all.contains(&"ended stuck".to_owned()), !deaf);
        assert_eq!(all.last().map(String::as_str), Some("after_stop"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_of_the_stop_that_fails_stops_nothing_and_is_told() {
    let diary = Diary::default();
    let app = noting(
        app("")
            .server(Fake::new("one", &diary))
            .before_stop("flush", SECOND, || async { Err("disk full") })
            .before_stop("hang", 100 * SECOND, pending::<Result<()>>),
        &diary,
    );
    let app = TestApp::spawn(app).await.unwrap();
    let before = Instant::now();
    let exit = app.stop().await.unwrap_err();
    assert_eq!(format!("{exit:?}"), "hook flush (before_stop) failed\n  caused by: disk full");
    assert!(before.elapsed() <= 10 * SECOND, "{:?}", before.elapsed());
    let all = diary.read();
    assert_eq!(all[all.len() - 3..], ["before_stop", "ended one", "after_stop"], "{all:?}");
}

#[tokio::test]
async fn what_is_announced_is_the_instance_with_the_address_that_others_reach() {
    #[derive(Clone)]
    struct Port(Vec<Endpoint>);
    impl Server for Port {
        fn name(&self) -> &str {
            "api"
        }
        fn bind(&mut self) -> BoxFuture<'_, Result<Vec<Endpoint>>> {
            std::future::ready(Ok(self.0.clone())).boxed()
        }
        fn serve(self: Box<Self>, stop: Stop) -> BoxFuture<'static, Result<()>> {
            async move {
                stop.begun().await;
                Ok(())
            }
            .boxed()
        }
    }
    let table = [
        ("", "127.0.0.1", &["grpc://127.0.0.1:80", "http://127.0.0.1:80"][..]),
        ("", "2001:db8::1", &["grpc://[2001:db8::1]:80", "http://[2001:db8::1]:80"]),
        (
            "server: {advertise: users.internal}",
            "0.0.0.0",
            &["grpc://users.internal:80", "http://users.internal:80"],
        ),
        (
            "server: {advertise: '10.1.2.3:443'}",
            "0.0.0.0",
            &["grpc://10.1.2.3:443", "http://10.1.2.3:443"],
        ),
    ];
    for (yaml, host, expected) in table {
        let memory = Memory::new();
        let yaml = format!("app: {{metadata: {{zone: a, weight: 5}}, id: i-1}}\n{yaml}");
        let port = Port(["grpc", "http"].map(|face| Endpoint::new(face, host, 80)).to_vec());
        let app = app(&yaml).registrar(memory.clone()).metadata("zone", "b").server(port);
        let app = TestApp::spawn(app).await.unwrap();
        let known = memory.watch("svc").next().await.unwrap().unwrap();
        let endpoints: Vec<_> = known[0].endpoints.iter().map(ToString::to_string).collect();
        assert_eq!(endpoints, expected, "{yaml}");
        assert_eq!((known[0].id.as_str(), known[0].version.as_str()), ("i-1", "1.0.0"));
        assert_eq!(
            (known[0].metadata["zone"].as_str(), known[0].metadata["weight"].as_str()),
            ("b", "5")
        );
        app.stop().await.unwrap();
    }
}

#[tokio::test]
async fn two_services_of_one_name_are_refused_by_name() {
    let service = || bia::Service::foreign("a.A", tower_nothing());
    let outcome: Result<(), Exit> =
        app("").serve(service()).serve(service()).run_until(pending()).await;
    assert!(outcome.unwrap_err().to_string().contains("a.A is mounted twice"));
}

#[tokio::test]
async fn two_methods_that_a_request_fits_both_of_are_refused_by_name() {
    use bia::__codegen::{Binding, Facts, Handler, Part, Reply, Segment, ServerCall};
    use bia::{Context, Kind, Operation, Service};

    struct Echo;
    impl Handler for Echo {
        fn call(&self, _: usize, call: ServerCall) -> Reply {
            call.unary(|_: Context, what: String| async move { Ok(what) })
        }
    }
    static A: Operation = Operation::new("/a.A/Get", Kind::Unary);
    static B: Operation = Operation::new("/b.B/Take", Kind::Unary);
    static HTTP: &[Binding] = &[Binding {
        method: 0,
        verb: "GET",
        template: "/v1/items",
        segments: &[Segment::Literal("v1"), Segment::Literal("items")],
        suffix: None,
        variables: &[],
        body: Part::None,
        body_field: None,
        response: Part::Whole,
    }];
    static OF_A: Facts = Facts::new("a.A", &[&A], &[]).with_http(HTTP);
    static OF_B: Facts = Facts::new("b.B", &[&B], &[]).with_http(HTTP);
    let (a, b) = (Service::new(&OF_A, Echo), Service::new(&OF_B, Echo));
    let outcome: Result<(), Exit> = app("").serve(a).serve(b).run_until(pending()).await;
    let told = outcome.unwrap_err().to_string();
    assert!(
        told.contains("GET /v1/items calls /b.B/Take, and /v1/items calls /a.A/Get")
            && told.contains("change a path, or serve them in processes of their own"),
        "{told}"
    );
}

fn tower_nothing() -> impl tower::Service<
    http::Request<bia::Body>,
    Response = http::Response<bia::Body>,
    Error = std::convert::Infallible,
    Future = std::future::Ready<Result<http::Response<bia::Body>, std::convert::Infallible>>,
> + Clone
+ Send
+ Sync
+ 'static {
    tower::service_fn(|_| std::future::ready(Ok(http::Response::new(bia::Body::empty()))))
}

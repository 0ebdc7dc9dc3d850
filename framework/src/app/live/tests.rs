//! A service and its callers, whose settings change while calls are under way.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::*;
use crate::app::{App, Config};
use crate::balance::BalancerKind;
use crate::client::{Channel, ChannelState, ClientSettings, NodePhase};
use crate::dispatch::{Facts, Handler, Reply, ServerCall, Service};
use crate::operation::{Kind, Operation};
use crate::testing::TestApp;
use crate::wire::Encoding;

static ECHO: Operation = Operation::new("/t.Echo/Echo", Kind::Unary);
static SLOW: Operation = Operation::new("/t.Echo/Slow", Kind::Unary);
static FACTS: Facts = Facts::new("t.Echo", &[&ECHO, &SLOW], &[]);

/// No wait in these tests takes so long unless what is awaited does not happen.
const LONG: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Echo(Arc<AtomicUsize>);

impl Handler for Echo {
    fn call(&self, method: usize, call: ServerCall) -> Reply {
        self.0.fetch_add(1, Ordering::Relaxed);
        call.unary(move |_, text: String| async move {
            if method == 1 {
                std::future::pending::<()>().await;
            }
            Ok(text)
        })
    }
}

/// An app that runs, and what changes its settings.
struct Running {
    app: TestApp,
    settings: watch::Sender<Arc<Settings>>,
    calls: Arc<AtomicUsize>,
}

fn settings(yaml: &str) -> Arc<Settings> {
    Config::<()>::for_test(yaml).unwrap().settings()
}

fn app(settings: &watch::Sender<Arc<Settings>>) -> App {
    let config = Config::<()>::for_test("").unwrap();
    App::build("t", "1", config.handle, settings.subscribe()).unwrap()
}

async fn run(yaml: &str) -> Running {
    let settings = watch::Sender::new(settings(yaml));
    let echo = Echo::default();
    let calls = Arc::clone(&echo.0);
    let app = app(&settings).serve(Service::new(&FACTS, echo));
    Running { app: TestApp::spawn(app).await.unwrap(), settings, calls }
}

impl Running {
    fn change(&self, yaml: &str) {
        self.settings.send_replace(settings(yaml));
    }
}

async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < LONG, "what was waited for did not happen");
        // sleeps: between two looks at something that cannot be awaited.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn echo(channel: &Channel, text: &str) -> crate::Result<String> {
    timeout(LONG, channel.unary(&ECHO, text.to_owned())).await.unwrap()
}

fn direct(running: &[&Running], settings: ClientSettings) -> Channel {
    let addresses: Vec<_> =
        running.iter().map(|it| it.app.address().unwrap().to_string()).collect();
    Channel::builder(format!("direct:///{}", addresses.join(",")))
        .settings(settings)
        .build()
        .unwrap()
}

async fn phase(channel: &Channel, expected: NodePhase) {
    let is_so = |state: ChannelState| {
        !state.nodes.is_empty() && state.nodes.iter().all(|node| node.phase == expected)
    };
    until(async || is_so(channel.state())).await;
}

#[tokio::test]
async fn a_limit_of_the_server_that_changes_holds_for_the_next_call() {
    let running = run("").await;
    let channel = running.app.channel().unwrap();
    let long = "x".repeat(100);
    assert_eq!(echo(&channel, &long).await.unwrap(), long);

    running.change("server: {max_message_size: 50, timeout: 20ms}");
    until(async || echo(&channel, &long).await.is_err()).await;
    let error = echo(&channel, &long).await.unwrap_err();
    assert_eq!(error.reason(), "MESSAGE_TOO_LARGE");
    let begun = Instant::now();
    let error = channel.unary::<_, String>(&SLOW, String::new()).await.unwrap_err();
    assert_eq!(error.code(), 504, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5));

    running.change("");
    until(async || echo(&channel, &long).await.is_ok()).await;
    assert_eq!(channel.state().nodes[0].connections, 1, "no connection was given up for it");
}

#[tokio::test]
async fn a_server_takes_fewer_connections_when_told_to_and_more_again() {
    let running = run("").await;
    let one = direct(&[&running], ClientSettings::default());
    phase(&one, NodePhase::Ready).await;
    running.change("server: {connection: {max: 1}}");
    until(async || answer(&running).await.is_empty()).await;
    assert_eq!(echo(&one, "a").await.unwrap(), "a", "who is there stays");
    running.change("");
    until(async || answer(&running).await.starts_with("HTTP/1.1 404")).await;
}

/// What a connection of its own is answered; nothing, if it is closed at once.
async fn answer(running: &Running) -> String {
    let mut socket = TcpStream::connect(running.app.address().unwrap()).await.unwrap();
    let request = b"GET /none HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let mut answer = String::new();
    // One that was closed breaks when it is written to, or when it is read.
    if socket.write_all(request).await.is_ok() {
        socket.read_to_string(&mut answer).await.ok();
    }
    answer
}

#[tokio::test]
async fn a_channel_goes_by_what_is_set_for_its_service_and_by_what_is_set_for_all() {
    let sender = watch::Sender::new(settings("client: {timeout: 1s}"));
    let app = app(&sender);
    let users = app.channel("direct:///127.0.0.1:1").unwrap();
    assert_eq!(users.settings().timeout, Duration::from_secs(1));
    // Changed before it runs: what is made later has it, what is there gets it with the start.
    sender.send_replace(settings("client: {timeout: 2s}"));
    let later = app.channel("direct:///127.0.0.1:2").unwrap();
    assert_eq!(later.settings().timeout, Duration::from_secs(2));
    let running = TestApp::spawn(app).await.unwrap();
    until(async || users.settings().timeout == Duration::from_secs(2)).await;

    let own = "client: {timeout: 2s}\nclients: {'direct:///127.0.0.1:2': {timeout: 3s}}";
    sender.send_replace(settings(own));
    until(async || later.settings().timeout == Duration::from_secs(3)).await;
    assert_eq!(users.settings().timeout, Duration::from_secs(2));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_balancer_that_changes_forgets_nothing_of_the_nodes() {
    let (one, two) = (run("").await, run("").await);
    let channel = direct(&[&one, &two], ClientSettings::default());
    phase(&channel, NodePhase::Ready).await;
    for _ in 0..20 {
        echo(&channel, "a").await.unwrap();
    }
    let before: Vec<_> = channel.state().nodes.iter().map(|node| node.latency_ms).collect();
    let turns = ClientSettings { balancer: BalancerKind::RoundRobin, ..Default::default() };
    channel.set_settings(&turns);
    let after: Vec<_> = channel.state().nodes.iter().map(|node| node.latency_ms).collect();
    for (before, after) in before.iter().zip(&after) {
        assert!(*after > before / 2.0 && *after <= *before, "{before} {after}");
    }
    let counts = || [&one, &two].map(|it| it.calls.load(Ordering::Relaxed));
    let begun = counts();
    for _ in 0..20 {
        echo(&channel, "a").await.unwrap();
        // The turn goes on though another setting changes.
        let timeout = Duration::from_secs(fastrand::u64(5..10));
        channel.set_settings(&ClientSettings { timeout, ..turns.clone() });
    }
    let ended = counts();
    assert_eq!([ended[0] - begun[0], ended[1] - begun[1]], [10, 10]);
}

#[tokio::test]
async fn health_is_asked_for_from_when_it_is_set_and_not_heeded_any_more_when_it_is_not() {
    let sender = watch::Sender::new(settings(""));
    let app = app(&sender).serve(Service::new(&FACTS, Echo::default()));
    let health = app.health().clone();
    let app = TestApp::spawn(app).await.unwrap();
    let asking = ClientSettings::default();
    let silent = ClientSettings { health_check: false, ..asking.clone() };
    let address = app.address().unwrap().to_string();
    let channel = Channel::builder(address).settings(asking.clone()).build().unwrap();
    health.set_ready(false);
    phase(&channel, NodePhase::NotServing).await;
    channel.set_settings(&silent);
    phase(&channel, NodePhase::Ready).await;
    assert_eq!(echo(&channel, "a").await.unwrap(), "a");
    channel.set_settings(&asking);
    phase(&channel, NodePhase::NotServing).await;
    health.set_ready(true);
    phase(&channel, NodePhase::Ready).await;
    assert_eq!(channel.state().nodes[0].connections, 1);
}

#[tokio::test]
async fn connections_beyond_what_is_allowed_now_are_given_up_without_losing_a_call() {
    let running = run("").await;
    let many = ClientSettings { streams_per_connection: 1, ..Default::default() };
    let channel = direct(&[&running], many.clone());
    phase(&channel, NodePhase::Ready).await;
    let mut stuck = Vec::new();
    until(async || {
        stuck.push(tokio::spawn(channel.unary::<_, String>(&SLOW, String::new())));
        channel.state().nodes[0].connections == 4
    })
    .await;
    channel.set_settings(&ClientSettings { max_connections_per_node: 1, ..many });
    until(async || channel.state().nodes[0].connections == 1).await;
    assert!(stuck.iter().all(|call| !call.is_finished()), "their calls go on");
    assert_eq!(echo(&channel, "a").await.unwrap(), "a");
    stuck.into_iter().for_each(|call| call.abort());
}

#[tokio::test]
async fn the_pages_for_operators_ask_for_the_token_that_is_set_now() {
    let running = run("").await;
    let status = async || {
        let mut socket = TcpStream::connect(running.app.admin_address().unwrap()).await.unwrap();
        let request = "GET /registry HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(status().await, "200");
    running.change("admin: {token: t0k3n}");
    assert_eq!(status().await, "401");
    running.change("");
    assert_eq!(status().await, "200");
}

#[tokio::test]
async fn the_time_to_stop_is_what_is_set_when_it_stops() {
    let running = run("stop: {drain_delay: 30s, timeout: 60s}").await;
    running.change("stop: {drain_delay: 0s, timeout: 10s}");
    let begun = Instant::now();
    running.app.stop().await.unwrap();
    assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_changes_under_load_fail_no_call() {
    let (one, two) = (run("").await, run("").await);
    let channel = direct(&[&one, &two], ClientSettings::default());
    phase(&channel, NodePhase::Ready).await;
    let done = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let (channel, done) = (channel.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let text = format!("{caller}").repeat(3000);
                let mut calls = 0;
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(echo(&channel, &text).await.unwrap(), text);
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    let encodings = [Encoding::Identity, Encoding::Gzip];
    let kinds = [BalancerKind::P2c, BalancerKind::RoundRobin, BalancerKind::Random];
    for n in 0..1000 {
        let encoding = encodings[n % if cfg!(feature = "gzip") { 2 } else { 1 }];
        channel.set_settings(&ClientSettings {
            balancer: kinds[n % 3],
            compress: encoding,
            health_check: n % 5 != 0,
            max_connections_per_node: 1 + n % 4,
            streams_per_connection: 1 + n % 7,
            ..ClientSettings::default()
        });
        let mut next = Settings::clone(&one.settings.borrow());
        next.server.compress = encoding;
        next.server.max_message_size = 10_000 + n;
        for running in [&one, &two] {
            running.settings.send_replace(Arc::new(next.clone()));
        }
        tokio::task::yield_now().await;
    }
    done.store(true, Ordering::Relaxed);
    let mut calls = 0;
    for caller in callers {
        calls += caller.await.unwrap();
    }
    assert!(calls > 0);
    // The last value is in force.
    let last = "x".repeat(11_000);
    until(async || echo(&channel, &last).await.is_err()).await;
    assert_eq!(echo(&channel, &last[..10_900]).await.unwrap().len(), 10_900);
}

#[test]
fn what_waits_for_the_next_start_is_told_once_and_shown_until_it_is_taken_back() {
    let started = settings("server: {address: '127.0.0.1:1'}");
    let follower = Follower {
        latest: Latest::new(watch::Sender::new(Arc::clone(&started)).subscribe()),
        started,
        pending: Pending::none(),
        server: None,
        rules: crate::config::Live::new(Rules::default()),
        channels: Channels::default(),
        telemetry: Telemetry::off(),
    };
    let pending = follower.pending.clone();
    let shows = |yaml: &str, expected: serde_json::Value| {
        follower.apply(&settings(yaml));
        assert_eq!(pending.to_json(), expected);
    };
    shows("server: {address: '127.0.0.1:1', timeout: 1s}", serde_json::json!({}));
    let address = serde_json::json!({"in_force": "127.0.0.1:1", "next": "127.0.0.1:2"});
    shows("server: {address: '127.0.0.1:2'}", serde_json::json!({"server.address": address}));
    shows("server: {address: '127.0.0.1:1'}", serde_json::json!({}));
}

//! Services that run, and whose settings change in a real Consul meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bia::__codegen::{Facts, Handler, Reply, ServerCall};
use bia::config::{MemorySource, Variables};
use bia::testing::TestApp;
use bia::{App, Config, Context, Error, Kind, Operation, Service};
use futures_util::future::join_all;
use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::fixture::consul::Agent;

const LIMIT: Duration = Duration::from_secs(120);
const KEY: &str = "config/users/app.yaml";

static ASK: Operation = Operation::new("/users.v1.Users/Ask", Kind::Unary);
static USERS: Facts = Facts::new("users.v1.Users", &[&ASK], &[]);

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    data: Data,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Data {
    /// Written with the same number twice: another one is half a change.
    first: u64,
    second: u64,
    /// Of a hundred calls, how many fail.
    failing: u64,
}

/// Answers with the number that is set, and fails as it is told to.
struct Users {
    config: Config<Own>,
    calls: AtomicU64,
}

impl Handler for Users {
    fn call(&self, _: usize, call: ServerCall) -> Reply {
        let data = self.config.get().data.clone();
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        call.unary(move |_: Context, _: u32| async move {
            if data.first != data.second {
                return Err(Error::internal("TORN", format!("{data:?}")));
            }
            if number % 100 < data.failing {
                return Err(Error::internal("TOLD_TO_FAIL", "told to fail"));
            }
            Ok(data.first)
        })
    }
}

/// A service with its settings in Consul, and somebody who calls it all the time.
struct Served {
    config: Config<Own>,
    app: TestApp,
    calls: Arc<AtomicU64>,
    failures: Arc<AtomicU64>,
    caller: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Served {
    async fn start(agent: &Agent, id: &str, pause: Duration) -> Self {
        let flags = [
            "config.consul.prefix=config/users".to_owned(),
            format!("config.consul.address={}", agent.url()),
            format!("app.id={id}"),
            "server.address=127.0.0.1:0".to_owned(),
            "admin.address=".to_owned(),
            "registry.kind=none".to_owned(),
            "stop.drain_delay=0s".to_owned(),
        ];
        let flags = flags.into_iter().flat_map(|flag| ["--set".to_owned(), flag]);
        let config = bia::config::<Own>().arguments(flags, &Variables::default()).await.unwrap();
        let users = Users { config: config.clone(), calls: AtomicU64::new(0) };
        let app = App::new("users", "1", &config).unwrap().serve(Service::new(&USERS, users));
        let app = TestApp::spawn(app).await.unwrap();
        let channel = app.channel().unwrap();
        let (calls, failures): (Arc<AtomicU64>, Arc<AtomicU64>) = Default::default();
        let stop = Arc::new(AtomicBool::new(false));
        let (called, failed, stopped) =
            (Arc::clone(&calls), Arc::clone(&failures), Arc::clone(&stop));
        let caller = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                let answer = channel.unary::<_, u64>(&ASK, 1_u32).await;
                called.fetch_add(1, Ordering::Relaxed);
                failed.fetch_add(u64::from(answer.is_err()), Ordering::Relaxed);
                // sleeps: this is the rate of the calls.
                sleep(pause).await;
            }
        });
        Self { config, app, calls, failures, caller, stop }
    }

    fn data(&self) -> Data {
        self.config.get().data.clone()
    }

    fn rollout(&self, key: &str) -> String {
        let rollout = &self.config.report()["rollout"];
        rollout[key].as_str().map_or_else(|| rollout[key].to_string(), str::to_owned)
    }

    fn failed(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.caller.await.unwrap();
        self.app.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_changes_under_load_tear_lose_and_fail_nothing() {
    let test = "a_thousand_changes_under_load_tear_lose_and_fail_nothing";
    let Some(agent) = Agent::dev(test).await else { return };
    let text = |number: u64| format!("data: {{first: {number}, second: {number}}}");
    agent.write(KEY, Some(&text(0))).await;
    let served = Served::start(&agent, "one", Duration::ZERO).await;
    let mut watch = served.config.watch(|own| own.data.first);
    let mut slowest = Duration::ZERO;
    for number in 1..=10 {
        let begun = Instant::now();
        agent.write(KEY, Some(&text(number))).await;
        assert_eq!(timeout(LIMIT, watch.changed()).await.unwrap(), number);
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "a change was seen after {slowest:?}");
    let writing = async {
        for number in 11..=1010 {
            agent.write(KEY, Some(&text(number))).await;
        }
    };
    let watching = async {
        let (mut last, mut seen) = (10, 0_u32);
        while last < 1010 {
            let now = timeout(LIMIT, watch.changed()).await.unwrap();
            assert!(now > last, "{now} after {last}");
            (last, seen) = (now, seen + 1);
        }
        seen
    };
    let (seen, ()) = tokio::join!(watching, writing);
    let calls = served.calls.load(Ordering::Relaxed);
    assert_eq!((served.failed(), served.data().first), (0, 1010));
    assert!(calls > 100, "that was no load: {calls} calls");
    let report = served.config.report();
    assert_eq!(report["refused"], 0, "{}", report["refusals"]);
    println!("slowest of ten: {slowest:?}; of a thousand in a row {seen} taken, {calls} calls");
    served.stop().await;
}

/// How many have it, looked at until `done` says so; every number that was seen on the way.
async fn having(
    fleet: &[Served],
    has: impl Fn(&Data) -> bool,
    done: impl Fn(usize) -> bool,
) -> BTreeSet<usize> {
    let begun = Instant::now();
    let mut seen = BTreeSet::new();
    loop {
        let count = fleet.iter().filter(|it| has(&it.data())).count();
        seen.insert(count);
        if done(count) {
            return seen;
        }
        let reports: Vec<_> =
            fleet.iter().map(|it| it.config.report()["rollout"].clone()).collect();
        assert!(begun.elapsed() < LIMIT, "{count} have it: {reports:#?}");
        // sleeps: it is looked at all the time.
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_a_bad_change_stays_with_one_and_a_good_one_reaches_all() {
    let test = "of_twenty_a_bad_change_stays_with_one_and_a_good_one_reaches_all";
    let Some(agent) = Agent::dev(test).await else { return };
    agent.write(KEY, Some("data: {failing: 0}")).await;
    let pause = Duration::from_millis(20);
    let ids: Vec<_> = (0..20).map(|number| format!("users-{number:02}")).collect();
    let fleet = join_all(ids.iter().map(|id| Served::start(&agent, id, pause))).await;
    // Latency is not what is looked at on a machine that has other things to do.
    let plan = |id: &str, change: &str| {
        format!(
            "rollout: {{id: {id}, every: 2s, guard: {{errors: 5%, latency: 1000, min_calls: 20}}, \
             change: {{data: {{{change}}}}}}}\ndata: {{failing: 0}}"
        )
    };

    agent.write(KEY, Some(&plan("bad", "failing: 50"))).await;
    let has = |data: &Data| data.failing > 0;
    having(&fleet, has, |count| count > 0).await;
    let most = having(&fleet, has, |count| count == 0).await;
    assert!(most.last() <= Some(&1), "{most:?} had it");
    let bad = || fleet.iter().filter(|it| it.rollout("verdict") == "bad").count();
    let halted = || fleet.iter().filter(|it| it.rollout("halted").contains("took it back")).count();
    let begun = Instant::now();
    while halted() < fleet.len() || begun.elapsed() < Duration::from_secs(5) {
        assert!(begun.elapsed() < LIMIT, "{} know", halted());
        assert_eq!(having(&fleet, has, |_| true).await, [0].into());
        // sleeps: nothing is to happen.
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(bad(), 1);
    let hit = fleet.iter().filter(|it| it.failed() > 0).count();
    assert_eq!(hit, 1, "one instance failed calls, the others none");
    let failed: u64 = fleet.iter().map(Served::failed).sum();

    agent.write(KEY, Some(&plan("good", "first: 7, second: 7"))).await;
    let seen = having(&fleet, |data| data.first == 7, |count| count == 20).await;
    assert!(seen.contains(&1) && seen.contains(&2), "step by step: {seen:?}");
    let after: u64 = fleet.iter().map(Served::failed).sum();
    assert_eq!(after, failed, "no call failed of it");

    let own = agent.get("/v1/kv/config/users/.rollout/good?keys").await;
    assert_eq!(own.as_array().unwrap().len(), 21, "a note of each, and who has it");
    agent.write(KEY, Some("data: {first: 7, second: 7}")).await;
    let mut gone = fleet[0].config.watch_settings(|settings| settings.rollout.id.clone());
    if !fleet[0].config.settings().rollout.id.is_empty() {
        assert_eq!(timeout(LIMIT, gone.changed()).await.unwrap(), "");
    }
    assert!(fleet.iter().all(|it| it.data().first == 7), "what was rolled out is settled");
    println!("{failed} calls failed at the one that had the bad change");
    join_all(fleet.into_iter().map(Served::stop)).await;
}

#[tokio::test]
async fn a_staged_change_that_is_wrong_is_refused_before_any_has_it() {
    let source = MemorySource::new();
    source.set("centre.yaml", "data: {failing: 1}");
    let config = bia::config::<Own>().for_test("").source(source.clone()).await.unwrap();
    let _reloading = config.reloading();
    for (change, expected) in [
        ("data: {failing: lots}", "data.failing in centre.yaml:1: expected a whole number"),
        ("data: {fialing: 1}", "did you mean data.failing"),
        ("server: {timeout: 1}", "server.timeout in centre.yaml:1"),
        ("rollout: {id: other}", "rollout.change.rollout in centre.yaml:1: cannot be changed"),
    ] {
        source.set("centre.yaml", format!("rollout: {{id: a, change: {{{change}}}}}"));
        let refused = async {
            loop {
                let reason = config.report()["refusals"][0]["reason"].to_string();
                if reason.contains(expected) {
                    break;
                }
                // sleeps: a refusal is what does not come out of a watch.
                sleep(Duration::from_millis(20)).await;
            }
        };
        if timeout(Duration::from_secs(30), refused).await.is_err() {
            panic!("{change}: {}", config.report()["refusals"]);
        }
        assert_eq!(config.get().data.failing, 1);
    }
    let exit = bia::config::<Own>().for_test("rollout: {change: {data: {}}}").await.unwrap_err();
    assert!(exit.to_string().contains("rollout.id"), "{exit}");
}

#[tokio::test]
async fn a_staged_change_is_shown_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "hunter2").unwrap();
    let yaml = format!(
        "rollout: {{id: a, change: {{server: {{advertise: '${{file:{}}}'}}}}}}",
        file.display()
    );
    let config = bia::config::<Own>().for_test(yaml).await.unwrap();
    let report = config.report().to_string();
    assert!(report.contains("rollout.change") && !report.contains("hunter2"), "{report}");
}

//! Settings that change, are wrong, come late or not at all; the clock stands still unless all wait.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::app::Exit;
use crate::config::{Document, Invalid, MemorySource, Secret, Snapshot, Source};
use crate::error::{Error, Result};

use super::*;

/// Longer than any change takes to be in force or refused, by the clock of the test.
const LONG: Duration = Duration::from_secs(5);

#[derive(Debug, Default, Deserialize, garde::Validate)]
#[serde(default, deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct Own {
    low: u64,
    high: u64,
    name: String,
    password: Secret,
    #[garde(range(max = 100))]
    percent: u8,
    must: Option<Must>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Must {
    #[expect(dead_code, reason = "only decoded")]
    url: String,
}

/// Settings of a memory that is reloaded, with checks.
struct Running {
    memory: MemorySource,
    config: Config<Own>,
    _reloading: Reloading,
}

async fn run(yaml: &str) -> Running {
    let memory = MemorySource::new();
    memory.set("centre.yaml", yaml.to_owned());
    let config = builder(&memory).await.unwrap();
    let reloading = config.reloading();
    Running { memory, config, _reloading: reloading }
}

fn builder(memory: &MemorySource) -> ConfigBuilder<Own> {
    config::<Own>().for_test("").rules().source(memory.clone()).check(|own| {
        assert_ne!(own.name, "panic", "a check that panics");
        if own.low > own.high {
            return Err(Invalid::new("low", "expected at most what high is"));
        }
        Ok(())
    })
}

impl Running {
    /// Sets the document and waits until it is in force or refused.
    async fn set(&self, yaml: &str) {
        self.memory.set("centre.yaml", yaml.to_owned());
        // sleeps: the clock stands still while anything is done, so this takes no time.
        sleep(LONG).await;
    }

    fn revision(&self) -> u64 {
        self.config.handle.stats().revision
    }

    fn refusals(&self) -> Vec<Value> {
        self.config.report()["refusals"].as_array().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_right_is_in_force_whole() {
    let it = run("{low: 1, high: 2, server: {timeout: 1s}}").await;
    let held = it.config.hold();
    it.set("{low: 3, high: 4, server: {timeout: 3s}}").await;
    assert_eq!((it.config.get().low, it.config.get().high), (3, 4));
    assert_eq!(it.config.settings().server.timeout, Duration::from_secs(3));
    assert_eq!((held.low, held.settings().server.timeout.as_secs()), (1, 1), "what is held stays");
    assert_eq!(it.revision(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_refused_with_its_reason_and_the_last_good_state_stays() {
    let good = "{low: 1, high: 2, must: {url: x}}";
    let table = [
        ("low: [1", "centre.yaml:2: cannot be read as YAML"),
        (
            "{low: many}",
            "low in centre.yaml:1: expected a whole number, not below 0, found \"many\"",
        ),
        ("{lwo: 1}", "lwo in centre.yaml:1: there is no such setting: did you mean low?"),
        ("{must: {}}", "must.url: is not set and has no default"),
        ("{low: 5, high: 2}", "low in centre.yaml:1: expected at most what high is"),
        ("{percent: 101}", "percent in centre.yaml:1: expected at most 100, found 101"),
        ("{name: panic}", "the check of the settings panicked"),
        ("{server: {timeout: 10}}", "server.timeout in centre.yaml:1: \"10\" has no unit"),
        ("{server: {address: here}}", "server.address in centre.yaml:1: expected host:port"),
        ("{name: '${NOT_SET}'}", "name in centre.yaml:1: ${NOT_SET} has no value"),
        ("{config: {debounce: 1s}}", "config in centre.yaml:1: is read before this source"),
    ];
    for (bad, reason) in table {
        let it = run(good).await;
        it.set(bad).await;
        assert_eq!((it.config.get().low, it.config.get().high, it.revision()), (1, 2, 1), "{bad}");
        let refusals = it.refusals();
        let told = refusals[0]["reason"].as_str().unwrap();
        assert!(told.starts_with(reason), "{bad}\n  is: {told}\n not: {reason}");
        assert_eq!(refusals[0]["stands"], true);
        let stats = it.config.handle.stats();
        assert_eq!((stats.refused, stats.is_refused), (1, true));
        assert_eq!(it.config.report()["sources"][1]["error"].as_str(), Some(told));
        it.set("{low: 3, high: 4}").await;
        assert_eq!((it.config.get().low, it.revision()), (3, 2), "after {bad}");
        assert!(!it.config.handle.stats().is_refused);
        assert_eq!(it.config.report()["sources"][1]["error"], Value::Null);
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_emptied_or_goes_away_changes_nothing() {
    let it = run("{low: 1, high: 2}").await;
    it.memory.remove("centre.yaml");
    sleep(LONG).await;
    assert_eq!((it.config.get().high, it.revision()), (2, 1));
    let told = it.refusals()[0]["reason"].as_str().unwrap().to_owned();
    assert!(told.starts_with("memory: has no documents any more"), "{told}");

    it.memory.set("centre.yaml", "{low: 1, high: 3}");
    it.memory.fail(Some("no route to host"));
    sleep(LONG).await;
    assert_eq!((it.config.get().high, it.revision()), (2, 1));
    let told = it.refusals()[0]["reason"].as_str().unwrap().to_owned();
    assert_eq!(told, "memory: no route to host");

    it.memory.fail(None);
    sleep(Duration::from_secs(60)).await;
    assert_eq!((it.config.get().high, it.revision()), (3, 2));
    assert!(it.refusals().iter().all(|it| it["stands"] == false));
}

#[tokio::test(start_paused = true)]
async fn a_reason_quotes_no_more_than_people_read() {
    let it = run("high: 1").await;
    it.set(&format!("high: {}", "x".repeat(100_000))).await;
    let reason = it.refusals()[0]["reason"].as_str().unwrap().chars().count();
    assert!((1000..3000).contains(&reason), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_kept_once_for_each_reason_however_often_it_comes() {
    let it = run("high: 1").await;
    it.memory.fail(Some("no route to host"));
    sleep(Duration::from_secs(600)).await;
    let refusals = it.refusals();
    assert_eq!(refusals.len(), 1);
    let times = refusals[0]["times"].as_u64().unwrap();
    assert!((20..100).contains(&times), "it is tried again with growing pauses: {times}");
    for number in 0..100 {
        it.set(&format!("nope{number}: 1")).await;
    }
    it.memory.fail(None);
    for number in 0..100 {
        it.set(&format!("nope{number}: 1")).await;
    }
    assert_eq!(it.refusals().len(), 16, "the latest are kept");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_taken_back_is_no_change() {
    let it = run("{low: 1, high: 2}").await;
    it.set("{low: 5}").await;
    assert!(it.config.handle.stats().is_refused);
    it.set("{low: 1, high: 2}").await;
    assert!(!it.config.handle.stats().is_refused);
    it.set("# another line\n{high: 2, low: 1}").await;
    assert_eq!(it.revision(), 1);
    assert_eq!(it.config.report()["settings"]["low"]["origin"], "centre.yaml:2");
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_each_change_of_its_part_and_of_no_other() {
    let it = run("{low: 1, high: 9, name: a}").await;
    let mut name = it.config.watch(|own| own.name.clone());
    let mut timeout_ = it.config.watch_settings(|settings| settings.server.timeout);
    assert_eq!(name.last(), "a");
    it.set("{low: 2, high: 9, name: a}").await;
    assert!(timeout(LONG, name.changed()).await.is_err(), "another part changed");
    it.set("{low: 2, high: 9, name: b}").await;
    assert_eq!(name.changed().await, "b");
    assert!(timeout(LONG, name.changed()).await.is_err(), "it was told once");
    it.set("{low: 10, high: 9, name: c}").await;
    assert!(timeout(LONG, name.changed()).await.is_err(), "it was refused");
    assert!(timeout(LONG, timeout_.changed()).await.is_err());
    it.set("{high: 9, name: c, server: {timeout: 7s}}").await;
    assert_eq!((name.changed().await.as_str(), timeout_.changed().await.as_secs()), ("c", 7));
}

#[tokio::test(start_paused = true)]
async fn a_slow_watcher_holds_up_nobody_and_sees_the_last_value() {
    let it = run("{high: 0}").await;
    let mut slow = it.config.watch(|own| own.high);
    for high in 1..=20 {
        it.set(&format!("high: {high}")).await;
        assert_eq!(it.config.get().high, high);
    }
    assert_eq!(slow.changed().await, 20);
    assert!(timeout(LONG, slow.changed()).await.is_err());
    it.set("high: 21").await;
    it.set("high: 20").await;
    assert!(timeout(LONG, slow.changed()).await.is_err(), "changed and changed back");
}

#[tokio::test(start_paused = true)]
async fn changes_that_come_together_are_one_and_a_stream_of_them_is_taken_now_and_then() {
    let it = run("{low: 0, high: 0}").await;
    for number in 1..=10_u64 {
        it.memory.set("centre.yaml", format!("{{low: {number}, high: {number}}}"));
        sleep(Duration::from_millis(10)).await;
    }
    sleep(LONG).await;
    assert_eq!((it.config.get().low, it.revision()), (10, 2), "ten within the debounce are one");

    let begun = Instant::now();
    let mut number = 10_u64;
    while begun.elapsed() < Duration::from_secs(10) {
        number += 1;
        it.memory.set("centre.yaml", format!("{{low: {number}, high: {number}}}"));
        sleep(Duration::from_millis(20)).await;
        let own = it.config.get();
        assert_eq!(own.low, own.high);
        assert!(number - own.low <= 60, "{number} is set, {} in force", own.low);
    }
    assert!((9..=13).contains(&(it.revision() - 2)), "{} in ten seconds", it.revision() - 2);
    sleep(LONG).await;
    assert_eq!(it.config.get().low, number, "the last one is not lost");
}

#[tokio::test(start_paused = true)]
async fn an_accepted_change_is_on_record_with_keys_values_source_and_time_and_no_secret() {
    let it = run("{name: a, password: hunter1}").await;
    it.set("{name: b, password: hunter2, server: {timeout: 7s}, high: 1}").await;
    let report = it.config.report();
    let change = &report["changes"][0];
    assert_eq!(change["revision"], 2);
    assert_eq!(change["sources"][0]["name"], "memory");
    assert_eq!(change["sources"][0]["revision"].as_str().unwrap().len(), 16);
    let expected = serde_json::json!([
        {"key": "high", "old": null, "new": "1"},
        {"key": "name", "old": "a", "new": "b"},
        {"key": "password", "old": "***", "new": "***"},
        {"key": "server.timeout", "old": null, "new": "7s"},
    ]);
    assert_eq!(change["keys"], expected);
    assert!(change["at"].as_str().unwrap().ends_with('Z'), "{change}");
    assert_eq!(report["settings"]["password"]["value"], "***");
    assert_eq!(report["settings"]["server.timeout"]["origin"], "centre.yaml:1");
    assert!(!report.to_string().contains("hunter"), "{report}");
    for number in 0..100 {
        it.set(&format!("high: {number}")).await;
    }
    assert_eq!(it.config.report()["changes"].as_array().unwrap().len(), 64);
}

#[tokio::test(start_paused = true)]
async fn one_source_that_is_wrong_does_not_keep_another_from_changing() {
    let (first, second) = (MemorySource::new(), MemorySource::new());
    first.set("first.yaml", "low: 1");
    second.set("second.yaml", "high: 2");
    let config = builder(&first).source(second.clone()).await.unwrap();
    let _reloading = config.reloading();
    first.set("first.yaml", "low: 7");
    sleep(LONG).await;
    assert_eq!(config.get().low, 1, "refused: high is less");
    second.set("second.yaml", "{high: 2, name: b}");
    sleep(LONG).await;
    assert_eq!((config.get().low, config.get().name.as_str()), (1, "b"));
    assert!(config.handle.stats().is_refused, "the first still says what is wrong");
    second.set("second.yaml", "{high: 9, name: c}");
    sleep(LONG).await;
    let own = config.get();
    assert_eq!((own.low, own.high, own.name.as_str()), (7, 9, "c"), "right together");
    assert!(!config.handle.stats().is_refused);
}

#[tokio::test]
async fn whatever_is_written_the_settings_in_force_are_whole_and_right() {
    // Each says that it is whole: what is cut off or altered says something else, or nothing.
    let whole = [
        (
            "c.yaml",
            "low: 41\nname: ${X:nobody}\nmust: {url: 'a: b'}\nserver: {timeout: 3s}\nhigh: 41\n",
        ),
        ("c.toml", "low = 41\nname = \"n\"\npercent = 3\nhigh = 41\n[must]\nurl = \"x\"\n"),
        ("c.json", r#"{"low": 41, "name": "n", "must": {"url": "x"}, "percent": 3, "high": 41}"#),
    ];
    let mut random = fastrand::Rng::with_seed(7);
    for (name, text) in whole {
        let memory = MemorySource::new();
        memory.set(name, text);
        let config = builder(&memory).check(|own| match own.low == own.high {
            true => Ok(()),
            false => Err("the sum is wrong"),
        });
        let config = config.await.unwrap();
        let offer = |bytes: &[u8]| {
            let snapshot = Snapshot::of(vec![Document::new(name, bytes.to_vec())]);
            config.handle.reload.offer(vec![(1, Ok(snapshot))]);
            let own = config.hold();
            assert_eq!(own.low, own.high, "{}", String::from_utf8_lossy(bytes));
            assert!(own.percent <= 100);
            own.settings().check(&Variables::default()).unwrap();
        };
        (0..text.len()).for_each(|end| offer(&text.as_bytes()[..end]));
        for _ in 0..1500 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..random.usize(1..6) {
                let at = random.usize(..bytes.len());
                match random.u8(..3) {
                    0 => bytes[at] = random.u8(..),
                    1 => bytes.insert(at, *random.choice(b"{}[]:,#&*!|>'\"%@`-? \n\t$~<").unwrap()),
                    _ => drop(bytes.remove(at)),
                }
            }
            offer(&bytes);
        }
        assert!(config.handle.stats().refused > 500);
        let last = text.replace("41", "43");
        offer(last.as_bytes());
        assert_eq!(config.get().high, 43, "the last is taken");
        assert!(!config.handle.stats().is_refused);
    }
}

/// A source that answers as it is told to.
#[derive(Default)]
struct Scripted {
    loads: AtomicUsize,
    fails_until: usize,
    hangs: AtomicBool,
    panics: bool,
    invalid: bool,
    hints: bool,
}

impl Source for Scripted {
    fn name(&self) -> String {
        "centre".to_owned()
    }

    fn load(&self) -> futures_core::future::BoxFuture<'_, Result<Snapshot>> {
        Box::pin(async {
            let load = self.loads.fetch_add(1, Ordering::Relaxed);
            if self.hangs.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            assert!(!self.panics, "a load that panics");
            if self.invalid {
                return Err(Invalid::from("the signature is wrong").into());
            }
            if load < self.fails_until {
                return Err(Error::unavailable("AWAY", "connection refused"));
            }
            Ok(Snapshot::of(vec![Document::new("c.yaml", format!("high: {load}"))]))
        })
    }

    fn changed(&self) -> futures_core::future::BoxFuture<'_, ()> {
        match self.hints {
            true => Box::pin(std::future::ready(())),
            false => Box::pin(std::future::pending()),
        }
    }
}

async fn start(source: Scripted) -> std::result::Result<Config<Own>, Exit> {
    config::<Own>().for_test("").source(source).await
}

#[tokio::test(start_paused = true)]
async fn a_centre_that_is_away_at_the_start_is_waited_for_and_then_named() {
    let config = start(Scripted { fails_until: 4, ..Scripted::default() }).await.unwrap();
    assert_eq!(config.get().high, 4);

    let begun = Instant::now();
    let exit =
        start(Scripted { fails_until: usize::MAX, ..Scripted::default() }).await.unwrap_err();
    assert_eq!(exit.code(), 1);
    assert_eq!(
        exit.to_string(),
        "cannot read settings from centre (connection refused): tried for 10s, see config.start_timeout"
    );
    assert!(begun.elapsed() <= Duration::from_secs(10), "{:?}", begun.elapsed());

    let hanging = Scripted { hangs: AtomicBool::new(true), ..Scripted::default() };
    let begun = Instant::now();
    let soon = super::config::<Own>().for_test("config: {start_timeout: 2s}").source(hanging);
    let exit = soon.await.unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(2), "no longer than it may take");
    assert!(exit.to_string().contains("it did not answer"), "{exit}");
    let exit = start(Scripted { panics: true, ..Scripted::default() }).await.unwrap_err();
    assert!(exit.to_string().contains("it panicked: a load that panics"), "{exit}");
}

#[tokio::test(start_paused = true)]
async fn a_centre_whose_settings_are_wrong_is_not_waited_for() {
    let begun = Instant::now();
    let exit = start(Scripted { invalid: true, ..Scripted::default() }).await.unwrap_err();
    assert_eq!((exit.code(), exit.to_string().as_str()), (78, "the signature is wrong"));
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hints_without_end_is_loaded_no_more_often_than_needed() {
    let source = Arc::new(Scripted { hints: true, ..Scripted::default() });
    let config = config::<Own>().for_test("").source(Arc::clone(&source)).await.unwrap();
    let _reloading = config.reloading();
    sleep(Duration::from_secs(100)).await;
    let loads = source.loads.load(Ordering::Relaxed);
    assert!((90..=110).contains(&loads), "{loads} in 100 s");
}

#[tokio::test(start_paused = true)]
async fn who_reloads_is_replaced_by_the_next_when_it_is_dropped() {
    let it = run("high: 1").await;
    let second = it.config.reloading();
    drop(it._reloading);
    it.memory.set("centre.yaml", "high: 2");
    sleep(LONG).await;
    assert_eq!(it.config.get().high, 2);
    second.stop().await;
    it.memory.set("centre.yaml", "high: 3");
    sleep(LONG).await;
    assert_eq!(it.config.get().high, 2, "nobody reloads any more");
}

#[tokio::test]
async fn readers_on_every_thread_see_two_fields_that_agree_and_then_the_last() {
    let memory = MemorySource::new();
    memory.set("centre.yaml", "{low: 0, high: 0}");
    let config = config::<Own>().for_test("config: {debounce: 0s}").source(memory.clone());
    let config = config.await.unwrap();
    let _reloading = config.reloading();
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (config, done) = (config.clone(), Arc::clone(&done));
            std::thread::spawn(move || {
                loop {
                    let is_done = done.load(Ordering::Relaxed);
                    let own = config.get();
                    assert_eq!(own.low, own.high);
                    if is_done {
                        return own.high;
                    }
                }
            })
        })
        .collect();
    let mut high = config.watch(|own| own.high);
    for number in 1..=1000 {
        memory.set("centre.yaml", format!("{{low: {number}, high: {number}}}"));
        if number % 10 == 0 {
            tokio::task::yield_now().await;
        }
    }
    while *high.last() != 1000 {
        timeout(Duration::from_secs(20), high.changed()).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    assert!(readers.into_iter().all(|reader| reader.join().unwrap() == 1000));
}

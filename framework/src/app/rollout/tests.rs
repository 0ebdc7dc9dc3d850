use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_core::future::BoxFuture;
use tokio::time::Instant;

use super::*;
use crate::config::Percent;
use crate::config::rollout::Posted;
use crate::error::{Error, Result};

const SECOND: Duration = Duration::from_secs(1);

/// A board that all have.
#[derive(Default)]
struct Wall {
    posted: Mutex<Posted>,
    /// What it answers instead.
    fault: Mutex<Option<u16>>,
}

impl Wall {
    fn lock(&self) -> Result<std::sync::MutexGuard<'_, Posted>> {
        match *self.fault.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(code) => Err(Error::new(code, "WALL", "it is down")),
            None => Ok(self.posted.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    fn notes(&self) -> BTreeMap<String, String> {
        self.posted.lock().unwrap().notes.clone()
    }
}

impl Board for Wall {
    fn name(&self) -> String {
        "wall".to_owned()
    }

    fn read<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Posted>> {
        Box::pin(async { Ok(self.lock()?.clone()) })
    }

    fn post<'a>(&'a self, _: &'a str, who: &'a str, note: String) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.lock()?.notes.insert(who.to_owned(), note);
            Ok(())
        })
    }

    fn remove<'a>(&'a self, _: &'a str, who: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.lock()?.notes.remove(who);
            Ok(())
        })
    }

    fn assign<'a>(
        &'a self,
        _: &'a str,
        text: String,
        mark: Option<u64>,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let mut posted = self.lock()?;
            let is_same = posted.assignment.as_ref().map(|(_, mark)| *mark) == mark;
            if is_same {
                posted.assignment = Some((text, mark.unwrap_or_default() + 1));
            }
            Ok(is_same)
        })
    }
}

/// A call each millisecond; with the change a fifth of them may fail, or all take longer.
struct Load {
    stage: Stage,
    failing: bool,
    slow: bool,
    /// Calls, errors and slow calls up to the last look.
    counted: Mutex<(Instant, [u64; 3])>,
}

impl Load {
    fn new(stage: &Stage, failing: bool, slow: bool) -> Self {
        let counted = Mutex::new((Instant::now(), [0; 3]));
        Self { stage: stage.clone(), failing, slow, counted }
    }
}

impl Vitals for Load {
    fn pulse(&self) -> Pulse {
        let mut counted = self.counted.lock().unwrap();
        let calls = u64::try_from(counted.0.elapsed().as_millis()).unwrap();
        counted.0 += Duration::from_millis(calls);
        let has = !self.stage.held().id.is_empty();
        counted.1[0] += calls;
        counted.1[1] += if has && self.failing { calls / 5 } else { 0 };
        counted.1[2] += if has && self.slow { calls } else { 0 };
        let [calls, errors, slow] = counted.1;
        let spread = vec![(0.001, 0), (0.01, calls - slow), (0.1, slow), (f64::INFINITY, 0)];
        Pulse { calls, errors, spread }
    }
}

struct Instance {
    name: String,
    stage: Stage,
    settings: watch::Sender<Arc<Settings>>,
    rollout: Option<Rollout>,
}

impl Instance {
    fn start(
        name: &str,
        wall: Option<&Arc<Wall>>,
        plan: &RolloutSettings,
        load: (bool, bool),
    ) -> Self {
        let settings = Settings { rollout: plan.clone(), ..Settings::default() };
        let settings = watch::Sender::new(Arc::new(settings));
        let stage = Stage::new();
        let in_force = stage.clone();
        let parts = Parts {
            instance: name.to_owned(),
            settings: settings.subscribe(),
            stage: stage.clone(),
            in_force: Box::new(move || Some(in_force.held().revision())),
            vitals: Arc::new(Load::new(&stage, load.0, load.1)),
            board: wall.map(|wall| Arc::clone(wall) as _),
        };
        let rollout = Some(Rollout::start(parts));
        Self { name: name.to_owned(), stage, settings, rollout }
    }

    fn has(&self) -> bool {
        !self.stage.held().id.is_empty()
    }

    fn report(&self, key: &str) -> String {
        let report = self.stage.report();
        report[key].as_str().map_or_else(|| report[key].to_string(), str::to_owned)
    }

    async fn stop(&mut self) {
        if let Some(rollout) = self.rollout.take() {
            rollout.stop().await;
        }
    }
}

fn plan() -> RolloutSettings {
    RolloutSettings {
        id: "checkout-2".to_owned(),
        every: 10 * SECOND,
        change: [("data".to_owned(), serde_json::json!({"pool": 3}))].into(),
        ..RolloutSettings::default()
    }
}

fn fleet(
    count: usize,
    wall: &Arc<Wall>,
    plan: &RolloutSettings,
    load: (bool, bool),
) -> Vec<Instance> {
    (0..count)
        .map(|index| Instance::start(&format!("i{index:02}"), Some(wall), plan, load))
        .collect()
}

fn having(fleet: &[Instance]) -> usize {
    fleet.iter().filter(|instance| instance.has()).count()
}

/// Lets time pass until so many have the change; the most that ever had it before, and how long.
async fn until(fleet: &[Instance], count: usize) -> (usize, Duration) {
    let (begun, mut most) = (Instant::now(), 0);
    while having(fleet) != count {
        most = most.max(having(fleet));
        assert!(begun.elapsed() < 600 * SECOND, "{} have it, not {count}", having(fleet));
        // sleeps: it is looked at all the time, and the clock is paused.
        sleep(Duration::from_millis(50)).await;
    }
    (most, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_good_change_reaches_all_of_twenty_and_a_step_takes_its_time() {
    let fleet = fleet(20, &Arc::default(), &plan(), (false, false));
    let (most, _) = until(&fleet, 1).await;
    assert_eq!(most, 0);
    let (most, took) = until(&fleet, 2).await;
    assert!(most == 1 && took >= 9 * SECOND && took < 15 * SECOND, "{most} for {took:?}");
    let (most, took) = until(&fleet, 20).await;
    assert!(
        (2..20).contains(&most) && took >= 9 * SECOND && took < 20 * SECOND,
        "{most} for {took:?}"
    );
    sleep(30 * SECOND).await;
    assert!(fleet.iter().all(|it| it.report("verdict") == "good"));
}

#[tokio::test(start_paused = true)]
async fn a_bad_change_never_passes_the_first_step_of_twenty() {
    for (load, why) in [((true, false), "calls failed"), ((false, true), "95% of ")] {
        let fleet = fleet(20, &Arc::default(), &plan(), load);
        until(&fleet, 1).await;
        let (most, took) = until(&fleet, 0).await;
        assert!(most == 1 && took < 5 * SECOND, "taken back by {most} after {took:?}");
        let begun = Instant::now();
        while begun.elapsed() < 120 * SECOND {
            assert_eq!(having(&fleet), 0);
            sleep(SECOND / 10).await;
        }
        let bad: Vec<_> = fleet.iter().filter(|it| it.report("verdict") == "bad").collect();
        assert_eq!(bad.len(), 1);
        assert!(bad[0].report("why").contains(why), "{}", bad[0].report("why"));
        let halted = format!("instance {} took it back", bad[0].name);
        assert!(fleet.iter().all(|it| it.report("halted").contains(&halted)));
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_has_it_when_all_have_and_does_not_begin_anew() {
    let wall = Arc::default();
    let mut fleet = fleet(5, &wall, &plan(), (false, false));
    until(&fleet, 1).await;
    fleet.push(Instance::start("late", Some(&wall), &plan(), (false, false)));
    sleep(5 * SECOND).await;
    assert_eq!(having(&fleet), 1, "the place of the first step is taken");
    until(&fleet, 6).await;
    fleet.push(Instance::start("later", Some(&wall), &plan(), (false, false)));
    until(&fleet, 7).await;
}

#[tokio::test(start_paused = true)]
async fn who_ended_while_it_tried_does_not_try_again_and_stops_the_rest() {
    let wall = Arc::default();
    let mut fleet = fleet(20, &wall, &plan(), (false, false));
    until(&fleet, 1).await;
    let at = fleet.iter().position(Instance::has).unwrap();
    let dead = fleet.remove(at);
    let name = dead.name.clone();
    // As if killed: not a word.
    drop(dead);
    sleep(60 * SECOND).await;
    assert_eq!(having(&fleet), 0);
    assert!(fleet[0].report("halted").contains("has not been heard of since it took it"));
    fleet.push(Instance::start(&name, Some(&wall), &plan(), (false, false)));
    sleep(60 * SECOND).await;
    assert_eq!((having(&fleet), fleet[19].report("verdict").as_str()), (0, "bad"));
    assert_eq!(fleet[19].report("why"), "it ended while it tried the change");
}

#[tokio::test(start_paused = true)]
async fn who_is_stopped_in_order_makes_room() {
    let wall = Arc::default();
    let mut fleet = fleet(20, &wall, &plan(), (false, false));
    until(&fleet, 1).await;
    let at = fleet.iter().position(Instance::has).unwrap();
    let mut left = fleet.remove(at);
    left.stop().await;
    assert!(wall.notes()[&left.name].contains("\"left\":true"));
    until(&fleet, 1).await;
    until(&fleet, 19).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_named_no_more_is_in_force_no_more() {
    let wall = Arc::default();
    let fleet = fleet(3, &wall, &plan(), (false, false));
    until(&fleet, 3).await;
    for instance in &fleet {
        instance.settings.send_replace(Arc::default());
    }
    until(&fleet, 0).await;
    sleep(SECOND).await;
    assert!(wall.notes().is_empty());
    assert_eq!(fleet[0].stage.report(), serde_json::Value::Null);
}

#[tokio::test(start_paused = true)]
async fn while_the_others_cannot_be_heard_it_goes_no_further_and_is_still_taken_back() {
    let wall: Arc<Wall> = Arc::default();
    let fleet = fleet(20, &wall, &plan(), (true, false));
    until(&fleet, 1).await;
    *wall.fault.lock().unwrap() = Some(503);
    until(&fleet, 0).await;
    sleep(60 * SECOND).await;
    assert_eq!(having(&fleet), 0);
    assert!(fleet[0].report("said").contains("until the others can be heard: "));
    *wall.fault.lock().unwrap() = None;
    sleep(60 * SECOND).await;
    assert_eq!(having(&fleet), 0, "what was found meanwhile is told");
}

#[tokio::test(start_paused = true)]
async fn without_a_board_each_goes_by_its_place_and_by_time() {
    let forbidden: Arc<Wall> = Arc::default();
    *forbidden.fault.lock().unwrap() = Some(403);
    for wall in [None, Some(&forbidden)] {
        let plan =
            RolloutSettings { steps: [10.0, 50.0, 100.0].map(Percent::new).into(), ..plan() };
        let fleet: Vec<_> = (0..40)
            .map(|index| Instance::start(&format!("i{index:02}"), wall, &plan, (false, false)))
            .collect();
        sleep(5 * SECOND).await;
        let first = having(&fleet);
        sleep(10 * SECOND).await;
        let second = having(&fleet);
        sleep(10 * SECOND).await;
        assert_eq!(having(&fleet), 40);
        assert!((1..10).contains(&first) && (12..28).contains(&second), "{first}, then {second}");
        assert!(fleet[0].report("said").contains("by time and for itself"));
        let fleet: Vec<_> = (0..40)
            .map(|index| Instance::start(&format!("i{index:02}"), wall, &plan, (true, false)))
            .collect();
        sleep(60 * SECOND).await;
        assert_eq!(having(&fleet), 0, "each takes it back for itself");
    }
}

#[tokio::test(start_paused = true)]
async fn without_calls_there_is_no_evidence_and_no_change() {
    struct Idle;
    impl Vitals for Idle {
        fn pulse(&self) -> Pulse {
            Pulse::default()
        }
    }
    let settings = Settings { rollout: plan(), ..Settings::default() };
    let settings = watch::Sender::new(Arc::new(settings));
    let stage = Stage::new();
    let parts = Parts {
        instance: "idle".to_owned(),
        settings: settings.subscribe(),
        stage: stage.clone(),
        in_force: Box::new(|| None),
        vitals: Arc::new(Idle),
        board: Some(Arc::new(Wall::default())),
    };
    let _rollout = Rollout::start(parts);
    sleep(120 * SECOND).await;
    assert!(stage.held().id.is_empty());
    assert_eq!(stage.report()["ready"], false);
}

#[test]
fn what_the_metrics_tell_is_how_a_service_does() {
    let metrics = Metrics::off();
    let operation = crate::Operation::new("/a.B/C", crate::Kind::Unary);
    let calls = metrics.server_calls([&operation]);
    for (code, millis) in [(Code::Ok, 2), (Code::Ok, 3), (Code::NotFound, 2), (Code::Internal, 80)]
    {
        calls.at(Some(0)).begin();
        calls.at(Some(0)).end(crate::telemetry::metrics::calls::Ended {
            code,
            reason: "",
            duration: Duration::from_millis(millis),
            received: 1,
            sent: 1,
            ids: None,
        });
    }
    let pulse = Served(metrics).pulse();
    assert_eq!((pulse.calls, pulse.errors), (4, 1));
    let slow: u64 = pulse.spread.iter().filter(|(bound, _)| *bound > 0.01).map(|(_, it)| it).sum();
    assert_eq!(slow, 1);
}

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::config::rollout::{
    Assignment, Board, Held, Judgement, Next, Note, Posted, Pulse, Verdict, View, is_within, judge,
};
use crate::config::{RolloutSettings, duration};
use crate::error::{Error, Result};

use super::{Parts, beat};

/// So many beats without a word of an instance, and it is taken for silent.
const SILENCE: u32 = 4;
/// But not sooner than this: a machine that is busy is not dead.
const PATIENCE: Duration = Duration::from_secs(3);
/// So many beats pass before the first step, in which the instances find each other.
const GATHERING: u32 = 3;

/// One change on its way to this instance.
pub(super) struct Attempt {
    plan: RolloutSettings,
    begun: Instant,
    note: Note,
    /// How the instance did lately, as far back as it is looked at.
    history: VecDeque<(Instant, Pulse)>,
    /// How it did before the change.
    before: Pulse,
    /// Since when the change is in force here, and how it stood then.
    trial: Option<Trial>,
    /// The step at which it was taken.
    step: usize,
    /// Of each other instance, its last beat and when that was heard.
    heard: HashMap<String, (u64, Instant)>,
    /// Whether its own note of an earlier run was looked at.
    recalled: bool,
    /// What was said last of why it goes no further, or why it cannot be told.
    told: String,
}

struct Trial {
    since: Instant,
    at: Pulse,
}

impl Attempt {
    pub(super) fn new(plan: RolloutSettings) -> Self {
        let verdict = Verdict::Waiting;
        Self {
            plan,
            begun: Instant::now(),
            note: Note { beat: 0, ready: false, verdict, why: String::new(), left: false },
            history: VecDeque::new(),
            before: Pulse::default(),
            trial: None,
            step: 0,
            heard: HashMap::new(),
            recalled: false,
            told: String::new(),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.plan.id
    }

    /// Goes on with another pace, or another guard, of the same change.
    pub(super) fn follow(&mut self, plan: RolloutSettings) {
        self.plan = plan;
    }

    /// One look at itself and at the others; how long until the next one.
    pub(super) async fn beat(&mut self, parts: &Parts) -> Duration {
        self.note.beat += 1;
        let pulse = parts.vitals.pulse();
        self.remember(pulse.clone());
        if self.note.verdict == Verdict::Waiting {
            self.before = self.lately(&pulse);
            self.note.ready = self.before.calls >= self.plan.guard.min_calls;
        }
        self.look(parts, &pulse);
        let told = match &parts.board {
            Some(board) => self.together(parts, &**board).await,
            None => Err(Error::unavailable(
                "ROLLOUT_ALONE",
                "the instances have no way to tell each other: set config.consul.prefix for one",
            )),
        };
        let halted = match told {
            Ok(halted) => halted,
            Err(error) if parts.board.is_none() || error.code() == 403 || error.code() == 401 => {
                self.say(&format!("each instance goes by time and for itself: {error}"));
                self.alone(parts);
                None
            }
            Err(error) => {
                self.say(&format!("it goes no further until the others can be heard: {error}"));
                None
            }
        };
        if let Some(why) = &halted {
            self.say(&format!("it goes no further: {why}"));
        }
        self.report(parts, halted.as_deref());
        // Not all at one moment, who were all told at one moment.
        beat(&self.plan).mul_f64(0.9 + fastrand::f64() / 5.0)
    }

    /// Tells the others how it goes here, hears how it goes there, and does what follows.
    async fn together(&mut self, parts: &Parts, board: &dyn Board) -> Result<Option<String>> {
        let id = self.plan.id.clone();
        if !self.recalled {
            let posted = in_time(board.read(&id)).await?;
            self.recall(parts, &posted);
            self.recalled = true;
        }
        self.post(parts, board).await?;
        let posted = in_time(board.read(&id)).await?;
        let mark = posted.assignment.as_ref().map(|(_, mark)| *mark);
        let mut view = self.view(&posted);
        let gathering = beat(&self.plan) * GATHERING;
        match view.next(&self.plan) {
            Next::Halted(why) => return Ok(Some(why)),
            Next::Assign(next) if mark.is_some() || self.begun.elapsed() >= gathering => {
                let text = serde_json::to_string(&next).map_err(Error::from_source)?;
                if in_time(board.assign(&id, text, mark)).await? {
                    self.say(&format!("step {}", self.step_told(next.step)));
                    view.assignment = Some(next);
                }
            }
            Next::Assign(_) | Next::Stay => {}
        }
        if self.note.verdict == Verdict::Waiting && view.is_taker(&self.plan, &parts.instance) {
            self.step = view.assignment.map_or(0, |it| it.step);
            // First said, then done: who ends while it tries is missed.
            self.note.verdict = Verdict::Trying;
            if let Err(error) = self.post(parts, board).await {
                self.note.verdict = Verdict::Waiting;
                return Err(error);
            }
            self.take(parts);
        }
        Ok(None)
    }

    /// Goes by its place among all and by time.
    fn alone(&mut self, parts: &Parts) {
        let steps = self.begun.elapsed().as_nanos() / self.plan.every.as_nanos().max(1);
        let last = self.plan.steps.len().saturating_sub(1);
        let step = usize::try_from(steps).unwrap_or(last).min(last);
        let share = self.plan.steps.get(step).map_or(0.0, |step| step.fraction());
        // Who has nothing to compare with could not tell that it does worse.
        let is_able = self.note.verdict == Verdict::Waiting && self.note.ready;
        if is_able && is_within(&self.plan.id, &parts.instance, share) {
            self.step = step;
            self.note.verdict = Verdict::Trying;
            self.take(parts);
        }
    }

    /// What this instance said when it ran before under the same name.
    fn recall(&mut self, parts: &Parts, posted: &Posted) {
        let own = posted.notes.get(&parts.instance).and_then(|it| serde_json::from_str(it).ok());
        let Some(own): Option<Note> = own else { return };
        self.note.beat = own.beat + 1;
        match own.verdict {
            Verdict::Waiting => {}
            Verdict::Trying if own.left => {}
            Verdict::Trying => {
                self.note.verdict = Verdict::Bad;
                self.note.why = "it ended while it tried the change".to_owned();
                self.say(&format!("not taken again: {}", self.note.why));
            }
            Verdict::Good => {
                self.note.verdict = Verdict::Good;
                self.step = parsed(posted).map_or(0, |it| it.step);
                self.take(parts);
            }
            Verdict::Bad => {
                (self.note.verdict, self.note.why) = (Verdict::Bad, own.why);
            }
        }
    }

    async fn post(&self, parts: &Parts, board: &dyn Board) -> Result<()> {
        let note = serde_json::to_string(&self.note).map_err(Error::from_source)?;
        in_time(board.post(&self.plan.id, &parts.instance, note)).await
    }

    /// What was posted, and who of those who did is heard of.
    fn view(&mut self, posted: &Posted) -> View {
        let now = Instant::now();
        let patience = (beat(&self.plan) * SILENCE).max(PATIENCE);
        let mut view = View { assignment: parsed(posted), ..View::default() };
        for (instance, text) in &posted.notes {
            let Ok(note) = serde_json::from_str::<Note>(text) else { continue };
            let heard = self.heard.entry(instance.clone()).or_insert((note.beat, now));
            if heard.0 != note.beat {
                *heard = (note.beat, now);
            }
            if now - heard.1 <= patience {
                view.alive.insert(instance.clone());
            }
            view.notes.insert(instance.clone(), note);
        }
        let there: BTreeSet<_> = posted.notes.keys().collect();
        self.heard.retain(|instance, _| there.contains(instance));
        view
    }

    fn take(&mut self, parts: &Parts) {
        let step = self.step_told(self.step);
        parts.stage.set(Held { id: self.plan.id.clone(), step: step.clone() });
        tracing::info!(target: "bia::config", rollout = self.plan.id, step, "this instance takes the change");
    }

    /// Looks how it goes with the change, if it has it.
    fn look(&mut self, parts: &Parts, pulse: &Pulse) {
        if self.note.verdict != Verdict::Trying {
            return;
        }
        let Some(trial) = &self.trial else {
            let held = parts.stage.held();
            // Until it is in force there is nothing to see of it.
            if held.id == self.plan.id && (parts.in_force)() == Some(held.revision()) {
                self.trial = Some(Trial { since: Instant::now(), at: pulse.clone() });
            }
            return;
        };
        let with = pulse.since(&trial.at);
        match judge(&self.plan.guard, &self.before, &with) {
            Judgement::Worse(why) => {
                self.note.verdict = Verdict::Bad;
                self.note.why = why;
                parts.stage.set(Held::default());
                tracing::error!(
                    target: "bia::config",
                    rollout = self.plan.id,
                    why = self.note.why,
                    "this instance does worse and takes the change back"
                );
            }
            Judgement::Fine if trial.since.elapsed() >= self.plan.every => {
                self.note.verdict = Verdict::Good;
                let calls = with.calls;
                tracing::info!(target: "bia::config", rollout = self.plan.id, calls, "this instance does well with the change");
            }
            Judgement::Fine | Judgement::Open => {}
        }
    }

    fn remember(&mut self, pulse: Pulse) {
        let now = Instant::now();
        self.history.push_back((now, pulse));
        // One that is older than what is looked at is kept, to begin with.
        while self.history.get(1).is_some_and(|(at, _)| now - *at >= self.plan.every) {
            self.history.pop_front();
        }
    }

    /// How it did lately; since it was started, if it was not called enough lately.
    fn lately(&self, now: &Pulse) -> Pulse {
        let lately = self.history.front().map(|(_, then)| now.since(then)).unwrap_or_default();
        if lately.calls >= self.plan.guard.min_calls.max(1) { lately } else { now.clone() }
    }

    /// Tells the log, once until there is something else to tell.
    fn say(&mut self, what: &str) {
        if self.told != what {
            what.clone_into(&mut self.told);
            tracing::warn!(target: "bia::config", rollout = self.plan.id, "rollout: {what}");
        }
    }

    fn step_told(&self, step: usize) -> String {
        self.plan.steps.get(step).map_or_else(|| "the end".to_owned(), ToString::to_string)
    }

    fn report(&self, parts: &Parts, halted: Option<&str>) {
        let has = !parts.stage.held().id.is_empty();
        parts.stage.tell(json!({
            "id": self.plan.id,
            "steps": self.plan.steps,
            "every": duration::format(self.plan.every),
            "board": parts.board.as_ref().map(|board| board.name()),
            "has": has,
            "step": has.then(|| self.step_told(self.step)),
            "verdict": self.note.verdict,
            "ready": self.note.ready,
            "why": self.note.why,
            "halted": halted,
            "said": self.told,
        }));
    }

    /// The process ends in order.
    pub(super) async fn leave(mut self, parts: &Parts) {
        let Some(board) = &parts.board else { return };
        self.note.left = true;
        self.note.beat += 1;
        // Who cannot be told now hears nothing any more either.
        self.post(parts, &**board).await.ok();
    }

    /// The settings name it no more: it is over, also here.
    pub(super) async fn forget(self, parts: &Parts) {
        parts.stage.set(Held::default());
        parts.stage.tell(serde_json::Value::Null);
        tracing::info!(target: "bia::config", rollout = self.plan.id, "the rollout is over");
        let Some(board) = &parts.board else { return };
        let board: &Arc<dyn Board> = board;
        // A note that stays is of a name that is not used again.
        in_time(board.remove(&self.plan.id, &parts.instance)).await.ok();
    }
}

fn parsed(posted: &Posted) -> Option<Assignment> {
    let (text, _) = posted.assignment.as_ref()?;
    serde_json::from_str(text).ok()
}

/// How long a word of the others is waited for.
const LIMIT: Duration = Duration::from_secs(5);

async fn in_time<T>(asked: impl Future<Output = Result<T>>) -> Result<T> {
    match timeout(LIMIT, asked).await {
        Ok(answer) => answer,
        Err(_elapsed) => {
            Err(Error::deadline_exceeded("ROLLOUT_UNHEARD", format!("no answer within {LIMIT:?}")))
        }
    }
}

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::settings::RolloutSettings;

/// What an instance tells the others of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Grows while the instance lives: one that stands still has died, or cannot be heard.
    pub(crate) beat: u64,
    /// Whether it has been called enough to be judged.
    pub(crate) ready: bool,
    pub(crate) verdict: Verdict,
    /// Why, of a change that was taken back.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) why: String,
    /// It was stopped in order: nothing is to be concluded from its silence.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) left: bool,
}

/// What an instance makes of the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It does not have it.
    Waiting,
    /// It has it, and cannot tell yet.
    Trying,
    /// It has it and does not do worse.
    Good,
    /// It has taken it back.
    Bad,
}

/// Who has the change. Replaced by one instance at a time, so that never more have it than may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Assignment {
    /// Counted from 0.
    pub(crate) step: usize,
    /// Those that have it, or are to take it; of a step of 100% all are.
    pub(crate) takers: Vec<String>,
}

/// What an instance sees of the others, itself among them.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) assignment: Option<Assignment>,
    pub(crate) notes: BTreeMap<String, Note>,
    /// Those whose beat goes on.
    pub(crate) alive: BTreeSet<String>,
}

/// What follows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing, for now.
    Stay,
    /// The change goes no further: why.
    Halted(String),
    /// These are to have it from now on.
    Assign(Assignment),
}

impl View {
    /// Whether an instance is to have the change.
    pub(crate) fn is_taker(&self, plan: &RolloutSettings, instance: &str) -> bool {
        self.assignment.as_ref().is_some_and(|it| {
            let is_for_all = plan.steps.get(it.step).is_some_and(|step| step.is_all());
            is_for_all || it.takers.iter().any(|taker| taker == instance)
        })
    }

    /// What is to be done about the rollout as a whole: the same, whoever asks.
    pub(crate) fn next(&self, plan: &RolloutSettings) -> Next {
        if let Some(why) = self.halted() {
            return Next::Halted(why);
        }
        let Some(now) = &self.assignment else { return self.grown(plan, Assignment::default()) };
        let Some(step) = plan.steps.get(now.step) else { return Next::Stay };
        if step.is_all() {
            return Next::Stay;
        }
        // Who left before it could tell, or never began, makes room for another one.
        let keep = |taker: &&String| match self.notes.get(*taker) {
            Some(note) => note.verdict == Verdict::Good || (!note.left && self.is_alive(taker)),
            None => false,
        };
        let kept: Vec<_> = now.takers.iter().filter(keep).cloned().collect();
        let all_good = !kept.is_empty() && kept.iter().all(|it| self.verdict(it) == Verdict::Good);
        let whole =
            kept.len() >= self.places(plan, now.step) || self.candidates(plan, &kept).is_empty();
        let next = now.step + 1;
        if all_good && whole && next < plan.steps.len() {
            return self.grown(plan, Assignment { step: next, takers: kept });
        }
        self.grown(plan, Assignment { step: now.step, takers: kept })
    }

    /// Fills the places of a step.
    fn grown(&self, plan: &RolloutSettings, mut next: Assignment) -> Next {
        let is_for_all = plan.steps.get(next.step).is_some_and(|step| step.is_all());
        if !is_for_all {
            let free = self.places(plan, next.step).saturating_sub(next.takers.len());
            let candidates = self.candidates(plan, &next.takers);
            next.takers.extend(candidates.into_iter().take(free));
        } else if self.assignment.is_none() && self.candidates(plan, &[]).is_empty() {
            // Nobody could tell how it goes.
            return Next::Stay;
        }
        let changes = self.assignment.as_ref() != Some(&next);
        let is_begun = is_for_all || !next.takers.is_empty() || self.assignment.is_some();
        if changes && is_begun { Next::Assign(next) } else { Next::Stay }
    }

    /// How many may have the change in a step: at least one.
    fn places(&self, plan: &RolloutSettings, step: usize) -> usize {
        let share = plan.steps.get(step).map_or(0.0, |step| step.fraction());
        let there = self.notes.iter().filter(|(id, note)| !note.left && self.is_alive(id)).count();
        part(there, share).max(1)
    }

    /// Those that could take it, in the order in which they would: by hash, so that each change
    /// begins with other ones.
    fn candidates(&self, plan: &RolloutSettings, but: &[String]) -> Vec<String> {
        let mut candidates: Vec<_> = self
            .notes
            .iter()
            .filter(|(id, note)| {
                note.verdict == Verdict::Waiting
                    && note.ready
                    && !note.left
                    && self.is_alive(id)
                    && !but.contains(id)
            })
            .map(|(id, _)| (place(&plan.id, id), id.clone()))
            .collect();
        candidates.sort_unstable();
        candidates.into_iter().map(|(_, id)| id).collect()
    }

    /// Why the change goes no further, if it does not.
    fn halted(&self) -> Option<String> {
        if let Some((id, note)) = self.notes.iter().find(|(_, it)| it.verdict == Verdict::Bad) {
            return Some(format!("instance {id} took it back: {}", note.why));
        }
        let silent = self
            .notes
            .iter()
            .find(|(id, note)| note.verdict == Verdict::Trying && !note.left && !self.is_alive(id));
        silent.map(|(id, _)| format!("instance {id} has not been heard of since it took it"))
    }

    fn is_alive(&self, instance: &str) -> bool {
        self.alive.contains(instance)
    }

    fn verdict(&self, instance: &str) -> Verdict {
        self.notes.get(instance).map_or(Verdict::Waiting, |note| note.verdict)
    }
}

/// Where an instance stands in a change, from 0 to 2^64: always the same, and evenly spread.
pub(crate) fn place(change: &str, instance: &str) -> u64 {
    let bytes = change.bytes().chain([0]).chain(instance.bytes());
    let mut hash: u64 = bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    // FNV's upper bits are those of the first characters; this mixes them (splitmix64).
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Whether an instance is in a share of all by its place alone.
#[expect(clippy::cast_precision_loss, reason = "a place that is off by 10^-16 is a place")]
pub(crate) fn is_within(change: &str, instance: &str, share: f64) -> bool {
    (place(change, instance) as f64) < share * (u64::MAX as f64)
}

/// A share of a number, rounded up.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of instances, and a share from 0 to 1"
)]
fn part(of: usize, share: f64) -> usize {
    // 10% of 20 is 2 and not 2.0000000000000004.
    (of as f64 * share - 1e-9).ceil() as usize
}

#[cfg(test)]
mod tests;

//! A change of the settings that reaches the instances of a service step by step, and goes no further
//! than where it does harm.
//!
//! The change stands in the section `rollout`: [`RolloutSettings`]. This module knows who is to have it
//! (`plan`) and whether an instance does worse with it (`pulse`); what it needs of the outside, a
//! [`Board`] where instances tell each other how it goes, a backend has. An app conducts it.

mod board;
mod plan;
mod pulse;
mod settings;
mod stage;

pub(crate) use self::board::{Board, Posted};
pub(crate) use self::plan::{Assignment, Next, Note, Verdict, View, is_within};
pub(crate) use self::pulse::{Judgement, Pulse, Vitals, judge};
pub use self::settings::{GuardSettings, RolloutSettings};
pub(crate) use self::stage::{Held, STAGED, Stage};

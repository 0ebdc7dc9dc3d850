use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::{Invalid, Percent, duration};

/// The section `rollout`: a change that reaches the instances of a service step by step, and that an
/// instance takes back if it does worse with it.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RolloutSettings {
    /// The name of the change, `checkout-2`; empty, the default: there is none.
    ///
    /// Letters, digits, `.`, `_` and `-`, at most 64. What was taken back stays back for this name:
    /// another attempt has another one.
    pub id: String,
    /// How many of the instances have the change, step by step; default `[1%, 10%, 100%]`.
    ///
    /// At least one instance is in the first step, however few there are.
    pub steps: Vec<Percent>,
    /// How long an instance must do well with the change before it says so, and the next step may
    /// come; default 5 m, at least 100 ms.
    ///
    /// Longer for what shows late: a leak, a cache that fills.
    #[serde(with = "duration")]
    pub every: Duration,
    /// When an instance does worse.
    pub guard: GuardSettings,
    /// The settings that change: what stands here is put over the files and sources, below variables
    /// and flags.
    pub change: BTreeMap<String, serde_json::Value>,
}

impl Default for RolloutSettings {
    fn default() -> Self {
        Self {
            id: String::new(),
            steps: [1.0, 10.0, 100.0].map(Percent::new).into(),
            every: Duration::from_secs(300),
            guard: GuardSettings::default(),
            change: BTreeMap::new(),
        }
    }
}

/// `rollout.guard`: when an instance does worse than before.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GuardSettings {
    /// How much greater the share of calls may become that fail; default `1%`: from 0.2 % to 1.2 %.
    ///
    /// What counts is `UNKNOWN`, `DEADLINE_EXCEEDED`, `INTERNAL`, `UNAVAILABLE` and `DATA_LOSS`. Two
    /// standard deviations are added for chance.
    pub errors: Percent,
    /// How many times as long 95 of 100 calls may take at most; default 1.5, at least 1.
    pub latency: f64,
    /// How many calls it takes to judge, before the change and with it; default 100.
    ///
    /// An instance that has not had so many says nothing, and without a word from any there is no next
    /// step. 0 for a service that is hardly called: then time is enough.
    pub min_calls: u64,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { errors: Percent::new(1.0), latency: 1.5, min_calls: 100 }
    }
}

/// The sections that no change may be staged of: what says where settings come from, and who we are.
const FIXED: [&str; 3] = ["app", "config", "rollout"];

impl RolloutSettings {
    /// Whether there is a change to roll out.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !self.id.is_empty()
    }

    /// Looks at what the types cannot say.
    ///
    /// # Errors
    ///
    /// The setting that is wrong, and what was expected: an id that is no name, shares that do not grow,
    /// a change of nothing or of a section that cannot be staged.
    pub fn check(&self) -> Result<(), Invalid> {
        let invalid = |key: &str, what: String| Err(Invalid::new(format!("rollout.{key}"), what));
        if !self.is_set() {
            return match self.change.is_empty() {
                true => Ok(()),
                false => invalid("id", "is not set: a change needs a name of its own".to_owned()),
            };
        }
        let is_name = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
        if self.id.len() > 64 || !self.id.chars().all(is_name) || self.id.starts_with('.') {
            let id = &self.id;
            return invalid(
                "id",
                format!("expected at most 64 of letters, digits, . _ and -, found {id:?}"),
            );
        }
        let grows = self.steps.is_sorted_by(|a, b| a < b);
        if self.steps.first().is_none_or(|first| first.fraction() <= 0.0) || !grows {
            let steps: Vec<_> = self.steps.iter().map(Percent::to_string).collect();
            return invalid(
                "steps",
                format!("expected growing shares above 0%, found [{}]", steps.join(", ")),
            );
        }
        if self.every < Duration::from_millis(100) {
            let found = duration::format(self.every);
            return invalid("every", format!("expected at least 100ms, found {found}"));
        }
        if self.guard.latency.is_nan() || self.guard.latency < 1.0 {
            let found = self.guard.latency;
            return invalid("guard.latency", format!("expected at least 1, found {found}"));
        }
        if self.change.is_empty() {
            return invalid("change", "is empty: there is nothing to roll out".to_owned());
        }
        match self.change.keys().find(|key| FIXED.contains(&key.as_str())) {
            Some(key) => {
                invalid(&format!("change.{key}"), "cannot be changed step by step".to_owned())
            }
            None => Ok(()),
        }
    }
}

use std::collections::BTreeMap;

use config::Value;

use crate::config::Invalid;

use super::dream::Attempt;
use super::fault::{Fault, What, join};
use super::{Notes, Run};

/// How many faults are told at once: who has more has another file before him.
const MOST: usize = 50;

/// How often settings are gone through for it.
const PASSES: usize = 500;

/// Everything that is wrong, beginning with what the first pass has found.
///
/// A deserializer stops at the first fault. So it is run again with something harmless in the place
/// of that one, until it comes through; types with rules of their own that take nothing harmless are
/// left out as a whole, and what else is wrong inside them is told when that is put right.
pub(super) fn all(
    mut run: Run,
    first: Fault,
    others: &[&str],
    mut again: impl FnMut(&Run) -> Option<Fault>,
) -> Invalid {
    let broken = run.evaded.paths();
    let mut found: Vec<Invalid> = Vec::new();
    let mut next = Some(first);
    let mut passes = 0;
    while let Some(fault) = next {
        passes += 1;
        let is_unknown = matches!(fault.what, What::Unknown { .. });
        let invalid = fault.into_invalid(others);
        let path = invalid.key().unwrap_or_default().to_owned();
        let is_new = !found
            .iter()
            .filter_map(Invalid::key)
            .any(|key| path == key || is_within(&path, key) || is_within(key, &path));
        if is_new || (found.is_empty() && broken.is_empty()) {
            found.push(invalid);
        }
        if found.len() == MOST || passes == PASSES || !run.evaded.evade(&path, is_unknown) {
            break;
        }
        run.notes.replace(Notes::default());
        next = again(&run);
    }
    // If nothing else is wrong than what was known to be.
    let known = || Invalid::new(broken.first().map_or("", String::as_str), "has no value");
    Invalid::of(found).unwrap_or_else(known)
}

fn is_within(path: &str, section: &str) -> bool {
    path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

/// The paths whose values are gone around, and how.
#[derive(Debug, Default)]
pub(super) struct Evaded(BTreeMap<String, Around>);

#[derive(Clone, Copy, Debug)]
enum Around {
    /// By a value that is whatever is asked for.
    Dream(Attempt),
    /// By leaving it out.
    Pruned,
}

impl Evaded {
    fn paths(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// How often the value at `path` was dreamt of.
    pub(super) fn attempt(&self, path: &str) -> Option<Attempt> {
        match self.0.get(path)? {
            Around::Dream(attempt) => Some(*attempt),
            Around::Pruned => None,
        }
    }

    pub(super) fn is_pruned(&self, path: &str) -> bool {
        matches!(self.0.get(path), Some(Around::Pruned))
    }

    /// Takes out what is to be left out of the section `path`.
    pub(super) fn prune(&self, path: &str, entries: &mut BTreeMap<String, Value>) {
        if !self.0.is_empty() {
            entries.retain(|key, _| !matches!(self.0.get(&join(path, key)), Some(Around::Pruned)));
        }
    }

    /// Puts in the fields of the section `path` that are dreamt of and not there.
    pub(super) fn fill(
        &self,
        path: &str,
        fields: &[&'static str],
        entries: &mut BTreeMap<String, Value>,
    ) {
        if self.0.is_empty() {
            return;
        }
        for field in fields {
            if self.attempt(&join(path, field)).is_some() {
                entries.entry((*field).to_owned()).or_default();
            }
        }
    }

    /// Goes around the value at `path` in another way than before, or around what it is in. False
    /// if there is no way left: each call uses one up, so this ends.
    pub(super) fn evade(&mut self, path: &str, leave_out: bool) -> bool {
        let mut path = path;
        loop {
            if path.is_empty() {
                return false;
            }
            let next = match self.0.get(path) {
                None if leave_out => Some(Around::Pruned),
                None => Some(Around::Dream(Attempt::default())),
                Some(Around::Dream(attempt)) => {
                    Some(attempt.next().map_or(Around::Pruned, Around::Dream))
                }
                Some(Around::Pruned) => None,
            };
            if let Some(next) = next {
                self.0.insert(path.to_owned(), next);
                return true;
            }
            path = path.rsplit_once('.').map_or("", |(section, _)| section);
        }
    }
}

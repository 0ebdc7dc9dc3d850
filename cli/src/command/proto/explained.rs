//! What `bia explain` and the reference tell of the rules of `bia proto`, and of buf's.

use super::breaking::{change, example as edit};
use super::buf;
use super::lint::{example, rule};

/// Whose rule it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Lint,
    Breaking,
    Buf,
}

/// A rule, and all that helps whom it stopped.
#[derive(Clone, Debug)]
pub(crate) struct Explained {
    pub(crate) of: Of,
    pub(crate) id: &'static str,
    pub(crate) category: &'static str,
    /// What it wants, or what happened.
    pub(crate) means: String,
    /// Why it is there, or who breaks.
    pub(crate) why: &'static str,
    /// What was, of a change.
    pub(crate) before: &'static str,
    /// What breaks it; empty if that something is gone.
    pub(crate) example: &'static str,
    pub(crate) remedy: &'static str,
    pub(crate) leave_out: String,
    /// What it is called here, if it is buf's.
    pub(crate) here: &'static [&'static str],
}

/// All of them, as the commands list them, and buf's behind.
pub(crate) fn all() -> impl Iterator<Item = Explained> {
    let known = |id: &str| {
        rule::ALL.iter().any(|rule| rule.id == id) || change::ALL.iter().any(|it| it.id == id)
    };
    let theirs = buf::LINT.iter().chain(buf::BREAKING).filter(move |rule| !known(rule.id));
    let lint = rule::ALL.iter().map(|rule| of_rule(rule));
    lint.chain(change::ALL.iter().map(|change| of_change(change))).chain(theirs.map(of_buf))
}

fn of_rule(rule: &rule::Rule) -> Explained {
    let told = example::EXAMPLES.iter().find(|(id, ..)| *id == rule.id);
    let (_, why, example) = told.copied().unwrap_or_default();
    let differs = buf::LINT.iter().find(|it| it.id == rule.id);
    let means = match differs {
        Some(differs) => format!("{}. buf has it too; but here, {}", rule.wants, differs.but),
        None => rule.wants.to_owned(),
    };
    let id = rule.id;
    Explained {
        of: Of::Lint,
        id,
        category: rule.category.name(),
        means,
        why,
        before: "",
        example,
        remedy: rule.remedy,
        leave_out: format!(
            "`// bia:lint:ignore {id} the reason` above it, or `except = [\"{id}\"]` in \
             [package.metadata.bia.lint] of Cargo.toml"
        ),
        here: &[],
    }
}

fn of_change(change: &change::Change) -> Explained {
    let told = edit::EXAMPLES.iter().find(|(id, ..)| *id == change.id);
    let (_, before, example) = told.copied().unwrap_or_default();
    let id = change.id;
    Explained {
        of: Of::Breaking,
        id,
        category: change.category.name(),
        means: change.what.to_owned(),
        why: change.breaks,
        before,
        example,
        remedy: change.remedy,
        leave_out: format!("`bia proto breaking --except {id}`, where nobody goes by it"),
        here: &[],
    }
}

fn of_buf(rule: &buf::BufRule) -> Explained {
    let here = rule.here.join(", ");
    let means = match (rule.here, rule.but) {
        ([], but) => format!("nothing here looks for it: {but}"),
        (_, "") => format!("here it is {here}"),
        (_, but) => format!("here it is {here}; {but}"),
    };
    Explained {
        of: Of::Buf,
        id: rule.id,
        category: "",
        means,
        why: "",
        before: "",
        example: "",
        remedy: "",
        leave_out: String::new(),
        here: rule.here,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_is_told_with_reason_example_and_remedy() {
        for told in all().filter(|it| it.of != Of::Buf) {
            let id = told.id;
            assert!(!told.why.is_empty() && !told.remedy.is_empty(), "{id} has no reason");
            assert!(!told.example.is_empty() || !told.before.is_empty(), "{id} has no example");
        }
        let ids: BTreeSet<&str> = all().map(|it| it.id).collect();
        let told = example::EXAMPLES.iter().chain(edit::EXAMPLES).map(|(id, ..)| id);
        let theirs = all().flat_map(|it| it.here.to_vec());
        for id in told.copied().chain(theirs) {
            assert!(ids.contains(id), "there is no {id}");
        }
    }
}

//! Reads the source and enforces what no compiler checks: floors, lengths, and what may not be written.

mod floors;
mod links;
mod mask;
mod quotes;
mod rules;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::error::{Error, Result};
use crate::{root, ui};

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.what)
    }
}

/// Checks the whole repository.
///
/// # Errors
///
/// A rule is broken; every place was printed as `file:line: rule: what`.
pub(crate) fn main() -> Result<()> {
    let sources = source::read_tree(&root::repository())?;
    let findings = check(&sources);
    for finding in &findings {
        ui::say(finding);
    }
    ui::say(rules::budget(&sources));
    match findings.len() {
        0 => Ok(()),
        count => Err(Error::new(format!("tidy: {count} places break a rule"))),
    }
}

fn check(sources: &[source::Source]) -> Vec<Finding> {
    let mut findings = floors::check(sources);
    findings.extend(rules::check(sources));
    findings.extend(quotes::check(sources));
    findings.extend(links::check(sources));
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    findings.dedup();
    findings
}

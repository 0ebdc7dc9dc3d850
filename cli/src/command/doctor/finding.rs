//! What a check found.

use serde_json::{Value, json};

use crate::shell::{Look, wrap};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Ok,
    /// It works, and somebody should know.
    Warn,
    Bad,
}

impl Mark {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    fn look(self) -> Look {
        match self {
            Self::Ok => Look::Good,
            Self::Warn => Look::Warn,
            Self::Bad => Look::Bad,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// What was looked at, in a word that stays: `rust`, `ports`.
    pub(super) check: &'static str,
    pub(super) mark: Mark,
    pub(super) what: String,
    /// What helps; empty if nothing has to.
    pub(super) remedy: String,
}

impl Finding {
    pub(super) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, mark: Mark::Ok, what: what.into(), remedy: String::new() }
    }

    pub(super) fn warn(
        check: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { check, mark: Mark::Warn, what: what.into(), remedy: remedy.into() }
    }

    pub(super) fn bad(
        check: &'static str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { check, mark: Mark::Bad, what: what.into(), remedy: remedy.into() }
    }

    pub(super) fn is_bad(&self) -> bool {
        self.mark == Mark::Bad
    }

    pub(super) fn json(&self, subject: &str) -> Value {
        let remedy = Some(&self.remedy).filter(|it| !it.is_empty());
        json!({
            "subject": subject,
            "check": self.check,
            "mark": self.mark.name(),
            "what": self.what,
            "remedy": remedy,
        })
    }

    /// With the remedy below; no line is wider than `width` where words allow it.
    pub(super) fn render(&self, names: usize, width: usize) -> String {
        let mark = self.mark.look().paint(format!("{:<4}", self.mark.name()));
        let margin = 2 + 4 + 2 + names + 2;
        let mut text = format!("  {mark}  {:<names$}  ", self.check);
        text.push_str(&wrapped(&self.what, margin, width));
        if !self.remedy.is_empty() {
            let arrow = Look::Faint.paint("->");
            text.push_str(&format!("\n{:margin$}{arrow} ", ""));
            text.push_str(&wrapped(&self.remedy, margin + 3, width));
        }
        text
    }
}

/// Lines stay lines; what is too long for one goes on in the next, behind the margin.
fn wrapped(text: &str, margin: usize, width: usize) -> String {
    wrap(text, width.saturating_sub(margin).max(20)).join(&format!("\n{:margin$}", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_stands_below_and_nothing_is_wider_than_the_terminal() {
        let finding = Finding::bad("disk", "one two three four five six seven\neight", "make room");
        let text = anstream::adapter::strip_str(&finding.render(6, 40)).to_string();
        let expected = "  bad   disk    one two three four five\n                six seven\n                eight\n                -> make room";
        assert_eq!(text, expected);
    }
}

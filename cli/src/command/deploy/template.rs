//! Files with gaps: `«name»` is replaced, lines between `%if name` and `%end` are there or not.
//!
//! The delimiters occur in none of the languages that are written, so that what is written reads as
//! what it becomes. A gap that stands alone on a line takes its indentation for each of its lines, and
//! the line goes where there is nothing to fill in.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// What the gaps are filled with.
#[derive(Clone, Debug, Default)]
pub(super) struct Values(BTreeMap<&'static str, String>);

impl Values {
    /// Sets one; replaces an earlier one of the name.
    #[expect(clippy::needless_pass_by_value, reason = "numbers, texts and paths, as they come")]
    pub(super) fn set(&mut self, name: &'static str, value: impl ToString) {
        self.0.insert(name, value.to_string());
    }

    /// The same with this one.
    pub(super) fn with(&self, name: &'static str, value: impl ToString) -> Self {
        let mut values = self.clone();
        values.set(name, value);
        values
    }

    /// Whether a condition on it holds.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| holds(value))
    }

    fn find(&self, name: &str) -> Result<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| Error::new(format!("a template of this command asks for `{name}`, which nobody sets; this is a fault of bia")))
    }
}

/// `template` with its gaps filled.
///
/// # Errors
///
/// It asks for what is not set, or its conditions do not close.
pub(super) fn render(template: &str, values: &Values) -> Result<String> {
    let mut text = String::new();
    let mut conditions: Vec<bool> = Vec::new();
    for line in template.lines() {
        match line.trim().strip_prefix('%').map(str::trim) {
            Some("end") => drop(conditions.pop().ok_or_else(unbalanced)?),
            Some("else") => {
                let last = conditions.last_mut().ok_or_else(unbalanced)?;
                *last = !*last;
            }
            Some(condition) => {
                let name = condition.strip_prefix("if ").ok_or_else(unbalanced)?;
                let (name, wanted) = match name.strip_prefix('!') {
                    Some(name) => (name, false),
                    None => (name, true),
                };
                conditions.push(holds(values.find(name)?) == wanted);
            }
            None if conditions.iter().all(|it| *it) => fill(line, values, &mut text)?,
            None => {}
        }
    }
    if conditions.is_empty() { Ok(text) } else { Err(unbalanced()) }
}

fn holds(value: &str) -> bool {
    !value.is_empty() && value != "false"
}

fn unbalanced() -> Error {
    Error::new("a template of this command does not close its conditions; this is a fault of bia")
}

fn fill(line: &str, values: &Values, text: &mut String) -> Result<()> {
    let alone = line.trim().strip_prefix('«').and_then(|it| it.strip_suffix('»'));
    if let Some(name) = alone.filter(|name| !name.contains('«')) {
        let indentation = &line[..line.len() - line.trim_start().len()];
        for line in values.find(name)?.lines() {
            if !line.is_empty() {
                text.push_str(indentation);
            }
            text.push_str(line);
            text.push('\n');
        }
        return Ok(());
    }
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('«') {
        let (name, after) = after.split_once('»').ok_or_else(unbalanced)?;
        text.push_str(before);
        text.push_str(values.find(name)?);
        rest = after;
    }
    text.push_str(rest);
    text.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let mut values = Values::default();
        values.set("name", "user-service");
        values.set("lines", "a: 1\nb: 2");
        values.set("nothing", "");
        values.set("off", false);
        values
    }

    #[test]
    fn gaps_are_filled_and_lines_keep_their_place() {
        let template = "x: «name»-«name»\n  «lines»\n  «nothing»\ny: {{ .Values }} ${{ a }} @\n";
        let text = render(template, &values()).expect("it is right");
        assert_eq!(
            text,
            "x: user-service-user-service\n  a: 1\n  b: 2\ny: {{ .Values }} ${{ a }} @\n"
        );
    }

    #[test]
    fn what_does_not_hold_is_left_out() {
        let template = "%if name\nyes\n%if off\nno\n%else\nelse\n%end\n%end\n%if !off\nnot\n%end\n";
        assert_eq!(render(template, &values()).expect("it is right"), "yes\nelse\nnot\n");
    }

    #[test]
    fn a_template_that_is_wrong_is_told() {
        for template in ["«other»", "%if name\n", "%end\n", "«name", "%nonsense"] {
            let error = render(template, &values()).expect_err(template);
            assert!(error.to_string().contains("fault of bia"), "{error}");
        }
    }
}

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::error::details::BadRequest;
use crate::error::details::bad_request::FieldViolation;
use crate::error::{Error, Result};

use super::REASON;

/// The most violations that are told of one message: what a caller sends must not decide how much
/// it is answered.
const MOST: usize = 100;

/// The most characters of a map's key in a path.
const KEY: usize = 64;

/// The most violations that the error's message tells; the others are in its details.
const TOLD: usize = 10;

/// The rules that a message breaks.
///
/// Generated code fills it; a handler may fill one for rules that no proto can say, and return it as
/// an error like any other:
///
/// ```
/// # fn handler() -> bia::Result<()> {
/// let mut violations = bia::validate::Violations::default();
/// violations.add("until", "dates.order", "must not be before `from`");
/// violations.into_result()
/// # }
/// # assert_eq!(handler().unwrap_err().metadata()["until"], "must not be before `from`");
/// ```
///
/// At most 100 are kept, and keys of maps are cut to 64 characters, so that no message makes a large answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    list: Vec<Violation>,
    /// Whether there were more than are kept.
    is_cut: bool,
}

/// A rule that a message breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The field by its names in the proto, as `user.emails[0]` or `labels["color"]`; empty if the
    /// rule is of the whole message.
    pub field: String,
    /// The id of the rule: `string.min_len`, or what a rule in CEL calls itself.
    pub rule: Cow<'static, str>,
    /// What a person is told.
    pub message: Cow<'static, str>,
}

impl Violations {
    /// Adds that `field` breaks a rule; dropped if there are too many already.
    pub fn add(
        &mut self,
        field: impl Into<String>,
        rule: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) {
        if self.is_full() {
            self.is_cut = true;
        } else {
            let (rule, message) = (rule.into(), message.into());
            self.list.push(Violation { field: field.into(), rule, message });
        }
    }

    /// Whether no more are kept, so that nobody need look for them.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.list.len() >= MOST
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether the message keeps its rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// In the order of the proto.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.list.iter()
    }

    /// `Ok` if there are none, and otherwise the error that tells them.
    ///
    /// # Errors
    ///
    /// `400 VALIDATOR` whose message names the first ten, whose metadata has an entry for each field,
    /// and whose [`BadRequest`] has them all, with the id of the rule as the reason: `STRING_MIN_LEN`.
    pub fn into_result(self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(self.into()) }
    }

    /// Says that those from the place `from` on are of what stands in `field`. For generated code.
    #[doc(hidden)]
    pub fn within(&mut self, from: usize, field: fmt::Arguments<'_>) {
        let Some(added) = self.list.get_mut(from..).filter(|added| !added.is_empty()) else {
            return;
        };
        let field = field.as_str().map_or_else(|| Cow::Owned(field.to_string()), Cow::Borrowed);
        for violation in added {
            let dot = if violation.field.is_empty() { "" } else { "." };
            violation.field.insert_str(0, dot);
            violation.field.insert_str(0, &field);
        }
    }

    /// Puts those from the place `from` on into the order of their fields: maps have none of their
    /// own, and the same message is to be answered the same. For generated code.
    #[doc(hidden)]
    pub fn sort(&mut self, from: usize) {
        if let Some(added) = self.list.get_mut(from..) {
            added.sort_by(|one, other| one.field.cmp(&other.field));
        }
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = if self.message.is_empty() { &self.rule } else { &self.message };
        if self.field.is_empty() {
            f.write_str(message)
        } else {
            write!(f, "{}: {message}", self.field)
        }
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, violation) in self.list.iter().take(TOLD).enumerate() {
            if place > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{violation}")?;
        }
        match self.list.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more if self.is_cut => write!(f, "; and {more} more at least"),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        let mut fields = BTreeMap::<&str, String>::new();
        for Violation { field, rule, message } in &violations {
            // What is wrong with the whole message goes by the rule.
            let key = if field.is_empty() { rule } else { field.as_str() };
            let told = fields.entry(key).or_default();
            if !told.is_empty() {
                told.push_str("; ");
            }
            told.push_str(if message.is_empty() { rule } else { message });
        }
        let error = Self::bad_request(REASON, violations.to_string());
        let error = fields.into_iter().fold(error, |error, (field, told)| error.with(field, told));
        let field_violations = violations.list.into_iter().map(told).collect();
        error.with_detail(BadRequest { field_violations })
    }
}

/// As `google.rpc.BadRequest` tells it.
fn told(violation: Violation) -> FieldViolation {
    let Violation { field, rule, message } = violation;
    FieldViolation {
        reason: reason(&rule),
        field,
        description: if message.is_empty() { rule } else { message }.into_owned(),
        ..FieldViolation::default()
    }
}

/// An id as `error_details.proto` wants reasons: `STRING_MIN_LEN`, of 63 characters at most.
fn reason(rule: &str) -> String {
    let upper =
        |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_uppercase() } else { '_' };
    rule.chars().take(63).map(upper).collect()
}

/// A map's key as a path shows it. For generated code.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Key<'a>(pub &'a str);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(KEY) {
            None => write!(f, "{:?}", self.0),
            Some((end, _)) => write!(f, "{:?}", format_args!("{}…", &self.0[..end]).to_string()),
        }
    }
}

//! What does not fit together.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::shell::Look;

/// One thing that is not as the protos say, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    /// The crate that it is in.
    #[serde(rename = "crate")]
    pub(crate) member: String,
    /// `user.v1.UserService`.
    pub(crate) service: String,
    /// `get_user`; none where it is about the whole service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
    /// What should stand there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<String>,
    /// The new method, or service, that an old one may have become.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) renamed_to: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A method of the proto was not in the implementation, and is put there.
    Added,
    /// A method is in the implementation and not in the proto.
    Removed,
    /// A service is implemented that no proto has any more.
    Gone,
    /// Messages or kind of a method are not those of the proto.
    Changed,
    /// Whether a method is there cannot be told: a macro may make it.
    Uncertain,
    /// The service has no implementation.
    Unimplemented,
    /// The service had no implementation, and is given one.
    Created,
    /// The service is implemented, and nothing seems to serve it.
    Unserved,
}

impl Finding {
    /// Whether somebody has to do something about it, if it was found and, unless `is_dry`, what can
    /// be done was.
    pub(crate) fn waits(&self, is_dry: bool) -> bool {
        match self.kind {
            Kind::Added | Kind::Created => is_dry,
            Kind::Removed | Kind::Gone | Kind::Changed | Kind::Unimplemented => true,
            Kind::Uncertain | Kind::Unserved => false,
        }
    }

    /// `src/service.rs:12: …`, for a person in `here`.
    pub(crate) fn line(&self, is_dry: bool, here: &Path) -> String {
        let file = self.file.strip_prefix(here).unwrap_or(&self.file);
        let place = Look::Bold.paint(format_args!("{}:{}", file.display(), self.line));
        let (service, method) = (&self.service, self.method.as_deref().unwrap_or_default());
        let expected = self.expected.as_deref().unwrap_or_default();
        match self.kind {
            Kind::Added if is_dry => format!("{place}: {method} of {service} is missing"),
            Kind::Added => {
                format!("{place}: {method} is new; it answers UNIMPLEMENTED until you write it")
            }
            Kind::Removed => {
                let told = format!("{place}: {method} is not in {service}");
                match &self.renamed_to {
                    Some(name) => format!("{told}: if it is {name} now, move its body there"),
                    None => format!("{told} any more: remove it"),
                }
            }
            Kind::Gone => {
                let told = format!("{place}: {service} is in no proto of {} any more", self.member);
                match &self.renamed_to {
                    Some(name) => format!("{told}: if it is {name} now, implement that here"),
                    None => format!("{told}: remove its implementation, and what serves it"),
                }
            }
            Kind::Changed => {
                format!("{place}: {method} is not as {service} says; it should be\n  {expected}")
            }
            Kind::Uncertain => {
                format!("{place}: a macro here names {method} of {service}, which was not added")
            }
            Kind::Unimplemented => {
                format!("{place}: {service} has no implementation in {}", self.member)
            }
            Kind::Created if is_dry => {
                format!("{place}: {service} has no implementation in {}", self.member)
            }
            Kind::Created => format!("{place}: {service} has an implementation now"),
            Kind::Unserved => format!("{place}: {service} is implemented, and nothing serves it"),
        }
    }

    /// What to do about it, where the line does not say.
    pub(crate) fn hint(&self) -> Option<String> {
        let expected = self.expected.as_deref().unwrap_or_default();
        match self.kind {
            Kind::Unimplemented if self.expected.is_some() => Some(format!(
                "what main.rs serves needs it: write `{expected} … {{}}`, then `bia sync`"
            )),
            Kind::Unimplemented => Some("`bia sync --create` makes one".to_owned()),
            Kind::Unserved => Some(format!("in main.rs, before .run(): {expected}")),
            _ => None,
        }
    }
}

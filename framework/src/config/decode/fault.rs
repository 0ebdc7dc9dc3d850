use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::config::Invalid;
use crate::config::locate::variable;
use crate::config::nearest::nearest;

/// What went wrong, told from the inside out: where it was is filled in on the way up.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) what: What,
    pub(super) at: Option<(String, Option<String>)>,
}

#[derive(Debug)]
pub(super) enum What {
    Text(String),
    Unknown { field: String, expected: &'static [&'static str] },
    Missing(&'static str),
}

impl Fault {
    pub(super) fn new(what: What) -> Self {
        Self { what, at: None }
    }

    pub(super) fn at(mut self, path: &str, origin: Option<&str>) -> Self {
        self.at.get_or_insert_with(|| (path.to_owned(), origin.map(str::to_owned)));
        self
    }

    /// The same without what may repeat the value, of one that nobody is to see.
    pub(super) fn without_value(mut self) -> Self {
        if self.at.is_none() && matches!(self.what, What::Text(_)) {
            let what =
                "expected something else than the file holds (it is not shown: it is secret)";
            self.what = What::Text(what.to_owned());
        }
        self
    }

    pub(super) fn into_invalid(self, others: &[&str]) -> Invalid {
        let (path, place) = self.at.unwrap_or_default();
        let (key, place, what) = match self.what {
            What::Text(what) => (path, place, what),
            What::Missing(field) => {
                let key = join(&path, field);
                let variable = variable(&key);
                let what = format!(
                    "is not set and has no default: set it in a file, by the variable \
                     {variable} or by --set {key}=…"
                );
                (key, None, what)
            }
            What::Unknown { field, expected } => {
                let section = path.strip_suffix(field.as_str()).unwrap_or_default();
                let others = if section.is_empty() { others } else { &[] };
                let known = || expected.iter().chain(others).copied();
                let what = if let Some(meant) = nearest(&field, known()) {
                    format!("there is no such setting: did you mean {section}{meant}?")
                } else if known().next().is_none() {
                    "there is no such setting: none is expected here".to_owned()
                } else {
                    let known: Vec<_> = known().collect();
                    format!("there is no such setting: expected one of {}", known.join(", "))
                };
                (path, place, what)
            }
        };
        Invalid::found(Some(key).filter(|key| !key.is_empty()), place, what)
    }
}

pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(What::Text(message.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(What::Text(format!("expected {expected}, found {found}")))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let mut what = format!("expected one of {}, found {variant:?}", expected.join(", "));
        if let Some(meant) = nearest(variant, expected.iter().copied()) {
            what.push_str(&format!(": did you mean {meant}?"));
        }
        Self::new(What::Text(what))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(What::Unknown { field: field.to_owned(), expected })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(What::Missing(field))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Text(what) => f.write_str(what),
            What::Unknown { field, .. } => write!(f, "there is no setting {field}"),
            What::Missing(field) => write!(f, "{field} is not set"),
        }
    }
}

impl std::error::Error for Fault {}

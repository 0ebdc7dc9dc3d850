use std::fmt;

use regex::Regex;

use crate::error::{Error, Result};

/// Names operations: one, all that begin alike, or all that a pattern fits.
///
/// A string makes one: `"/user.v1.UserService/GetUser"` is that operation,
/// `"/user.v1.UserService/*"` all of that service, `"*"` all.
#[derive(Clone)]
pub struct Selector(Rule);

#[derive(Clone)]
enum Rule {
    Exact(String),
    Prefix(String),
    Regex(Regex),
}

impl Selector {
    /// Every operation, also one that is not here.
    #[must_use]
    pub fn all() -> Self {
        Self(Rule::Prefix(String::new()))
    }

    /// The operation of this name.
    #[must_use]
    pub fn exact(name: impl Into<String>) -> Self {
        Self(Rule::Exact(name.into()))
    }

    /// The operations whose names begin so.
    #[must_use]
    pub fn prefix(prefix: impl Into<String>) -> Self {
        Self(Rule::Prefix(prefix.into()))
    }

    /// The operations whose whole name a regular expression fits.
    ///
    /// # Errors
    ///
    /// If the expression is not one.
    pub fn regex(pattern: &str) -> Result<Self> {
        let whole = Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
            Error::internal("SELECTOR_INVALID", format!("{pattern:?} is not a regular expression"))
                .with_source(error)
        })?;
        Ok(Self(Rule::Regex(whole)))
    }

    /// Whether it names an operation.
    #[must_use]
    pub fn matches(&self, operation: &str) -> bool {
        match &self.0 {
            Rule::Exact(name) => name == operation,
            Rule::Prefix(prefix) => operation.starts_with(prefix.as_str()),
            Rule::Regex(pattern) => pattern.is_match(operation),
        }
    }

    pub(crate) fn is_all(&self) -> bool {
        matches!(&self.0, Rule::Prefix(prefix) if prefix.is_empty())
    }
}

impl From<&str> for Selector {
    fn from(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some("/") => Self::all(),
            Some(prefix) => Self::prefix(prefix),
            None => Self::exact(text),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Exact(name) => f.write_str(name),
            Rule::Prefix(prefix) => write!(f, "{prefix}*"),
            Rule::Regex(pattern) => write!(f, "regex {pattern}"),
        }
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Selector({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_names_what_it_says() {
        const GET: &str = "/user.v1.UserService/GetUser";
        let table = [
            (Selector::from("/user.v1.UserService/GetUser"), true),
            (Selector::from("/user.v1.UserService/Get"), false),
            (Selector::from("/user.v1.UserService/*"), true),
            (Selector::from("/user.v1.UserService/Get*"), true),
            (Selector::from("/order.v1.OrderService/*"), false),
            (Selector::from("/*"), true),
            (Selector::from("*"), true),
            (Selector::regex(r"/user\.v\d+\..*/Get\w+").unwrap(), true),
            (Selector::regex("Get").unwrap(), false),
            (Selector::all(), true),
        ];
        for (selector, expected) in table {
            assert_eq!(selector.matches(GET), expected, "{selector}");
        }
    }

    #[test]
    fn a_pattern_that_is_none_is_refused_by_name() {
        assert!(Selector::regex("(").unwrap_err().message().contains("\"(\""));
    }
}

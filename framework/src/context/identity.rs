use std::collections::{BTreeMap, BTreeSet};

/// Who calls, as an authenticator found it.
///
/// ```
/// let identity = bia::Identity::new("user:7").with_scope("users.read").with_claim("tenant", "a");
/// assert!(identity.may("users.read") && !identity.may("users.write"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    subject: String,
    scopes: BTreeSet<String>,
    claims: BTreeMap<String, String>,
}

impl Identity {
    /// Somebody of whom no more is known than who it is: `user:7`.
    #[must_use]
    pub fn new(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), scopes: BTreeSet::new(), claims: BTreeMap::new() }
    }

    /// Adds something that it may do.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.insert(scope.into());
        self
    }

    /// Adds something else that is known of it, replacing what is called the same.
    #[must_use]
    pub fn with_claim(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Who it is.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether it may do something.
    #[must_use]
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
    }

    /// What else is known of it.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).map(String::as_str)
    }
}

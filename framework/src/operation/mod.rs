//! The static facts of a method, the same on every face.

mod rules;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::error::Reason;

pub use rules::{Auth, Retry};

/// One method: its name, its kind and what its proto says of it.
///
/// Generated code makes one constant per method; everything that is known before a call arrives is
/// in it, so that a call looks nothing up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    name: &'static str,
    service_end: usize,
    kind: Kind,
    idempotency: Idempotency,
    timeout: Option<Duration>,
    auth: Auth,
    retry: Option<Retry>,
    errors: &'static [Reason],
    redacted: &'static [&'static str],
}

/// Which sides of a method are streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One message each way.
    Unary,
    /// Many messages in, one out.
    ClientStream,
    /// One message in, many out.
    ServerStream,
    /// Many messages both ways.
    Bidi,
}

impl Kind {
    /// Whether both sides are one message.
    #[must_use]
    pub const fn is_unary(self) -> bool {
        matches!(self, Self::Unary)
    }
}

/// What the proto says, by `idempotency_level` or `(bia.method)`: whether a second try can do harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Nothing is said: a second try may do harm.
    #[default]
    Unknown,
    /// `NO_SIDE_EFFECTS`: the call changes nothing.
    NoSideEffects,
    /// `IDEMPOTENT`: a second try changes nothing more.
    Idempotent,
}

impl Operation {
    /// The facts of the method that is called `name` on the wire, `/user.v1.UserService/GetUser`.
    ///
    /// # Panics
    ///
    /// If `name` is not `/service/method`. In generated code this is at compile time.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        let bytes = name.as_bytes();
        assert!(bytes.len() > 3 && bytes[0] == b'/', "an operation is named /service/method");
        let mut service_end = bytes.len() - 1;
        while service_end > 0 && bytes[service_end] != b'/' {
            service_end -= 1;
        }
        assert!(service_end > 1, "an operation is named /service/method");
        Self {
            name,
            service_end,
            kind,
            idempotency: Idempotency::Unknown,
            timeout: None,
            auth: Auth::Open,
            retry: None,
            errors: &[],
            redacted: &[],
        }
    }

    /// Replaces what is known about a second try.
    #[must_use]
    pub const fn with_idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// Replaces the longest time the method may take on a server; none by default.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Replaces whether a caller has to say who it is; anybody may call by default.
    #[must_use]
    pub const fn with_auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Replaces when a client tries again; by default, only what no server can have processed.
    #[must_use]
    pub const fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Replaces the errors that the method is known to fail with.
    #[must_use]
    pub const fn with_errors(mut self, errors: &'static [Reason]) -> Self {
        self.errors = errors;
        self
    }

    /// Replaces the fields of its request that are shown nowhere.
    #[must_use]
    pub const fn with_redacted(mut self, fields: &'static [&'static str]) -> Self {
        self.redacted = fields;
        self
    }

    /// The name, the same on every face: `/user.v1.UserService/GetUser`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The service's full name: `user.v1.UserService`.
    #[must_use]
    pub fn service(&self) -> &'static str {
        &self.name[1..self.service_end]
    }

    /// The method's own name: `GetUser`.
    #[must_use]
    pub fn method(&self) -> &'static str {
        &self.name[self.service_end + 1..]
    }

    /// Which sides are streams.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether a second try can do harm.
    #[must_use]
    pub const fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    /// The longest time the method may take on a server, if its proto says one.
    #[must_use]
    pub const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Whether its proto says that a caller has to say who it is.
    #[must_use]
    pub const fn auth(&self) -> Auth {
        self.auth
    }

    /// When a client tries again, if its proto says it.
    #[must_use]
    pub const fn retry(&self) -> Option<Retry> {
        self.retry
    }

    /// The errors that its proto says it fails with.
    #[must_use]
    pub const fn errors(&self) -> &'static [Reason] {
        self.errors
    }

    /// The fields of its request that `debug_redact` hides, by their paths in the proto: `card.number`.
    #[must_use]
    pub const fn redacted(&self) -> &'static [&'static str] {
        self.redacted
    }
}

/// How many names of methods that no code here was generated for are kept.
const NAMES: usize = 1000;

/// What stands for the names beyond them.
static OTHER: Operation = Operation::new("/other/Other", Kind::Bidi);

/// The facts of a method of which no more than its name is known, `/service/method`.
///
/// They are kept for the rest of the process, for as many names as there may be methods; names beyond
/// them, and what is no name, share one.
pub(crate) fn interned(name: &str) -> &'static Operation {
    static KNOWN: Mutex<BTreeMap<&'static str, &'static Operation>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(operation) = known.get(name) {
        return operation;
    }
    let is_name = name.strip_prefix('/').and_then(|name| name.rsplit_once('/'));
    let is_name =
        is_name.is_some_and(|(service, method)| !service.is_empty() && !method.is_empty());
    if !is_name || known.len() >= NAMES {
        return &OTHER;
    }
    let name: &'static str = Box::leak(Box::from(name));
    let operation: &'static Operation = Box::leak(Box::new(Operation::new(name, Kind::Bidi)));
    known.insert(name, operation);
    operation
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_parts_into_service_and_method() {
        const GET: Operation = Operation::new("/user.v1.UserService/GetUser", Kind::Unary);
        assert_eq!((GET.service(), GET.method()), ("user.v1.UserService", "GetUser"));
    }

    #[test]
    fn names_that_are_not_known_beforehand_take_a_bounded_place() {
        let get = interned("/foreign.v1.Users/Get");
        assert_eq!((get.service(), get.method()), ("foreign.v1.Users", "Get"));
        assert!(std::ptr::eq(get, interned("/foreign.v1.Users/Get")));
        for odd in ["", "/", "no", "/a", "//", "/a/"] {
            assert_eq!(interned(odd).name(), "/other/Other", "{odd:?}");
        }
        let many: Vec<_> =
            (0..NAMES + 10).map(|i| interned(&format!("/many.Many/M{i}")).name()).collect();
        assert_eq!(many.last(), Some(&"/other/Other"));
    }

    #[test]
    #[should_panic(expected = "/service/method")]
    fn a_name_without_a_method_is_refused() {
        let _ = Operation::new("/GetUser", Kind::Unary);
    }
}

//! What holds for each operation: what its proto says, and over it what the settings say.

mod settings;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::config::{Invalid, nearest};
use crate::error::{Code, Error};
use crate::operation::{Auth, Idempotency, Operation};

pub use settings::{AuthSetting, OperationSettings, RetrySettings};

/// What the section `operations` says, ready to be asked by calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    operations: HashMap<String, OperationSettings>,
    services: HashMap<String, OperationSettings>,
    all: Option<OperationSettings>,
}

impl Rules {
    /// The nearer name wins, field by field: an operation over its service over `*`.
    pub(crate) fn new(settings: &BTreeMap<String, OperationSettings>) -> Self {
        let all = settings.get("*").or_else(|| settings.get("/*")).cloned();
        let mut rules = Self { all: all.clone(), ..Self::default() };
        let over = |own: &OperationSettings, under: Option<&OperationSettings>| {
            under.map_or_else(|| own.clone(), |under| own.over(under))
        };
        for (name, own) in settings {
            if let Some(service) = service_of(name) {
                rules.services.insert(service.to_owned(), over(own, all.as_ref()));
            }
        }
        for (name, own) in settings.iter().filter(|(name, _)| !name.ends_with('*')) {
            let service =
                name.rsplit_once('/').and_then(|(service, _)| rules.services.get(service));
            rules.operations.insert(name.clone(), over(own, service.or(all.as_ref())));
        }
        rules
    }

    fn of(&self, operation: &Operation) -> Option<&OperationSettings> {
        if self.operations.is_empty() && self.services.is_empty() {
            return self.all.as_ref();
        }
        let name = operation.name();
        let service = name.rsplit_once('/').map_or("", |(service, _)| service);
        let own = self.operations.get(name).or_else(|| self.services.get(service));
        own.or(self.all.as_ref())
    }

    /// Whether the operation or its service is named.
    fn names(&self, operation: &Operation) -> bool {
        let name = operation.name();
        let service = name.rsplit_once('/').map_or("", |(service, _)| service);
        self.operations.contains_key(name) || self.services.contains_key(service)
    }

    /// How long a call may take; `otherwise` if nothing is said, and none if it has no limit.
    pub(crate) fn timeout(
        &self,
        operation: &Operation,
        otherwise: Option<Duration>,
    ) -> Option<Duration> {
        match self.of(operation).and_then(|own| own.timeout) {
            Some(limit) => (!limit.is_zero()).then_some(limit),
            None => operation.timeout().or(otherwise),
        }
    }

    /// Whether a caller has to say who it is.
    pub(crate) fn auth(&self, operation: &Operation) -> Auth {
        let said = self.of(operation);
        // `*` means the services of users: who asks for health is not asked who it is.
        let is_house = operation.service().starts_with("grpc.");
        let said = said.filter(|_| !is_house || self.names(operation));
        match (said.and_then(|own| own.auth), operation.auth()) {
            (Some(AuthSetting::Open), _) => Auth::Open,
            (Some(AuthSetting::Required), Auth::Open) => Auth::Required(&[]),
            (_, said) => said,
        }
    }

    /// When a client tries again; none if it does not, or must not.
    pub(crate) fn retry(&self, operation: &Operation) -> Option<RetryPolicy> {
        if operation.idempotency() == Idempotency::Unknown || !operation.kind().is_unary() {
            return None;
        }
        let said = self.of(operation).and_then(|own| own.retry.as_ref());
        let proto = operation.retry();
        if said.is_none() && proto.is_none() {
            return None;
        }
        let proto = proto.unwrap_or(crate::operation::Retry::new(1));
        let said = said.cloned().unwrap_or_default();
        let policy = RetryPolicy {
            max_attempts: said.max_attempts.unwrap_or_else(|| proto.max_attempts()),
            codes: proto.codes(),
            reasons: proto.reasons(),
            initial_backoff: said.initial_backoff.unwrap_or_else(|| proto.initial_backoff()),
            max_backoff: said.max_backoff.unwrap_or_else(|| proto.max_backoff()),
            per_try_timeout: said.per_try_timeout.or_else(|| proto.per_try_timeout()),
        };
        (policy.max_attempts > 1).then_some(policy)
    }
}

/// When a client tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    pub(crate) max_attempts: u32,
    codes: &'static [Code],
    reasons: &'static [&'static str],
    pub(crate) initial_backoff: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) per_try_timeout: Option<Duration>,
}

impl RetryPolicy {
    /// Whether a call that ended so is worth trying again.
    pub(crate) fn is_for(&self, error: &Error) -> bool {
        self.codes.contains(&error.grpc_code()) || self.reasons.contains(&error.reason())
    }
}

/// `/user.v1.UserService` of `/user.v1.UserService/*`.
fn service_of(name: &str) -> Option<&str> {
    name.strip_suffix("/*").filter(|service| !service.is_empty())
}

/// Looks at what the types cannot say.
pub(crate) fn check(settings: &BTreeMap<String, OperationSettings>, faults: &mut Vec<Invalid>) {
    for (name, own) in settings {
        let parts = name.strip_prefix('/').and_then(|name| name.split_once('/'));
        let is_name = |part: &str| !part.is_empty() && !part.contains(['/', '*', ' ']);
        let is_right = name == "*"
            || name == "/*"
            || parts.is_some_and(|(service, method)| {
                is_name(service) && (method == "*" || is_name(method))
            });
        if !is_right {
            let what = format!(
                "expected the name of an operation, /user.v1.UserService/GetUser, all of a service, \
                 /user.v1.UserService/*, or *, found {name:?}"
            );
            faults.push(Invalid::new(format!("operations.{name}"), what));
        }
        let attempts = own.retry.as_ref().and_then(|retry| retry.max_attempts);
        if attempts.is_some_and(|attempts| !(1..=5).contains(&attempts)) {
            let what = format!("expected 1 to 5, found {}", attempts.unwrap_or_default());
            faults.push(Invalid::new(format!("operations.{name}.retry.max_attempts"), what));
        }
    }
}

/// Of the names in the settings, those of no operation of the services that are here, each with the one
/// that was probably meant. What other services are called, nobody here knows.
pub(crate) fn unknown<'a>(
    settings: &'a BTreeMap<String, OperationSettings>,
    known: &[&'static str],
) -> Vec<(&'a str, Option<&'static str>)> {
    let is_here = |service: &str| {
        known.iter().any(|known| known.rsplit_once('/').is_some_and(|(here, _)| here == service))
    };
    let names = settings.keys().map(String::as_str).filter(|name| !name.ends_with('*'));
    let unknown = names.filter(|name| !known.contains(name)).filter_map(|name| {
        let meant = nearest(name, known.iter().copied());
        let here = name.rsplit_once('/').is_some_and(|(service, _)| is_here(service));
        (here || meant.is_some()).then_some((name, meant))
    });
    unknown.collect()
}

#[cfg(test)]
mod tests;

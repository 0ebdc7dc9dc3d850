//! What protos say of methods and errors by the options of `bia/options.proto`, merged and checked.

mod errors;
mod proto;

use std::collections::BTreeMap;
use std::time::Duration;

use prost_reflect::DynamicMessage;

use crate::error::{Error, Problem};

use super::{Idempotency, Kind, Method, Model, Service};

pub use errors::ErrorRule;
pub(super) use errors::{Reader as ErrorReader, variant as error_variant};
use proto::Extension;

/// What holds for a method: what the service says, and the method over it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MethodRules {
    /// The longest time that a call may take.
    pub timeout: Option<Duration>,
    /// Whether a caller has to say who it is; none if nothing is said.
    pub auth: Option<AuthRule>,
    /// When a client tries again.
    pub retry: Option<RetryRule>,
    /// The errors that it is known to fail with, each once.
    pub errors: Vec<ErrorRule>,
    /// How its messages look as JSON.
    pub json: JsonRules,
}

/// Whether a caller has to say who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthRule {
    /// A call of nobody knows whom is refused.
    pub required: bool,
    /// What the caller has to be allowed.
    pub scopes: Vec<String>,
}

/// When a client tries again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryRule {
    /// How often at most, the first time too.
    pub max_attempts: u32,
    /// Numbers of gRPC status codes.
    pub codes: Vec<u8>,
    /// Reasons of errors.
    pub reasons: Vec<String>,
    /// The longest wait before the second try.
    pub initial_backoff: Option<Duration>,
    /// What waits grow to.
    pub max_backoff: Option<Duration>,
    /// How long one try may take.
    pub per_try_timeout: Option<Duration>,
}

/// How messages look as JSON; none of what is not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsonRules {
    /// What is written of fields that are not set.
    pub defaults: Option<JsonDefaults>,
    /// Whether fields are called as in the proto.
    pub proto_names: Option<bool>,
    /// Whether enums are numbers.
    pub enum_numbers: Option<bool>,
    /// Whether integers of 64 bits are numbers.
    pub int64_numbers: Option<bool>,
    /// Whether fields that the proto does not have are refused.
    pub refuse_unknown: Option<bool>,
}

/// What is written of fields that are not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonDefaults {
    /// Nothing.
    Omitted,
    /// Numbers, texts, enums, lists and maps.
    Written,
    /// And `null` for messages.
    WrittenWithNull,
}

/// Reads the rules of every method of the model, and says all that is wrong with them and with errors.
pub(super) fn add(model: &mut Model) -> Result<(), Error> {
    let mut problems = Vec::new();
    errors::check(model, &mut problems);
    let rules = Rules::new(model);
    let mut packages = std::mem::take(&mut model.packages);
    for service in packages.iter_mut().flat_map(|package| &mut package.services) {
        rules.add_to(service, model, &mut problems);
    }
    model.packages = packages;
    Error::unless_empty(problems)
}

struct Rules {
    service: Extension,
    method: Extension,
    /// By `package.Enum.VALUE`.
    errors: BTreeMap<String, ErrorRule>,
}

impl Rules {
    fn new(model: &Model) -> Self {
        let reader = ErrorReader::new(&model.pool);
        let mut errors = BTreeMap::new();
        for proto in model.pool.all_enums() {
            for rule in reader.of(&proto).into_iter().flat_map(BTreeMap::into_values) {
                errors.insert(format!("{}.{}", rule.of, rule.reason), rule);
            }
        }
        let find = |name| Extension::find(&model.pool, name);
        Self { service: find("bia.service"), method: find("bia.method"), errors }
    }

    fn add_to(&self, service: &mut Service, model: &Model, problems: &mut Vec<Problem>) {
        let read = |extension: &Extension, options: &DynamicMessage| -> proto::MethodRules {
            extension.message(options).unwrap_or_default()
        };
        let package = service.descriptor.package_name().to_owned();
        let all = read(&self.service, &service.descriptor.options());
        for method in &mut service.methods {
            let own = read(&self.method, &method.descriptor.options());
            let file = method.descriptor.parent_file();
            let place = model.place_of(file.name(), method.descriptor.path());
            let name = method.operation.clone();
            let mut refuse = |what: String, remedy: &str| {
                let what = format!("{name} {what}");
                problems.push(Problem::new(what).at(place.clone()).remedy(remedy));
            };
            self.merge(&package, &all, &own, method, &mut refuse);
        }
    }

    fn merge(
        &self,
        package: &str,
        all: &proto::MethodRules,
        own: &proto::MethodRules,
        method: &mut Method,
        refuse: &mut impl FnMut(String, &str),
    ) {
        method.idempotency = idempotency(all, own, method.idempotency, refuse);
        let mut rules = MethodRules {
            timeout: own
                .timeout
                .or(all.timeout)
                .and_then(|time| above_zero("timeout", time, refuse)),
            auth: own
                .auth
                .as_ref()
                .or(all.auth.as_ref())
                .map(|auth| AuthRule { required: auth.required, scopes: auth.scopes.clone() }),
            json: json(all.json.as_ref(), own.json.as_ref()),
            ..MethodRules::default()
        };
        if rules.auth.as_ref().is_some_and(|auth| !auth.required && !auth.scopes.is_empty()) {
            refuse(
                "names scopes of callers that need not say who they are".to_owned(),
                "add required: true",
            );
        }
        // What a service says is for those of its methods that it fits.
        let fits = method.kind == Kind::Unary && method.idempotency != Idempotency::Unknown;
        rules.retry = match (&own.retry, &all.retry) {
            (Some(own), _) => {
                if !fits {
                    refuse(
                        "cannot be tried again: it streams, or a second try may do harm".to_owned(),
                        "leave retry out, or say of a method of one message each way that it is \
                         IDEMPOTENT or has NO_SIDE_EFFECTS",
                    );
                }
                retry(own, refuse)
            }
            (None, Some(all)) if fits => retry(all, refuse),
            _ => None,
        };
        for name in all.errors.iter().chain(&own.errors) {
            match self.find(package, name) {
                Ok(rule) if rules.errors.contains(rule) => {}
                Ok(rule) => rules.errors.push(rule.clone()),
                Err(what) => refuse(
                    format!("fails with {name}, {what}"),
                    "name a value of an enum of errors, Enum.VALUE if need be, and import its file",
                ),
            }
        }
        method.rules = rules;
    }

    /// The error that a proto of `package` calls `name`: one of its own package before any other.
    fn find(&self, package: &str, name: &str) -> Result<&ErrorRule, &'static str> {
        let is_it = |full: &&String| {
            full.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let all: Vec<_> = self.errors.keys().filter(is_it).collect();
        let own =
            |full: &&&String| full.strip_prefix(package).is_some_and(|rest| rest.starts_with('.'));
        let mut own = all.iter().filter(own);
        match (own.next(), own.next(), all.as_slice()) {
            (Some(one), None, _) | (None, _, [one]) => Ok(&self.errors[one.as_str()]),
            (None, _, []) => Err("which is no error that is known here"),
            _ => Err("which several enums have"),
        }
    }
}

fn idempotency(
    all: &proto::MethodRules,
    own: &proto::MethodRules,
    standard: Idempotency,
    refuse: &mut impl FnMut(String, &str),
) -> Idempotency {
    let named = |number| match number {
        1 => Idempotency::NoSideEffects,
        2 => Idempotency::Idempotent,
        _ => Idempotency::Unknown,
    };
    let (all, own) = (named(all.idempotency), named(own.idempotency));
    match (standard, own) {
        (Idempotency::Unknown, Idempotency::Unknown) => all,
        (Idempotency::Unknown, said) | (said, Idempotency::Unknown) => said,
        (standard, own) => {
            if standard != own {
                refuse(
                    "says one thing by idempotency_level and another by (bia.method)".to_owned(),
                    "say it once",
                );
            }
            standard
        }
    }
}

fn above_zero(
    what: &str,
    time: prost_types::Duration,
    refuse: &mut impl FnMut(String, &str),
) -> Option<Duration> {
    let time = Duration::try_from(time).ok().filter(|time| !time.is_zero());
    if time.is_none() {
        refuse(format!("has a {what} that is not above zero"), "write it as {seconds: 2}");
    }
    time
}

fn retry(said: &proto::Retry, refuse: &mut impl FnMut(String, &str)) -> Option<RetryRule> {
    if !(2..=5).contains(&said.max_attempts) {
        refuse(
            format!("is tried {} times by its retry", said.max_attempts),
            "max_attempts counts the first time too: 2 to 5",
        );
    }
    let codes: Vec<_> = said.codes.iter().filter_map(|code| u8::try_from(*code).ok()).collect();
    if codes.contains(&0) {
        refuse("is tried again after OK".to_owned(), "name codes of failures");
    }
    let mut time = |what: &str, said: Option<prost_types::Duration>| {
        said.and_then(|said| above_zero(what, said, refuse))
    };
    Some(RetryRule {
        max_attempts: said.max_attempts,
        codes,
        reasons: said.reasons.clone(),
        initial_backoff: time("retry.initial_backoff", said.initial_backoff),
        max_backoff: time("retry.max_backoff", said.max_backoff),
        per_try_timeout: time("retry.per_try_timeout", said.per_try_timeout),
    })
}

fn json(all: Option<&proto::Json>, own: Option<&proto::Json>) -> JsonRules {
    let both = || [own, all].into_iter().flatten();
    let defaults = both().map(|json| json.defaults).find(|defaults| *defaults != 0);
    JsonRules {
        defaults: defaults.and_then(|number| match number {
            1 => Some(JsonDefaults::Omitted),
            2 => Some(JsonDefaults::Written),
            3 => Some(JsonDefaults::WrittenWithNull),
            _ => None,
        }),
        proto_names: both().find_map(|json| json.proto_names),
        enum_numbers: both().find_map(|json| json.enum_numbers),
        int64_numbers: both().find_map(|json| json.int64_numbers),
        refuse_unknown: both().find_map(|json| json.refuse_unknown),
    }
}

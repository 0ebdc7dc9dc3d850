//! What a call failed with, for whoever made it.

use std::time::Duration;

use bia::Code;
use prost_reflect::{DescriptorPool, MethodDescriptor};
use serde_json::{Value, json};

use crate::error::Error;
use crate::remote::{Place, Registry, trust};
use crate::shell::Look;

use super::api::operation;
use super::details;

/// The reason of a method whose body `bia` made and nobody wrote yet.
const UNWRITTEN: &str = "UNIMPLEMENTED";

/// Where a call was made, for what can be said of its failure.
#[derive(Debug)]
pub(super) struct Site<'a> {
    pub(super) place: &'a Place,
    pub(super) registry: Option<&'a Registry>,
    pub(super) method: &'a MethodDescriptor,
    pub(super) pool: &'a DescriptorPool,
    /// How long a call may take, if that was said.
    pub(super) deadline: Option<Duration>,
}

/// How a client words it that it gave up; what follows is how long it waited, to the microsecond.
const GAVE_UP: &str = " did not end within ";
/// How it words it that it knows nobody whom it could call; before it stands the service.
const NOBODY: &str = " has no instance (";
/// What is enough for most of what is slow.
const PLENTY: Duration = Duration::from_secs(30);

impl Site<'_> {
    /// Everything that the error says, and what to do about it.
    pub(super) async fn told(&self, error: &bia::Error) -> Error {
        let code = error.grpc_code();
        let mut text = match error.message() {
            "" => format!("the call failed with {code}"),
            message => match (message.split_once(GAVE_UP), self.deadline) {
                (Some((call, _)), Some(deadline)) if code == Code::DeadlineExceeded => {
                    format!("{call}{GAVE_UP}{}", bia::config::duration::format(deadline))
                }
                _ => message.to_owned(),
            },
        };
        let mut row = |name: &str, value: &str| {
            let mut lines = value.lines();
            let first = lines.next().unwrap_or_default();
            text.push_str(&format!("\n{} {first}", Look::Faint.paint(format_args!("{name:>10}"))));
            for line in lines {
                text.push_str(&format!("\n{:>10} {line}", ""));
            }
        };
        row("status", &format!("{code} ({}), HTTP {}", code.number(), error.code()));
        if !error.reason().is_empty() {
            row("reason", error.reason());
        }
        for (key, value) in error.metadata() {
            row("metadata", &format!("{key} = {value}"));
        }
        for detail in error.details() {
            row("detail", &details::told(detail, self.pool));
        }
        let told = Error::new(text);
        match self.remedy(error).await {
            Some(hint) => told.with_hint(hint),
            None => told,
        }
    }

    /// The same for a program.
    pub(super) fn document(&self, error: &bia::Error) -> Value {
        let details: Vec<_> =
            error.details().iter().map(|detail| details::document(detail, self.pool)).collect();
        json!({"error": {
            "status": error.grpc_code().name(),
            "code": error.code(),
            "reason": error.reason(),
            "message": error.message(),
            "metadata": error.metadata(),
            "details": details,
        }})
    }

    async fn remedy(&self, error: &bia::Error) -> Option<String> {
        if let Some(wait) = error.retry_after() {
            return Some(format!("try again after {}", bia::config::duration::format(wait)));
        }
        Some(match error.grpc_code() {
            Code::Unavailable => match (self.further_on(error), trust(error)) {
                (Some(other), _) => format!(
                    "{} is there, and does not find {other}, which it calls: `bia services {other}` tells who is there",
                    self.place
                ),
                (None, Some(remedy)) => remedy.to_owned(),
                (None, None) => self.who_is_there().await,
            },
            Code::DeadlineExceeded if self.is_further_on(error) => {
                "it is a call further on that took too long: its limit is with who makes it, in \
                 `clients.NAME.timeout`"
                    .to_owned()
            }
            Code::DeadlineExceeded => {
                let more = self.deadline.map_or(PLENTY, |it| PLENTY.max(it.saturating_mul(2)));
                format!("give it more time: --deadline {}", bia::config::duration::format(more))
            }
            Code::Unimplemented if error.reason() == UNWRITTEN => {
                "the method is there and not written yet: its body is where the service implements it"
                    .to_owned()
            }
            Code::Unimplemented => {
                "whoever answered does not have the method: does another version run there? \
                 `bia services` tells"
                    .to_owned()
            }
            Code::Unauthenticated => "say who you are: -H 'authorization: Bearer TOKEN'".to_owned(),
            Code::InvalidArgument => {
                format!("`--describe {}` shows what it takes", self.method.name())
            }
            _ => match error.reason() {
                "" | bia::error::UNKNOWN => return None,
                reason => format!("`bia explain {reason}` tells more"),
            },
        })
    }

    /// The service that the one which is called does not find.
    fn further_on<'e>(&self, error: &'e bia::Error) -> Option<&'e str> {
        let Place::Service(own) = self.place else { return None };
        let (other, _) = error.message().split_once(NOBODY)?;
        (other != own).then_some(other)
    }

    /// Whether another call than ours was given up, which says of which operation it is.
    fn is_further_on(&self, error: &bia::Error) -> bool {
        let own = operation(self.method);
        error
            .message()
            .split_once(GAVE_UP)
            .is_some_and(|(call, _)| call.contains('/') && !call.contains(&own))
    }

    async fn who_is_there(&self) -> String {
        let (Place::Service(service), Some(registry)) = (self.place, self.registry) else {
            return format!(
                "does it run, is {} its port for calls, and does it speak TLS (grpcs://)?",
                self.place
            );
        };
        let listed = registry.list(service).await.unwrap_or_default();
        if listed.is_empty() {
            return format!("nobody is registered as {service} any more");
        }
        let all = listed.iter().map(|it| {
            let at = it.instance.endpoints.first().map(ToString::to_string).unwrap_or_default();
            let fault = it.fault.as_ref().map(|fault| format!(" ({fault})")).unwrap_or_default();
            let lane =
                it.instance.lane().map(|lane| format!(", in lane {lane}")).unwrap_or_default();
            format!("{} at {at}{lane}{fault}", it.instance.id)
        });
        let all = all.collect::<Vec<_>>().join(", ");
        if listed.iter().all(|it| it.instance.lane().is_some()) {
            return format!("all are in lanes: registered are {all}; call one with --lane NAME");
        }
        format!("registered are {all}; `bia services {service}` tells how they do")
    }
}

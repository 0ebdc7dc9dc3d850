use std::fmt;
use std::time::Duration;

use crate::config::Invalid;
use crate::context::{Face, HttpCall};
use crate::error::{Code, Error};

use super::super::calls::{self, Ended, Outcome, Side, Words};
use super::super::millis;
use super::super::settings::AccessSettings;
use super::pattern::Pattern;

/// Writes the line of a call that has ended: one, whatever there is to say.
#[derive(Debug)]
pub(super) struct Access {
    is_on: bool,
    exclude: Vec<Pattern>,
    slow: Option<Duration>,
}

/// What a call is told at: the macro's level must be a constant.
macro_rules! tell {
    ($level:ident, $call:expr, $($message:tt)+) => {{
        let call: &Ended<'_> = $call;
        let error = call.outcome.error();
        tracing::$level!(
            target: "bia::access",
            operation = call.operation.name(),
            face = face(call.face),
            method = http(call).map(|http| http.method.as_str()),
            path = http(call).map(|http| calls::path(call.operation, http)),
            route = http(call).and_then(|http| http.template),
            code = error.map_or_else(|| call.outcome.code().to_http(), Error::code),
            status = call.outcome.code().name(),
            reason = Some(call.outcome.reason()).filter(|reason| !reason.is_empty()),
            took_ms = millis(call.took),
            received_bytes = call.received,
            sent_bytes = call.sent,
            peer = call.peer.map(tracing::field::display),
            peer_service = call.peer_service,
            deadline_left_ms = call.left().map(millis),
            user_agent = user_agent(call),
            $($message)+
        );
    }};
}

impl Access {
    /// # Errors
    ///
    /// If what is excluded is no operation.
    pub(super) fn new(settings: &AccessSettings) -> Result<Self, Invalid> {
        let exclude = settings
            .exclude
            .iter()
            .map(|text| Pattern::read(text, || "telemetry.logs.access.exclude".to_owned()));
        Ok(Self {
            is_on: settings.enabled,
            exclude: exclude.collect::<Result<_, _>>()?,
            slow: (!settings.slow.is_zero()).then_some(settings.slow),
        })
    }

    /// That of servers without an app: only faults of theirs are told.
    pub(super) fn off() -> Self {
        Self { is_on: false, exclude: Vec::new(), slow: None }
    }

    /// A call has ended.
    pub(super) fn ended(&self, call: &Ended<'_>) {
        match (call.side, call.cx) {
            (Side::Client, _) => made(call),
            // So that the line belongs to the call.
            (Side::Server, Some(cx)) => cx.enter(|| self.served(call)),
            (Side::Server, None) => self.served(call),
        }
    }

    fn served(&self, call: &Ended<'_>) {
        let said = Said(call);
        // Faults of ours are for the operator; those of the caller are for who looks.
        if call.outcome.error().is_some_and(Error::is_own_fault) {
            tell!(error, call, "{said}");
        } else if self.slow.is_some_and(|slow| call.took >= slow) {
            tell!(warn, call, slow = true, "{said}");
        } else if self.is_on && !self.excludes(call.operation.name()) {
            tell!(info, call, "{said}");
        } else if call.outcome.code() != Code::Ok {
            tell!(debug, call, "{said}");
        }
    }

    fn excludes(&self, operation: &str) -> bool {
        self.exclude.iter().any(|pattern| pattern.has(operation))
    }
}

/// A call that was made. Who serves it has a line of it too, and who made it decides what its failure
/// means: this one is for who looks.
fn made(call: &Ended<'_>) {
    let said = Said(call);
    tracing::debug!(
        target: "bia::access::client",
        called = call.operation.name(),
        callee = call.target,
        node = call.node,
        code = call.outcome.error().map_or_else(|| call.outcome.code().to_http(), Error::code),
        status = call.outcome.code().name(),
        reason = Some(call.outcome.reason()).filter(|reason| !reason.is_empty()),
        took_ms = millis(call.took),
        received_bytes = call.received,
        sent_bytes = call.sent,
        deadline_left_ms = call.left().map(millis),
        "{said}"
    );
}

fn face(face: Face) -> &'static str {
    match face {
        Face::Grpc => "grpc",
        Face::GrpcWeb => "grpc-web",
        Face::WebSocket => "websocket",
        Face::Http => "http",
    }
}

fn http<'a>(call: &Ended<'a>) -> Option<&'a HttpCall> {
    call.cx?.http()
}

fn user_agent<'a>(call: &Ended<'a>) -> Option<&'a str> {
    call.cx?.header("user-agent")?.to_str().ok()
}

/// How a call ended, in words.
struct Said<'a>(&'a Ended<'a>);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.outcome {
            Outcome::Ok => f.write_str("answered"),
            Outcome::Cancelled => f.write_str("the caller went away"),
            Outcome::Failed(error) => Words::new(self.0.operation, error).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;

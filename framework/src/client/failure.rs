//! What can go wrong on a connection, said so that a caller knows what to do.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use h2::Reason;
use tokio::time::Instant;

use crate::error::{Code, Error};

/// A call broke off on the way: `error` is what happened on the connection to `node`, and `cause`
/// why the connection was given up, if it was us who did.
pub(super) fn broken(error: h2::Error, operation: &str, node: &str, cause: Option<&str>) -> Error {
    if error.is_reset() {
        return reset(error, operation, node);
    }
    let why = cause.map_or_else(|| error.to_string(), ToOwned::to_owned);
    Error::unavailable(
        "CONNECTION_LOST",
        format!("the connection to {node} broke during {operation}: {why}"),
    )
    .with_source(error)
}

/// The same of a connection of HTTP/1.1.
pub(super) fn cut(error: &hyper::Error, operation: &str, node: &str) -> Error {
    let why = error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
    Error::unavailable(
        "CONNECTION_LOST",
        format!("the connection to {node} broke during {operation}: {why}"),
    )
}

/// By the table of `grpc/grpc:doc/PROTOCOL-HTTP2.md`, "HTTP2 Transport Mapping".
fn reset(error: h2::Error, operation: &str, node: &str) -> Error {
    let reason = error.reason().unwrap_or(Reason::INTERNAL_ERROR);
    let code = match reason {
        Reason::REFUSED_STREAM => Code::Unavailable,
        Reason::CANCEL => Code::Cancelled,
        Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ => Code::Internal,
    };
    let who = if error.is_remote() { node } else { "this side" };
    let name = Name(reason);
    Error::from_grpc(code, "STREAM_RESET", format!("{who} reset the stream of {operation}: {name}"))
        .with_source(error)
}

/// The name of the RFC, as other gRPC implementations print it too.
struct Name(Reason);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Whether a node gave a call up because its time was up, which it may notice before our own timer
/// does: it resets the stream, as grpc-go does, and has no way to say why.
pub(super) fn is_too_late(error: &h2::Error, deadline: Option<Instant>) -> bool {
    error.is_remote()
        && error.reason() == Some(Reason::CANCEL)
        && deadline.is_some_and(|deadline| deadline <= Instant::now())
}

/// Whether the peer has said that it goes away, and nothing is wrong with it.
pub(super) fn is_orderly(error: &h2::Error) -> bool {
    error.is_go_away() && error.is_remote() && error.reason() == Some(Reason::NO_ERROR)
}

/// The reason of the error of a connection that went away while it was made.
const GOING: &str = "CONNECTION_GOING";

/// The peer went away in order while a connection to it was made.
pub(super) fn going() -> Error {
    Error::unavailable(GOING, "the peer closed the connection in order, as soon as it was made")
}

/// Whether an error is of a peer that went away in order.
pub(super) fn was_orderly(error: &Error) -> bool {
    if error.reason() == GOING {
        return true;
    }
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    source.is_some_and(is_orderly)
}

/// The time was up.
pub(super) fn too_late(operation: &str, node: Option<&str>, took: Duration) -> Error {
    let took = Rounded(took);
    let message = match node {
        Some(node) => format!("{operation} on {node} did not end within {took}"),
        None => format!("{operation} did not begin within {took}: no node was ready"),
    };
    Error::deadline_exceeded("DEADLINE_EXCEEDED", message)
}

/// Three digits are enough to know what one has waited for.
pub(super) struct Rounded(pub(super) Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.0.as_nanos() {
            0..10_000 => 1,
            10_000..10_000_000 => 1_000,
            10_000_000..10_000_000_000 => 1_000_000,
            _ => 100_000_000,
        };
        let nanos = self.0.as_nanos() / unit * unit;
        fmt::Debug::fmt(&Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_is_told_by_the_table_of_grpc_and_is_never_unknown() {
        let table = [
            (Reason::REFUSED_STREAM, 503),
            (Reason::CANCEL, 499),
            (Reason::ENHANCE_YOUR_CALM, 429),
            (Reason::INADEQUATE_SECURITY, 403),
            (Reason::INTERNAL_ERROR, 500),
            (Reason::NO_ERROR, 500),
        ];
        for (reason, code) in table {
            let error = reset(reason.into(), "/s.S/M", "10.0.0.1:9000");
            assert_eq!((error.code(), error.reason()), (code, "STREAM_RESET"), "{reason:?}");
            assert_ne!(error.grpc_code(), Code::Unknown);
        }
    }

    #[test]
    fn a_time_is_told_in_few_digits() {
        let table = [
            (Duration::from_nanos(1_234), "1.234µs"),
            (Duration::from_nanos(250_123_456), "250ms"),
            (Duration::from_nanos(9_999_999), "9.999ms"),
            (Duration::from_millis(12_345), "12.3s"),
        ];
        for (duration, text) in table {
            assert_eq!(Rounded(duration).to_string(), text);
        }
    }
}

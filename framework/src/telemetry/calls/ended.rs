use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::context::{Context, Face, Trace};
use crate::error::{Code, Error};
use crate::operation::Operation;

use super::super::metrics::calls;

/// Which end of a call it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It was served here.
    Server,
    /// It was made from here.
    Client,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome<'a> {
    Ok,
    Failed(&'a Error),
    /// Whoever wanted the answer went away, or dropped the call.
    Cancelled,
}

/// All that is known of a call at its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) side: Side,
    pub(crate) operation: &'static Operation,
    pub(crate) face: Face,
    /// Of a call that was served: who called.
    pub(crate) peer: Option<SocketAddr>,
    /// Of a call that was made: the address of the node that had it, if one had.
    pub(crate) node: Option<&'a str>,
    /// Of a call that was made: the service or the addresses that it went to.
    pub(crate) target: Option<&'a str>,
    pub(crate) begun: Instant,
    pub(crate) took: Duration,
    pub(crate) deadline: Option<Instant>,
    /// The bytes of all messages that came in, uncompressed.
    pub(crate) received: u64,
    /// The bytes of all messages that went out, uncompressed.
    pub(crate) sent: u64,
    pub(crate) outcome: Outcome<'a>,
    /// Of a call that was served: the service that says it called.
    pub(crate) peer_service: Option<&'a str>,
    pub(crate) trace: Option<&'a Trace>,
    /// Of a call that was served.
    pub(crate) cx: Option<&'a Context>,
}

impl Outcome<'_> {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Ok => Code::Ok,
            Self::Failed(error) => error.grpc_code(),
            Self::Cancelled => Code::Cancelled,
        }
    }

    /// Why it failed, in one word; empty if it did not.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Ok => "",
            Self::Failed(error) => error.reason(),
            Self::Cancelled => "CANCELLED",
        }
    }

    pub(crate) fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Ok | Self::Cancelled => None,
        }
    }
}

impl Ended<'_> {
    /// What the metrics take of it.
    pub(super) fn measured(&self) -> calls::Ended<'_> {
        calls::Ended {
            code: self.outcome.code(),
            reason: self.outcome.reason(),
            duration: self.took,
            received: self.received,
            sent: self.sent,
            ids: self
                .trace
                .filter(|trace| trace.is_sampled())
                .map(|trace| (trace.id().to_bytes(), trace.span().to_bytes())),
        }
    }

    /// What was left of the time that the call was given, none if it was given none.
    pub(crate) fn left(&self) -> Option<Duration> {
        let end = self.begun + self.took;
        self.deadline.map(|deadline| deadline.saturating_duration_since(end))
    }
}

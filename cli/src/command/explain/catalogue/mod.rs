//! The reasons that the framework answers with: what each means, who brings it about, what helps.
//!
//! A test reads the framework's source: a reason that is made there and not told here fails it, and so
//! does one that is told here and made no more.

mod admin;
mod call;
mod client;
mod http;
mod service;
mod settings;
#[cfg(test)]
mod tests;

use bia::Code;

/// Who can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Whoever sent the request.
    Caller,
    /// Whoever wrote the service.
    Author,
    /// Whoever runs it: settings, addresses, rights.
    Operator,
    /// What lies between two sides, or the other side.
    Network,
}

impl By {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Caller => "whoever sends the request",
            Self::Author => "whoever writes the service",
            Self::Operator => "whoever runs the service",
            Self::Network => "the network, or the other side",
        }
    }
}

/// One reason.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) reason: &'static str,
    /// The HTTP statuses that it comes with; the first is the usual one.
    pub(super) statuses: &'static [u16],
    /// The gRPC code, where it is not the one that stands for the status.
    pub(super) other: Option<Code>,
    pub(super) by: By,
    pub(super) means: &'static str,
    pub(super) remedy: &'static str,
}

impl Entry {
    pub(super) fn grpc(&self, status: u16) -> Code {
        self.other.unwrap_or_else(|| Code::from_http(status))
    }
}

const fn entry(
    reason: &'static str,
    statuses: &'static [u16],
    by: By,
    means: &'static str,
    remedy: &'static str,
) -> Entry {
    Entry { reason, statuses, other: None, by, means, remedy }
}

/// Reasons that belong together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Topic {
    pub(super) name: &'static str,
    pub(super) entries: &'static [Entry],
}

/// All of them, in the order in which they are told.
pub(super) const TOPICS: [Topic; 6] = [
    Topic { name: "Calls", entries: call::ENTRIES },
    Topic { name: "Calls over HTTP", entries: http::ENTRIES },
    Topic { name: "Calling others", entries: client::ENTRIES },
    Topic { name: "Starting, registering, stopping", entries: service::ENTRIES },
    Topic { name: "Settings", entries: settings::ENTRIES },
    Topic { name: "The admin port", entries: admin::ENTRIES },
];

pub(super) fn all() -> impl Iterator<Item = &'static Entry> {
    TOPICS.iter().flat_map(|topic| topic.entries)
}

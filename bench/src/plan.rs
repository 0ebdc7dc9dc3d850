//! What is measured: which calls, at how many at once, for how long.

use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use crate::peer::Peer;
use crate::workload::Workload;

/// Whose CPU time is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Server,
    Client,
}

impl Side {
    /// What Bia's CPU time per call may be at most, as a part of tonic's.
    pub fn target(self) -> f64 {
        match self {
            Self::Server => 0.85,
            Self::Client => 0.95,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// One line of the table, for every peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    pub side: Side,
    pub workload: Workload,
    pub connections: u32,
    /// Calls at the same time on each connection.
    pub in_flight: u32,
}

impl Case {
    /// Who can be measured at it.
    pub fn takes(&self, peer: Peer) -> bool {
        match peer {
            Peer::Bia => true,
            Peer::Tonic => self.workload != Workload::Record,
            Peer::Hyper => self.workload == Workload::Unary,
            Peer::BiaJson | Peer::Axum => self.workload == Workload::Record,
        }
    }

    /// Whom ratios are of.
    pub fn base(&self) -> Peer {
        if self.workload == Workload::Record { Peer::Bia } else { Peer::Tonic }
    }

    /// Whether Bia is held to a target there. A server that is called once at a time is not: most of
    /// its time is the kernel's, which wakes it for every call, and even `hyper` is above 0.85.
    pub fn has_target(&self) -> bool {
        self.workload == Workload::Unary && (self.side == Side::Client || self.in_flight > 1)
    }
}

/// A part of all that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Server,
    Client,
    Stream,
    Gzip,
    Json,
    Instructions,
}

impl Part {
    pub const ALL: [Self; 6] =
        [Self::Server, Self::Client, Self::Stream, Self::Gzip, Self::Json, Self::Instructions];

    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Stream => "stream",
            Self::Gzip => "gzip",
            Self::Json => "json",
            Self::Instructions => "instructions",
        }
    }

    /// Its cases, but for instructions, which are counted and not timed.
    pub fn cases(self) -> Vec<Case> {
        let server = |workload, connections, in_flight| Case {
            side: Side::Server,
            workload,
            connections,
            in_flight,
        };
        match self {
            Self::Server => [(1, 1), (1, 16), (1, 64), (4, 1), (4, 16), (4, 64)]
                .map(|(connections, in_flight)| server(Workload::Unary, connections, in_flight))
                .into_iter()
                .chain([server(Workload::Waiting, 1, 16)])
                .collect(),
            Self::Client => [1, 16, 64]
                .map(|in_flight| Case {
                    side: Side::Client,
                    ..server(Workload::Unary, 1, in_flight)
                })
                .to_vec(),
            Self::Stream => vec![server(Workload::Stream, 1, 4)],
            Self::Gzip => vec![server(Workload::Gzip, 1, 16)],
            Self::Json => vec![server(Workload::Record, 1, 16), server(Workload::Record, 1, 64)],
            Self::Instructions => Vec::new(),
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|part| part.name() == text);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{text:?} is not a part; there are {names}")
        })
    }
}

/// How long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Effort {
    /// Rounds of every case; each measures every peer once.
    pub rounds: u32,
    /// Of each measurement, before anything is counted.
    pub settle: Duration,
    /// Of each measurement, while it counts.
    pub span: Duration,
}

impl Effort {
    /// Less than a minute in all: tells a factor, not a per cent.
    pub const QUICK: Self =
        Self { rounds: 5, settle: Duration::from_millis(50), span: Duration::from_millis(150) };
    /// Some five minutes: for figures that are written down.
    pub const FULL: Self =
        Self { rounds: 21, settle: Duration::from_millis(100), span: Duration::from_millis(400) };
}

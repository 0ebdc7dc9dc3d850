//! Who is measured.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// One of those that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Peer {
    /// With everything that is on by default.
    Bia,
    /// As its own documentation sets it up.
    Tonic,
    /// HTTP/2 with frames of bytes; no gRPC.
    Hyper,
    /// The same server as [`Peer::Bia`], called with JSON over HTTP/2.
    #[serde(rename = "bia-json")]
    BiaJson,
    /// A handler for JSON as one writes it by hand: axum and serde, nothing on.
    Axum,
}

impl Peer {
    /// Every peer.
    pub const ALL: [Self; 5] = [Self::Bia, Self::Tonic, Self::Hyper, Self::BiaJson, Self::Axum];

    /// Whether it is called with JSON and not with gRPC.
    pub fn is_json(self) -> bool {
        matches!(self, Self::BiaJson | Self::Axum)
    }

    /// What it is called on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bia => "bia",
            Self::Tonic => "tonic",
            Self::Hyper => "hyper",
            Self::BiaJson => "bia-json",
            Self::Axum => "axum",
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|peer| peer.name() == text);
        known.ok_or_else(|| format!("{text:?} is not one of bia, tonic, hyper, bia-json, axum"))
    }
}

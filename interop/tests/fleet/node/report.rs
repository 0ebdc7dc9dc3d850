//! What a caller tells of its calls: a line of JSON for each tenth of a second.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The calls that ended in a tenth of a second.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// When it was written, in milliseconds since the load began.
    pub(crate) at_ms: u64,
    /// How many were answered well, by the node that did.
    pub(crate) answered: BTreeMap<String, u64>,
    pub(crate) failed: Vec<Failed>,
    /// How long the longest unary call took.
    pub(crate) slowest_ms: u64,
}

/// A call that failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failed {
    pub(crate) operation: String,
    pub(crate) code: u16,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) took_ms: u64,
}

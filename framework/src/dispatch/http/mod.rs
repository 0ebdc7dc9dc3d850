//! Calls over HTTP: which method a request is for, how its message is put together of path, query and
//! body, and how the answer is written.
//!
//! What is told in more than one place is taken from the last of body, query and path, in this
//! order, as in Kratos.

mod bound;
mod coding;
mod content;
mod exchange;
mod multipart;
mod pairs;
mod path;
mod router;
pub(super) mod stream;

pub(crate) use bound::Bound;
pub(super) use exchange::Exchange;
pub(crate) use router::Router;
pub(super) use stream::List;

/// What a server lets calls over HTTP be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// From how many bytes on an answer is compressed, for callers that read it.
    pub(crate) compress_from: usize,
    /// Whether a query or a form may tell fields that there are not.
    pub(crate) strict_query: bool,
    /// Whether the query is bound over a body that is the whole message.
    pub(crate) query_over_body: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { compress_from: 1024, strict_query: false, query_over_body: false }
    }
}

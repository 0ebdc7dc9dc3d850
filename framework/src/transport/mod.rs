//! Sockets that calls come in by: the one place that accepts connections.

pub(crate) mod pipeline;

//! What tests of a service need, and what whoever implements a joint must keep.

pub mod conformance;

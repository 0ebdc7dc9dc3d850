//! What tests of a service need, and what whoever implements a joint must keep.

mod app;
pub mod conformance;

pub use app::TestApp;

//! What tests of a service need, and what whoever implements a joint must keep.

mod app;
#[doc(hidden)]
pub mod cost;
pub mod conformance;
mod in_process;

pub use app::TestApp;
pub use in_process::in_process;

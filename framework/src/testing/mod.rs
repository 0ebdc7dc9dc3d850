//! What tests of a service need, and what whoever implements a joint must keep.

mod app;
pub mod conformance;
#[doc(hidden)]
pub mod cost;
mod in_process;
#[doc(hidden)]
pub mod raw;

pub use app::TestApp;
pub use in_process::in_process;

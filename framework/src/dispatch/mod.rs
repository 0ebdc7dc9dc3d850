//! From a request to its handler and from what it answers to a response: the innermost part of a server.
//!
//! Generated code implements [`Handler`] and drives it through [`ServerCall`]; neither asks which
//! face the call came by.

mod binding;
mod call;
mod foreign;
mod form;
mod http;
mod out;
mod over_http;
mod raw;
mod routes;
mod service;

pub(crate) use self::http::Rules as HttpRules;
pub use binding::{Binding, Part, Segment, Variable};
pub(crate) use call::{Limits, unknown};
pub use call::{Reply, ServerCall};
pub use out::Out;
pub(crate) use routes::{Arrival, Routes};
pub use service::{Facts, Handler, Service};

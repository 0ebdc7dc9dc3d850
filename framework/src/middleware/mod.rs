//! The layers that every call to a server goes through, one folder each.
//!
//! They are tower services that fail with an [`crate::Error`]; `transport` puts them in order. Those of
//! the house take the call's context beside the request, those of users find it among the request's
//! extensions. None asks which face a call came by, but the outermost, which writes errors
//! for it. A call ends when its body ends, so what counts or bounds a call follows the body, unless
//! the body is whole and cannot wait.

pub(crate) mod auth;
pub(crate) mod deadline;
pub(crate) mod metadata;
pub(crate) mod observe;
pub(crate) mod recovery;
pub(crate) mod rescue;
mod select;
mod user;

pub use auth::Authenticate;
pub use select::Selector;
pub(crate) use user::UserLayer;
pub use user::UserService;

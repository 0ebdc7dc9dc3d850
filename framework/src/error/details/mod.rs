//! What an error tells beside its four fields: messages of `google.rpc`, or of anybody.
//!
//! ```
//! use bia::Error;
//! use bia::error::details::{BadRequest, RetryInfo};
//!
//! let error = Error::bad_request("USER_INVALID", "the user cannot be made")
//!     .with_detail(BadRequest::default().with_violation("user.email", "is not an address"));
//! let told: BadRequest = error.detail().unwrap();
//! assert_eq!(told.field_violations[0].field, "user.email");
//! ```
//!
//! They travel in `grpc-status-details-bin` on gRPC, behind the `ErrorInfo` of reason and metadata that
//! Kratos reads, and as `details` in the JSON body on HTTP, there with `@type` as the protobuf
//! specification writes an `Any`. Details of types that nobody here knows travel on as they came.

mod detail;
mod make;

pub use detail::Detail;

pub use crate::pb::google::rpc::{
    BadRequest, DebugInfo, ErrorInfo, Help, LocalizedMessage, PreconditionFailure, QuotaFailure,
    RequestInfo, ResourceInfo, RetryInfo, bad_request, help, precondition_failure, quota_failure,
};

#[cfg(test)]
mod tests;

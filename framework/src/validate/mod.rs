//! Whether a message keeps the rules of its proto (`buf.validate`).
//!
//! Generated code implements [`Validate`] with straight comparisons; every message that comes in is
//! held against it before its handler sees it, on every face, and each one of a stream. What is
//! wrong is told at once: as `google.rpc.BadRequest`, and field by field in the error's metadata.

#[cfg(feature = "cel")]
#[doc(hidden)]
pub mod cel;
mod foreign;
mod format;
#[doc(hidden)]
pub mod rules;
mod violations;

pub use violations::{Violation, Violations};

use crate::error::Result;

/// The reason of the error that says which rules a message breaks.
pub const REASON: &str = "VALIDATOR";

/// A message that knows the rules of its proto. Generated code implements it.
pub trait Validate {
    /// Adds every rule that the message breaks, at once.
    fn validate(&self, violations: &mut Violations);
}

/// Holds a message against the rules of its proto.
///
/// A server does this to all that it is sent; it is here for messages that come another way, from a
/// queue or a file. Nothing is allocated for a message that keeps its rules.
///
/// # Errors
///
/// `400 VALIDATOR` with all that is wrong, see [`Violations`].
pub fn check<T: Validate + ?Sized>(message: &T) -> Result<()> {
    let mut violations = Violations::default();
    message.validate(&mut violations);
    violations.into_result()
}

#[cfg(test)]
mod tests;

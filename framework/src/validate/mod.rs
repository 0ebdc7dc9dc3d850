//! Whether a message keeps the rules of its proto (`buf.validate`).

mod foreign;

/// A message that knows the rules of its proto. Generated code implements it.
pub trait Validate {
    /// Adds every rule that the message breaks, at once.
    fn validate(&self, violations: &mut Violations) {
        let _unused = violations;
    }
}

/// The rules that a message breaks.
#[derive(Debug, Default)]
pub struct Violations {}

use super::Instance;

/// An instance as a registry holds it, fit to be called or not: for people who look into one.
///
/// Callers go by [`Discovery`](super::Discovery), which tells them of those without a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// The instance.
    pub instance: Instance,
    /// Why callers are not told of it, in words; none if they are.
    pub fault: Option<String>,
}

impl Listed {
    /// An instance that callers are told of.
    #[must_use]
    pub const fn new(instance: Instance) -> Self {
        Self { instance, fault: None }
    }

    /// Replaces why callers are not told of it.
    #[must_use]
    pub fn with_fault(mut self, fault: impl Into<String>) -> Self {
        self.fault = Some(fault.into());
        self
    }
}

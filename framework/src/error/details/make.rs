//! What makes the details that are told most often short to write.

use std::time::Duration;

use super::{
    BadRequest, Help, PreconditionFailure, QuotaFailure, RetryInfo, bad_request, help,
    precondition_failure, quota_failure,
};

impl BadRequest {
    /// Adds that the field of the request that `field` leads to (`user.email`, `items[2].sku`) is not right.
    #[must_use]
    pub fn with_violation(
        mut self,
        field: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.field_violations.push(bad_request::FieldViolation {
            field: field.into(),
            description: description.into(),
            ..Default::default()
        });
        self
    }
}

impl QuotaFailure {
    /// Adds that `subject` (`user:7`, `project:a`) has used up what it may.
    #[must_use]
    pub fn with_violation(
        mut self,
        subject: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.violations.push(quota_failure::Violation {
            subject: subject.into(),
            description: description.into(),
            ..Default::default()
        });
        self
    }
}

impl PreconditionFailure {
    /// Adds that a condition of the kind `kind` (`TOS`) does not hold for `subject`.
    #[must_use]
    pub fn with_violation(
        mut self,
        kind: impl Into<String>,
        subject: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.violations.push(precondition_failure::Violation {
            r#type: kind.into(),
            subject: subject.into(),
            description: description.into(),
        });
        self
    }
}

impl Help {
    /// Adds where a person reads on.
    #[must_use]
    pub fn with_link(mut self, description: impl Into<String>, url: impl Into<String>) -> Self {
        self.links.push(help::Link { description: description.into(), url: url.into() });
        self
    }
}

impl RetryInfo {
    /// Says that the call is not worth trying again before `delay` has passed.
    #[must_use]
    pub fn after(delay: Duration) -> Self {
        // More than protobuf can say is for ever, which is what it says at most.
        let forever = prost_types::Duration { seconds: i64::MAX, nanos: 0 };
        Self { retry_delay: Some(delay.try_into().unwrap_or(forever)) }
    }

    /// How long to wait before trying again; none if it does not say, or says less than nothing.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.retry_delay?.try_into().ok()
    }
}

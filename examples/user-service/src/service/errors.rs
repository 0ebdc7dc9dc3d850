//! What a caller is told of an error, in the words of the proto. The causes stay in the log.

use crate::api;
use crate::rules::{DataError, UserError, Violations};

impl From<UserError> for bia::Error {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NotFound { id } => api::UserError::NotFound.with("id", id),
            UserError::EmailTaken { email } => api::UserError::EmailTaken.with("email", email),
            UserError::Changed { id } => api::UserError::Changed.with("id", id),
            UserError::Invalid(violations) => violations.into(),
            UserError::PageToken => api::UserError::PageTokenInvalid.into(),
            UserError::Stopping => api::UserError::Stopping.into(),
            UserError::Data(DataError::Unavailable(source)) => {
                api::UserError::DatabaseUnavailable.with_source(source)
            }
            UserError::Data(DataError::Broken(source)) => Self::from_source(source),
        }
    }
}

impl From<Violations> for bia::Error {
    /// What only the rules know to be wrong is told as what breaks the rules of the proto.
    fn from(violations: Violations) -> Self {
        let mut told = bia::validate::Violations::default();
        for (field, rule) in violations.iter() {
            told.add(field, "user.rules", rule.to_owned());
        }
        told.into()
    }
}

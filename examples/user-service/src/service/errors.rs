//! What a caller is told of an error: code, reason and message of each. The causes stay in the log.

use crate::rules::{DataError, UserError, Violations};

impl From<UserError> for bia::Error {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NotFound { id } => {
                Self::not_found("USER_NOT_FOUND", format!("there is no user {id:?}")).with("id", id)
            }
            UserError::EmailTaken { email } => Self::from_grpc(
                bia::Code::AlreadyExists,
                "USER_EMAIL_TAKEN",
                format!("another user has the address {email}"),
            )
            .with("email", email),
            UserError::Changed { id } => {
                Self::conflict("USER_CHANGED", "others changed the user meanwhile: try again")
                    .with("id", id)
            }
            UserError::Invalid(violations) => violations.into(),
            UserError::PageToken => Self::bad_request(
                "PAGE_TOKEN_INVALID",
                "the page_token is not of this list: begin with an empty one",
            ),
            UserError::Stopping => Self::unavailable(
                "STOPPING",
                "this instance stops: ask again from the last revision you saw",
            ),
            UserError::Data(DataError::Unavailable(source)) => {
                Self::unavailable("DATABASE_UNAVAILABLE", "the database does not answer, try again")
                    .with_source(source)
            }
            UserError::Data(DataError::Broken(source)) => Self::from_source(source),
        }
    }
}

impl From<Violations> for bia::Error {
    /// All that is wrong, in the message for people and field by field in the metadata.
    fn from(violations: Violations) -> Self {
        let mut fields = std::collections::BTreeMap::<&str, String>::new();
        for (field, rule) in violations.iter() {
            let rules = fields.entry(field).or_default();
            if !rules.is_empty() {
                rules.push_str("; ");
            }
            rules.push_str(rule);
        }
        let error = Self::bad_request("VALIDATOR", violations.to_string());
        fields.into_iter().fold(error, |error, (field, rules)| error.with(field, rules))
    }
}

//! What a caller is told of an error: code, reason and message of each. The causes stay in the log.

use crate::rules::{DataError, OrderError, Violations};

impl From<OrderError> for bia::Error {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotFound { id } => {
                Self::not_found("ORDER_NOT_FOUND", format!("there is no order {id:?}"))
                    .with("id", id)
            }
            OrderError::UserNotFound { id } => {
                Self::not_found("USER_NOT_FOUND", format!("there is no user {id:?}")).with("id", id)
            }
            OrderError::UserSuspended { id } => Self::precondition_failed(
                "USER_SUSPENDED",
                format!("the user {id:?} may not order for the time being"),
            )
            .with("id", id),
            OrderError::Invalid(violations) => violations.into(),
            OrderError::PageToken => Self::bad_request(
                "PAGE_TOKEN_INVALID",
                "the page_token is not of this list: begin with an empty one",
            ),
            // What user-service says of itself, or the channel of it, goes on as it is: that it is
            // away, or that the time was up.
            OrderError::Customers(source) => Self::from_source(source),
            OrderError::Data(DataError::Unavailable(source)) => {
                Self::unavailable("DATABASE_UNAVAILABLE", "the database does not answer, try again")
                    .with_source(source)
            }
            OrderError::Data(DataError::Broken(source)) => Self::from_source(source),
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

//! What a caller is told of an error, in the words of the proto. The causes stay in the log.

use crate::api;
use crate::rules::{DataError, OrderError};

impl From<OrderError> for bia::Error {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotFound { id } => api::OrderError::NotFound.with("id", id),
            OrderError::UserNotFound { id } => api::OrderError::UserNotFound.with("id", id),
            OrderError::UserSuspended { id } => api::OrderError::UserSuspended.with("id", id),
            OrderError::PageToken => api::OrderError::PageTokenInvalid.into(),
            // What user-service says of itself, or the channel of it, goes on as it is: that it is
            // away, or that the time was up.
            OrderError::Customers(source) => Self::from_source(source),
            OrderError::Data(DataError::Unavailable(source)) => {
                api::OrderError::DatabaseUnavailable.with_source(source)
            }
            OrderError::Data(DataError::Broken(source)) => Self::from_source(source),
        }
    }
}

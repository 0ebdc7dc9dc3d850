//! Customers, asked of user-service.

use crate::rules::{Cause, Customer, Customers};
use crate::users::{GetUserRequest, UserError, UserServiceClient, UserStatus};

/// user-service, seen from here. Deadline and metadata of the call being served go along by
/// themselves; `clients.user-service.timeout` bounds each question.
#[derive(Clone, Debug)]
pub struct UserDirectory {
    client: UserServiceClient,
}

impl UserDirectory {
    pub fn new(client: UserServiceClient) -> Self {
        Self { client }
    }
}

impl Customers for UserDirectory {
    async fn find(&self, id: &str) -> Result<Option<Customer>, Cause> {
        match self.client.get_user(GetUserRequest { id: id.to_owned() }).await {
            Ok(user) => Ok(Some(Customer {
                may_order: user.status() == UserStatus::Active,
                id: user.id,
                name: user.name,
            })),
            Err(error) if error == UserError::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;

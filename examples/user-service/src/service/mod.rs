//! The API: turns messages into what the rules speak of, and what they answer into messages.
//!
//! Thin by intent: a decision in here is in the wrong place.

mod convert;
mod errors;

use std::sync::Arc;

use bia::{Context, Result, Streaming};
use futures_util::{Stream, TryStreamExt as _};

use crate::api;
use crate::rules::{Patch, UserData, UserError, Users};

/// How many failures an import tells of; the rest it counts.
const TOLD_FAILURES: usize = 100;

/// `user.v1.UserService` over the rules.
#[derive(Clone)]
pub struct UserApi<D> {
    users: Arc<Users<D>>,
}

impl<D: UserData> UserApi<D> {
    pub fn new(users: Arc<Users<D>>) -> Self {
        Self { users }
    }

    /// Applies one change of a sync: the user as it is now, or the id of the one that was deleted.
    async fn apply(
        &self,
        change: Option<api::sync_users_request::Change>,
    ) -> Result<api::sync_users_response::Outcome> {
        use api::sync_users_request::Change;
        use api::sync_users_response::Outcome;

        if let Some(Change::Put(user)) = &change {
            bia::validate::check(user)?;
        }
        match change {
            Some(Change::Put(user)) if user.id.is_empty() => {
                let user = self.users.create(convert::draft(user)).await?;
                Ok(Outcome::User(user.into()))
            }
            Some(Change::Put(user)) => {
                let id = user.id.clone();
                let patch = Patch::from(convert::draft(user));
                Ok(Outcome::User(self.users.update(&id, patch).await?.into()))
            }
            Some(Change::DeleteId(id)) => {
                self.users.delete(&id).await?;
                Ok(Outcome::DeletedId(id))
            }
            None => Err(bia::Error::bad_request("VALIDATOR", "change is missing")
                .with("change", "is missing")),
        }
    }
}

impl<D: UserData> api::UserService for UserApi<D> {
    async fn create_user(
        &self,
        _cx: &Context,
        request: api::CreateUserRequest,
    ) -> Result<api::User> {
        let user = request.user.unwrap_or_default();
        Ok(self.users.create(convert::draft(user)).await?.into())
    }

    async fn get_user(&self, _cx: &Context, request: api::GetUserRequest) -> Result<api::User> {
        Ok(self.users.get(&request.id).await?.into())
    }

    async fn list_users(
        &self,
        _cx: &Context,
        request: api::ListUsersRequest,
    ) -> Result<api::ListUsersResponse> {
        Ok(self.users.list(request.into()).await?.into())
    }

    async fn update_user(
        &self,
        _cx: &Context,
        request: api::UpdateUserRequest,
    ) -> Result<api::User> {
        let user = request.user.unwrap_or_default();
        let id = user.id.clone();
        let patch = convert::patch(user, request.update_mask.map(|mask| mask.paths))?;
        Ok(self.users.update(&id, patch).await?.into())
    }

    async fn delete_user(&self, _cx: &Context, request: api::DeleteUserRequest) -> Result<()> {
        Ok(self.users.delete(&request.id).await?)
    }

    async fn watch_users(
        &self,
        _cx: &Context,
        request: api::WatchUsersRequest,
    ) -> Result<impl Stream<Item = Result<api::WatchUsersResponse>> + Send> {
        let changes = self.users.watch(request.after_revision).await?;
        Ok(changes.map_ok(Into::into).map_err(Into::into))
    }

    async fn import_users(
        &self,
        _cx: &Context,
        mut requests: Streaming<api::ImportUsersRequest>,
    ) -> Result<api::ImportUsersResponse> {
        let mut response = api::ImportUsersResponse::default();
        for index in 0.. {
            let Some(request) = requests.message().await? else { break };
            let user = request.user.unwrap_or_default();
            // Not held against the rules where it came in, so that one that breaks them ends nothing.
            let error = match bia::validate::check(&user) {
                Err(error) => error,
                Ok(()) => match self.users.create(convert::draft(user)).await {
                    Ok(_user) => {
                        response.imported += 1;
                        continue;
                    }
                    // The next one would fare no better.
                    Err(error @ UserError::Data(_)) => return Err(error.into()),
                    Err(error) => error.into(),
                },
            };
            response.failed += 1;
            if response.failures.len() < TOLD_FAILURES {
                response.failures.push(api::ImportFailure { index, failure: Some(error.into()) });
            }
        }
        Ok(response)
    }

    async fn sync_users(
        &self,
        _cx: &Context,
        requests: Streaming<api::SyncUsersRequest>,
    ) -> Result<impl Stream<Item = Result<api::SyncUsersResponse>> + Send> {
        // One after the other: a caller that changes a user twice means it in that order.
        Ok(requests.and_then(async |request| {
            let outcome = match self.apply(request.change).await {
                Ok(outcome) => outcome,
                Err(error) => api::sync_users_response::Outcome::Failure(error.into()),
            };
            Ok(api::SyncUsersResponse { change_id: request.change_id, outcome: Some(outcome) })
        }))
    }
}

#[cfg(test)]
mod tests;

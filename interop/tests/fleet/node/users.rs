//! The user service: it tells who answers and what reached it.

use std::time::Duration;

use bia::{Context, Error, Result, Streaming};
use futures_util::{Stream, TryStreamExt, stream};
use interop::api::fleet::v1::{
    Count, Failure, GetUserRequest, ListUsersRequest, User, UserService,
};

/// Calls that are held at least as long are told in the log.
const LONG: Duration = Duration::from_millis(500);

pub(crate) struct Users {
    node: String,
}

impl Users {
    pub(crate) fn new(node: &str) -> Self {
        Self { node: node.to_owned() }
    }

    fn user(&self, cx: &Context, id: u32) -> User {
        let metadata = cx.metadata().iter();
        User {
            id,
            node: self.node.clone(),
            remaining_ms: remaining_ms(cx),
            metadata: metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        }
    }
}

pub(crate) fn remaining_ms(cx: &Context) -> Option<u64> {
    cx.remaining().and_then(|left| u64::try_from(left.as_millis()).ok())
}

impl UserService for Users {
    async fn get_user(&self, cx: &Context, request: GetUserRequest) -> Result<User> {
        if let Some(failure) = request.failure {
            return Err(error(failure));
        }
        hold(&request).await;
        Ok(self.user(cx, request.id))
    }

    async fn list_users(
        &self,
        cx: &Context,
        request: ListUsersRequest,
    ) -> Result<impl Stream<Item = Result<User>> + Send> {
        let user = self.user(cx, 0);
        let pause = Duration::from_millis(request.every_ms.into());
        Ok(stream::unfold(0, move |id| {
            let user = User { id, ..user.clone() };
            async move {
                if id == request.count {
                    return None;
                }
                if id > 0 {
                    // sleeps: a stream that takes its time.
                    tokio::time::sleep(pause).await;
                }
                Some((Ok(user), id + 1))
            }
        }))
    }

    async fn count_users(
        &self,
        _: &Context,
        mut requests: Streaming<GetUserRequest>,
    ) -> Result<Count> {
        let mut count = 0;
        while requests.message().await?.is_some() {
            count += 1;
        }
        Ok(Count { count, node: self.node.clone() })
    }

    async fn sync_users(
        &self,
        cx: &Context,
        requests: Streaming<GetUserRequest>,
    ) -> Result<impl Stream<Item = Result<User>> + Send> {
        let user = self.user(cx, 0);
        Ok(requests.map_ok(move |request| User { id: request.id, ..user.clone() }))
    }
}

/// Takes as long as the request says.
async fn hold(request: &GetUserRequest) {
    let time = Duration::from_millis(request.hold_ms.into());
    if time >= LONG {
        tracing::info!(id = request.id, "holding");
    }
    if request.hold_ms == u32::MAX {
        return std::future::pending().await;
    }
    // sleeps: a call that takes its time.
    tokio::time::sleep(time).await;
}

fn error(failure: Failure) -> Error {
    let code = u16::try_from(failure.code).unwrap_or(500);
    let error = Error::new(code, failure.reason, failure.message);
    failure.metadata.into_iter().fold(error, |error, (key, value)| error.with(key, value))
}

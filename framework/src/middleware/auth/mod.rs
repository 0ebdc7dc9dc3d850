//! Lets a call pass to an operation that is not open to all only if it is known who calls.
//!
//! It stands outside the layers of users, so that they know the caller too, and inside the deadline,
//! so that an authenticator that hangs holds nobody up.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};

use futures_core::future::BoxFuture;
use http::Response;
use tower::Service;

use crate::body::Body;
use crate::config::Live;
use crate::context::{Context, Identity, Inbound};
use crate::error::{Error, Result};
use crate::operation::Auth;
use crate::rules::Rules;

/// Finds out who calls, from what the call brings along: a token in [`Context::header`], the names of
/// a certificate in [`Peer::names`](crate::Peer::names).
///
/// It is asked for calls of operations that are not open to all, on every face, before the layers of
/// the user and before the request is read. Also a function is one:
///
/// ```
/// use bia::{Context, Error, Identity, Result};
///
/// async fn by_token(cx: Context) -> Result<Identity> {
///     match cx.header("authorization").and_then(|value| value.to_str().ok()) {
///         Some("Bearer of good news") => Ok(Identity::new("herald").with_scope("news")),
///         Some(_) => Err(Error::unauthorized("UNAUTHORIZED", "the token is not valid")),
///         None => Err(Error::unauthorized("UNAUTHORIZED", "the token is missing")),
///     }
/// }
/// # fn example(app: bia::App) -> bia::App {
/// app.authenticator(by_token)
/// # }
/// ```
pub trait Authenticate: Send + Sync + 'static {
    /// Who calls.
    ///
    /// # Errors
    ///
    /// Why that is not known, which the caller is told: 401 with the reason `UNAUTHORIZED`, as Kratos
    /// has it; 503 if whoever could tell does not answer.
    fn authenticate(&self, cx: Context) -> impl Future<Output = Result<Identity>> + Send;
}

impl<F, Fut> Authenticate for F
where
    F: Fn(Context) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Identity>> + Send,
{
    fn authenticate(&self, cx: Context) -> impl Future<Output = Result<Identity>> + Send {
        self(cx)
    }
}

/// An authenticator of whatever kind. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Authenticator(
    Arc<dyn Fn(Context) -> BoxFuture<'static, Result<Identity>> + Send + Sync>,
);

impl Authenticator {
    pub(crate) fn new(authenticate: impl Authenticate) -> Self {
        let authenticate = Arc::new(authenticate);
        Self(Arc::new(move |cx| {
            let authenticate = Arc::clone(&authenticate);
            Box::pin(async move { authenticate.authenticate(cx).await })
        }))
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator")
    }
}

/// What a call comes to, as those inside make it.
type Reply = Pin<Box<dyn Future<Output = Result<Response<Body>>> + Send>>;

/// Which operations ask who calls, and who can tell.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) rules: Live<Rules>,
    pub(crate) authenticator: Option<Authenticator>,
}

impl Default for Guard {
    fn default() -> Self {
        Self { rules: Live::new(Rules::default()), authenticator: None }
    }
}

/// Sets [`Context::identity`].
#[derive(Clone, Debug)]
pub(crate) struct Authenticated<S> {
    inner: S,
    guard: Guard,
}

impl<S> Authenticated<S> {
    pub(crate) fn new(inner: S, guard: Guard) -> Self {
        Self { inner, guard }
    }
}

impl<S> Service<Inbound> for Authenticated<S>
where
    S: Service<Inbound, Response = Response<Body>, Error = Error, Future = Reply>
        + Clone
        + Send
        + 'static,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = Reply;

    fn poll_ready(&mut self, cx: &mut Task<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Inbound) -> Reply {
        let Auth::Required(scopes) = self.guard.rules.get().auth(call.cx.operation()) else {
            return self.inner.call(call);
        };
        let Some(Authenticator(authenticate)) = self.guard.authenticator.clone() else {
            let operation = call.cx.operation().name();
            // At the start this is refused; settings may ask for it later.
            return Box::pin(std::future::ready(Err(missing(operation))));
        };
        // What the authenticator is to look at; who reads the request leaves them as they are.
        call.cx.set_headers(call.request.headers().clone());
        let mut inner = self.inner.clone();
        Box::pin(async move {
            let identity = call.cx.scope(authenticate(call.cx.clone())).await?;
            if let Some(scope) = scopes.iter().find(|scope| !identity.may(scope)) {
                let message = format!("the caller needs the scope {scope}");
                return Err(Error::forbidden("FORBIDDEN", message).with("scope", scope));
            }
            call.cx.set_identity(identity);
            inner.call(call).await
        })
    }
}

/// Nobody can tell who calls an operation that asks for it.
pub(crate) fn missing(operation: &str) -> Error {
    Error::internal(
        "AUTHENTICATOR_MISSING",
        format!(
            "{operation} asks who calls, and nobody can tell: give the app an authenticator \
             (App::authenticator), or open the operation (operations.\"{operation}\".auth: open)"
        ),
    )
}

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{Request, Response};
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use crate::body::Body;
use crate::context;
use crate::error::{BoxError, Error};

use super::Selector;

/// What a layer of a user wraps: the rest of the pipeline, in a box.
pub type UserService = BoxCloneSyncService<Request<Body>, Response<Body>, Error>;

/// A tower layer that a user adds, for the operations that a selector names.
///
/// It is put on once, whatever it is for, so that what it holds (a limit, a cache) is one.
#[derive(Clone)]
pub(crate) struct UserLayer {
    selector: Selector,
    wrap: Arc<dyn Fn(UserService) -> UserService + Send + Sync>,
}

impl UserLayer {
    pub(crate) fn new<L, B>(selector: Selector, layer: L) -> Self
    where
        L: Layer<UserService> + Send + Sync + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let wrap = move |inner| {
            BoxCloneSyncService::new(
                layer
                    .layer(inner)
                    .map_response(|response: Response<B>| response.map(Body::new))
                    .map_err(Error::from_source),
            )
        };
        Self { selector, wrap: Arc::new(wrap) }
    }

    /// Puts the layer around `inner` for the operations that it is for.
    pub(crate) fn wrap(&self, inner: UserService) -> UserService {
        let outer = (self.wrap)(inner.clone());
        if self.selector.is_all() {
            return outer;
        }
        BoxCloneSyncService::new(Selected { selector: self.selector.clone(), outer, inner })
    }
}

impl fmt::Debug for UserLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserLayer").field("selector", &self.selector).finish_non_exhaustive()
    }
}

/// Sends a call through the layer or past it.
#[derive(Clone)]
struct Selected {
    selector: Selector,
    outer: UserService,
    inner: UserService,
}

impl Service<Request<Body>> for Selected {
    type Response = Response<Body>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response<Body>, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        // Which of the two must be ready is known with the request: it is waited for in the call.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let operation =
            request.extensions().get().map_or("", |cx: &context::Context| cx.operation().name());
        let way = if self.selector.matches(operation) { &self.outer } else { &self.inner };
        Box::pin(way.clone().oneshot(request))
    }
}

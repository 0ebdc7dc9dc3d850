//! Reads what the caller told along into the call's context.

use std::task::{Context, Poll};

use http::Response;
use tower::Service;

use crate::body::Body;
use crate::context::Inbound;
use crate::error::{Error, Result};
use crate::metadata::{Metadata, PREFIX};

/// Fills [`context::Context::metadata`].
#[derive(Clone, Debug)]
pub(crate) struct ReadMetadata<S> {
    inner: S,
}

impl<S> ReadMetadata<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S> Service<Inbound> for ReadMetadata<S>
where
    S: Service<Inbound, Response = Response<Body>, Error = Error>,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Inbound) -> Self::Future {
        let headers = call.request.headers();
        if headers.keys().any(|name| name.as_str().starts_with(PREFIX)) {
            let metadata = Metadata::from_headers(headers);
            call.cx.change(|facts| facts.set_metadata(metadata));
        }
        self.inner.call(call)
    }
}

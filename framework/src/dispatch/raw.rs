use http::{HeaderMap, Response};
use http_body::Body as _;

use crate::body::Body;
use crate::context::Face;

use super::{Reply, ServerCall};

impl ServerCall {
    /// Answers a call over HTTP with a response as it is, made of the request's headers: for what is no
    /// message. By other faces there is no such method.
    pub(crate) fn raw(self, answer: impl FnOnce(&HeaderMap) -> Response<Body>) -> Reply {
        let cx = &self.inbound.cx;
        if cx.face() != Face::Http {
            return self.unknown();
        }
        let mut response = answer(self.inbound.request.headers());
        response.headers_mut().extend(cx.take_reply_headers().unwrap_or_default());
        let length = response.body().size_hint().lower();
        cx.sizes().send(usize::try_from(length).unwrap_or(usize::MAX));
        Box::pin(std::future::ready(Ok(response)))
    }
}

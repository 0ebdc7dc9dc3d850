use http::Request;

use crate::body::Body;

use super::Context;

/// A call on its way in: what is known of it, and the request that brought it.
///
/// The two lie side by side for the layers of the house: among the request's extensions the context
/// would cost each call three allocations, and each layer a look-up that may fail.
#[derive(Debug)]
pub(crate) struct Inbound {
    pub(crate) cx: Context,
    pub(crate) request: Request<Body>,
}

impl Inbound {
    /// The request alone, with the context among its extensions: what code of users is given.
    pub(crate) fn into_request(self) -> Request<Body> {
        let Self { cx, mut request } = self;
        request.extensions_mut().insert(cx);
        request
    }

    /// Back from a request, as code of users leaves it.
    pub(crate) fn from_request(mut request: Request<Body>) -> Self {
        let cx = request.extensions_mut().remove().unwrap_or_else(Context::background);
        Self { cx, request }
    }
}

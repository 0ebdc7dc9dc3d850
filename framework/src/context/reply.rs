use http::HeaderMap;

/// What a handler answers beside its message.
#[derive(Debug, Default)]
pub(crate) struct ReplyHeaders {
    pub(crate) headers: HeaderMap,
    pub(crate) trailers: HeaderMap,
}

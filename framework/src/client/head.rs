//! The head of a request, and of its response.

use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, TE,
    TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, StatusCode, Uri, Version, response, uri};

use crate::error::Result;
use crate::wire::{self, Encoding, GRPC_ACCEPT_ENCODING, GRPC_ENCODING, status};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("bia/", env!("CARGO_PKG_VERSION")));
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Room for what the protocol needs and a few more, made at once.
const USUAL: usize = 8;

/// The headers that every call of ours has.
pub(super) fn headers(encoding: Encoding) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(USUAL);
    headers.insert(TE, TRAILERS);
    headers.insert(CONTENT_TYPE, wire::CONTENT_TYPE);
    headers.insert(USER_AGENT, AGENT);
    if Encoding::ACCEPTED != Encoding::Identity.name() {
        headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static(Encoding::ACCEPTED));
    }
    if encoding != Encoding::Identity {
        headers.insert(GRPC_ENCODING, HeaderValue::from_static(encoding.name()));
    }
    headers
}

/// The headers of a call over HTTP that do not depend on its body.
pub(super) fn plain() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(USUAL);
    headers.insert(USER_AGENT, AGENT);
    headers
}

/// Adds what a call of another library lacks.
pub(super) fn complete(headers: &mut HeaderMap) {
    headers.insert(TE, TRAILERS);
    headers.entry(CONTENT_TYPE).or_insert(wire::CONTENT_TYPE);
    headers.entry(USER_AGENT).or_insert(AGENT);
}

/// Whether the protocol keeps a header for itself.
pub(super) fn is_reserved(name: &HeaderName) -> bool {
    const OWN: [HeaderName; 8] = [
        TE,
        CONTENT_TYPE,
        USER_AGENT,
        HOST,
        CONTENT_LENGTH,
        CONNECTION,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    name.as_str().starts_with("grpc-") || OWN.contains(name)
}

/// A request to `authority` that carries a call.
pub(super) fn request(
    scheme: Scheme,
    authority: &Authority,
    path: PathAndQuery,
    headers: HeaderMap,
) -> Request<()> {
    let mut parts = uri::Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority.clone());
    parts.path_and_query = Some(path);
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    // All three parts are there, which is all that can be wrong.
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    *request.headers_mut() = headers;
    request
}

/// Whether a response is one of gRPC at all.
pub(super) fn check(parts: &response::Parts) -> Result<()> {
    let content_type = parts.headers.get(CONTENT_TYPE);
    let grpc = content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
        || parts.headers.contains_key(status::GRPC_STATUS);
    if parts.status == StatusCode::OK && grpc {
        return Ok(());
    }
    Err(status::of_http(parts.status, content_type))
}

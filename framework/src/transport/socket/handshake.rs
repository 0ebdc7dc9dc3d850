//! How a WebSocket is asked for and granted: RFC 6455 §4.2.

use http::header::{
    CONNECTION, HOST, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::body::Body;
use crate::error::{Error, Result};

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// Whether a request asks to become a WebSocket.
pub(in crate::transport) fn asked<B>(request: &Request<B>) -> bool {
    request.version() == Version::HTTP_11
        && request.method() == Method::GET
        && has(request.headers(), &UPGRADE, "websocket")
        && has(request.headers(), &CONNECTION, "upgrade")
}

/// What the peer is granted.
#[derive(Debug)]
pub(super) struct Handshake {
    accept: HeaderValue,
}

impl Handshake {
    /// # Errors
    ///
    /// If it is not asked for as it must be, or by a page of another site.
    pub(super) fn of<B>(request: &Request<B>) -> Result<Self> {
        let headers = request.headers();
        if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            let mut error =
                Error::new(426, "WEBSOCKET_INVALID", "a WebSocket of version 13 is spoken here");
            error.add_trailer(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            return Err(error);
        }
        let accept = headers
            .get(SEC_WEBSOCKET_KEY)
            .filter(|key| key.len() == 24)
            .and_then(|key| HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok());
        let Some(accept) = accept else {
            let what = "a WebSocket is asked for with a Sec-WebSocket-Key of 16 bytes in base64";
            return Err(Error::bad_request("WEBSOCKET_INVALID", what));
        };
        same_site(headers)?;
        Ok(Self { accept })
    }

    /// The answer that opens it.
    pub(super) fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, WEBSOCKET);
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        response
    }
}

/// Browsers let any page open a socket to any host, with that host's cookies, and say only which page
/// it was: without this a stranger's page would speak in the name of whoever looks at it.
fn same_site(headers: &HeaderMap) -> Result<()> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    let from = origin.as_bytes();
    let at = from.windows(3).position(|text| text == b"://").map(|at| &from[at + 3..]);
    match (at, host) {
        (Some(at), Some(host)) if at.eq_ignore_ascii_case(host) => Ok(()),
        _ => Err(Error::forbidden(
            "ORIGIN_FORBIDDEN",
            format!("no WebSocket for pages of {}", String::from_utf8_lossy(from)),
        )),
    }
}

/// Whether a header lists a name.
fn has(headers: &HeaderMap, header: &HeaderName, name: &str) -> bool {
    let values = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|entry| entry.trim().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(change: impl FnOnce(&mut HeaderMap)) -> Request<()> {
        let mut request = Request::get("/chat")
            .header(HOST, "here:8000")
            .header(CONNECTION, "keep-alive, Upgrade")
            .header(UPGRADE, "WebSocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==")
            .body(())
            .unwrap();
        change(request.headers_mut());
        request
    }

    #[test]
    fn the_answer_is_that_of_the_rfc() {
        let request = request(|_| {});
        assert!(asked(&request));
        let response = Handshake::of(&request).unwrap().response();
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers()[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn what_is_not_asked_for_as_it_must_be_is_refused() {
        let refused = |change: fn(&mut HeaderMap)| Handshake::of(&request(change)).unwrap_err();
        let old = refused(|headers| {
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("8"));
        });
        assert_eq!(old.code(), 426);
        let keyless = refused(|headers| drop(headers.remove(SEC_WEBSOCKET_KEY)));
        assert_eq!((keyless.code(), keyless.reason()), (400, "WEBSOCKET_INVALID"));
        let plain = request(|headers| drop(headers.remove(UPGRADE)));
        assert!(!asked(&plain));
    }

    #[test]
    fn a_page_of_another_site_gets_no_socket() {
        let origin = |origin: &'static str| {
            Handshake::of(&request(|headers| {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }))
        };
        for own in ["http://here:8000", "https://HERE:8000"] {
            origin(own).unwrap();
        }
        for strange in ["http://there", "http://here:8000.evil", "null", "", "http://here"] {
            assert_eq!(origin(strange).unwrap_err().reason(), "ORIGIN_FORBIDDEN", "{strange}");
        }
    }
}

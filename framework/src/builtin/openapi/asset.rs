//! One file that is answered as it is, and kept by who has read it as long as it is the same.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, Response, StatusCode};

use crate::body::Body;

/// A file.
#[derive(Debug)]
pub(super) struct Asset {
    plain: Bytes,
    /// The same compressed, if that is worth it.
    gzip: Option<Bytes>,
    /// What it has whether it is sent or not.
    headers: HeaderMap,
    content_type: &'static str,
}

impl Asset {
    pub(super) fn new(content_type: &'static str, content: impl Into<Bytes>) -> Self {
        let plain = content.into();
        let mut headers = HeaderMap::new();
        // Weak, since it is the same for both forms.
        let mut hasher = DefaultHasher::new();
        plain.hash(&mut hasher);
        if let Ok(tag) = HeaderValue::try_from(format!("W/\"{:016x}\"", hasher.finish())) {
            headers.insert(ETAG, tag);
        }
        // Another version of the service has another one: ask each time whether it is the same.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        Self { gzip: compressed(&plain), plain, headers, content_type }
    }

    /// Adds a header.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The answer to a request with these headers.
    pub(super) fn answer(&self, request: &HeaderMap) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        response.headers_mut().clone_from(&self.headers);
        if self.is_known(request) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        let content = match &self.gzip {
            Some(gzip) if reads_gzip(request) => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                gzip
            }
            _ => &self.plain,
        };
        *response.body_mut() = Body::full(content.clone());
        response
    }

    /// Whether the caller has it already: RFC 9110 §13.1.2.
    fn is_known(&self, request: &HeaderMap) -> bool {
        let own = self.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
        let own = own.trim_start_matches("W/");
        texts(request, &IF_NONE_MATCH).any(|tag| tag == "*" || tag.trim_start_matches("W/") == own)
    }
}

fn reads_gzip(request: &HeaderMap) -> bool {
    texts(request, &http::header::ACCEPT_ENCODING).any(|entry| {
        let (name, quality) = entry.split_once(';').unwrap_or((entry, ""));
        let quality = quality.trim().strip_prefix("q=").map(str::parse);
        name.trim() == "gzip" && !matches!(quality, Some(Ok(0.0_f32)))
    })
}

/// What stands between the commas of a header.
fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(feature = "gzip")]
fn compressed(content: &[u8]) -> Option<Bytes> {
    use std::io::Write;

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).ok()?;
    encoder.finish().ok().map(Bytes::from).filter(|small| small.len() < content.len())
}

#[cfg(not(feature = "gzip"))]
fn compressed(_: &[u8]) -> Option<Bytes> {
    None
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT_ENCODING;

    use super::*;

    fn asset() -> Asset {
        Asset::new("text/plain", "a".repeat(1000))
    }

    fn asked(name: HeaderName, value: &str) -> Response<Body> {
        let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
        asset().answer(&headers)
    }

    #[test]
    fn who_has_it_already_is_not_sent_it_again() {
        let tag = asset().answer(&HeaderMap::new()).headers()[ETAG].clone();
        let tag = tag.to_str().unwrap();
        for known in [tag, &tag[2..], "*", &format!("\"x\", {tag}")] {
            let response = asked(IF_NONE_MATCH, known);
            assert_eq!(response.status(), 304, "{known}");
            assert_eq!(response.headers()[ETAG], tag);
            assert!(!response.headers().contains_key(CONTENT_TYPE));
        }
        assert_eq!(asked(IF_NONE_MATCH, "\"other\"").status(), 200);
        assert_ne!(Asset::new("text/plain", "b").headers[ETAG], tag);
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn who_reads_gzip_is_sent_less() {
        for (accepted, compressed) in
            [("gzip", true), ("br, gzip;q=0.5", true), ("gzip;q=0", false), ("br", false)]
        {
            let response = asked(ACCEPT_ENCODING, accepted);
            assert_eq!(response.headers().contains_key(CONTENT_ENCODING), compressed, "{accepted}");
        }
        assert!(Asset::new("text/plain", "b").gzip.is_none(), "it would be longer");
    }
}

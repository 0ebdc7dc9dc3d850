//! What a page answers, before it is a response.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

pub(super) struct Answer {
    status: StatusCode,
    content_type: HeaderValue,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Answer {
    pub(super) fn new(
        content_type: &'static str,
        status: StatusCode,
        body: impl Into<Bytes>,
    ) -> Self {
        let content_type = HeaderValue::from_static(content_type);
        Self { status, content_type, headers: Vec::new(), body: body.into() }
    }

    /// One line of JSON.
    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new("application/json", status, format!("{body}\n"))
    }

    /// What went wrong, in the form that errors of the other port have.
    pub(super) fn refusal(status: StatusCode, reason: &str, message: impl Into<String>) -> Self {
        let body = json!({
            "code": status.as_u16(),
            "reason": reason,
            "message": message.into(),
            "metadata": {},
        });
        Self::json(status, &body)
    }

    /// Adds a header.
    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.extend(self.headers);
        response
    }
}

/// A number as an operator reads it: three digits after the point.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

//! `/metrics`: what Prometheus scrapes, in the format that it asks for.

use http::StatusCode;
use http::header::{ACCEPT, HeaderMap, HeaderValue, VARY};

use super::answer::Answer;
use crate::telemetry::metrics::Metrics;

pub(super) fn show(metrics: &Metrics, headers: &HeaderMap) -> Answer {
    let accept: Vec<_> =
        headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok()).collect();
    let accept = (!accept.is_empty()).then(|| accept.join(","));
    let page = metrics.page(accept.as_deref());
    Answer::new(page.content_type, StatusCode::OK, page.text)
        .with_header(VARY, HeaderValue::from_static("accept"))
}

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Trace;
use super::formats::RemoteSpan;
use super::ids::{SpanId, TraceId};

const SINGLE: HeaderName = HeaderName::from_static("b3");
const TRACE: HeaderName = HeaderName::from_static("x-b3-traceid");
const SPAN: HeaderName = HeaderName::from_static("x-b3-spanid");
const PARENT: HeaderName = HeaderName::from_static("x-b3-parentspanid");
const SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
const FLAGS: HeaderName = HeaderName::from_static("x-b3-flags");

/// What a caller said: where it stands, whether that is kept. Either may be missing.
pub(super) type Said = (Option<RemoteSpan>, Option<bool>);

/// Whether a header is one of these.
pub(super) fn is_name(name: &str) -> bool {
    matches!(name, "b3" | "x-b3-traceid" | "x-b3-sampled" | "x-b3-flags")
}

/// Reads the single header if it can be read, else the several.
pub(super) fn read(headers: &HeaderMap) -> Said {
    single(headers).unwrap_or_else(|| multi(headers))
}

/// `{trace}-{span}`, `{trace}-{span}-{sampled}`, the same with `-{parent}`, or `{sampled}` alone.
fn single(headers: &HeaderMap) -> Option<Said> {
    let text = headers.get(SINGLE)?.to_str().ok()?.trim();
    if let Some(sampled) = decision(text) {
        return Some((None, Some(sampled)));
    }
    let mut parts = text.split('-');
    let (trace, span) = (trace_id(parts.next()?)?, span_id(parts.next()?)?);
    let sampled = match parts.next() {
        None => None,
        Some(part) => Some(decision(part)?),
    };
    if let Some(parent) = parts.next() {
        span_id(parent)?;
    }
    parts.next().is_none().then_some((Some(RemoteSpan::new(trace, span)), sampled))
}

fn multi(headers: &HeaderMap) -> Said {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let sampled = match text(FLAGS) {
        // Debug: it is to be kept whatever else says.
        Some("1") => Some(true),
        _ => text(SAMPLED).and_then(decision),
    };
    let span = text(TRACE).and_then(trace_id).zip(text(SPAN).and_then(span_id));
    (span.map(|(trace, span)| RemoteSpan::new(trace, span)), sampled)
}

/// `true` and `false` are of older senders, `d` is debug, which implies that it is kept.
fn decision(text: &str) -> Option<bool> {
    match text {
        "1" | "d" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

/// 32 digits, or 16, which stand for the lower half.
fn trace_id(text: &str) -> Option<TraceId> {
    let text = text.to_ascii_lowercase();
    match text.len() {
        16 => TraceId::read(format!("{:0>32}", text).as_bytes()),
        _ => TraceId::read(text.as_bytes()),
    }
}

fn span_id(text: &str) -> Option<SpanId> {
    SpanId::read(text.to_ascii_lowercase().as_bytes())
}

/// Writes `{trace}-{span}-{sampled}`, with the parent where there is one.
pub(super) fn write_single(trace: &Trace, headers: &mut HeaderMap) {
    let sampled = u8::from(trace.is_sampled());
    let text = match trace.parent() {
        Some(parent) => format!("{}-{}-{sampled}-{parent}", trace.id(), trace.span()),
        None => format!("{}-{}-{sampled}", trace.id(), trace.span()),
    };
    set(headers, SINGLE, &text);
}

/// Writes one header for each.
pub(super) fn write_multi(trace: &Trace, headers: &mut HeaderMap) {
    set(headers, TRACE, &trace.id().to_string());
    set(headers, SPAN, &trace.span().to_string());
    if let Some(parent) = trace.parent() {
        set(headers, PARENT, &parent.to_string());
    }
    set(headers, SAMPLED, if trace.is_sampled() { "1" } else { "0" });
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

use http::HeaderValue;

use super::ids::{SpanId, TraceId, hex};

/// What `00-<trace>-<span>-<flags>` takes.
const LENGTH: usize = 55;
/// The one flag that says something here.
const SAMPLED: u8 = 1;

/// Reads the one header `traceparent` (Trace Context §3.2.2).
///
/// A version that is not known yet is read as version 00, as far as that goes; what comes behind it is
/// left alone (§4.3). Everything else than that, also a header that comes twice, is as none: the trace
/// begins here.
pub(super) fn read<'a>(
    mut headers: impl Iterator<Item = &'a HeaderValue>,
) -> Option<(TraceId, SpanId, bool)> {
    let text = headers.next()?.as_bytes().trim_ascii();
    if headers.next().is_some() || text.len() < LENGTH {
        return None;
    }
    let (head, rest) = text.split_at(LENGTH);
    let version = hex(head[0])? << 4 | hex(head[1])?;
    match (version, rest) {
        (0xff, _) => return None,
        (0, rest) if !rest.is_empty() => return None,
        (_, [] | [b'-', ..]) => {}
        _ => return None,
    }
    if [head[2], head[35], head[52]] != [b'-'; 3] {
        return None;
    }
    let flags = hex(head[53])? << 4 | hex(head[54])?;
    Some((TraceId::read(&head[3..35])?, SpanId::read(&head[36..52])?, flags & SAMPLED != 0))
}

/// Writes it, as version 00. Flags that are not known here are left out, as it says (§4.3).
pub(super) fn write(trace: TraceId, span: SpanId, sampled: bool) -> Option<HeaderValue> {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
    text[3..35].copy_from_slice(&trace.digits());
    text[36..52].copy_from_slice(&span.digits());
    text[54] = b'0' + u8::from(sampled);
    HeaderValue::from_bytes(&text).ok()
}

//! A request's path and query, by the rule that its proto has.

use bytes::Bytes;
use http::uri::PathAndQuery;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::dispatch::{Binding, Part, Segment, Variable};
use crate::error::{Error, Result};
use crate::json::Json;

use super::flat;
use super::pick::pick;

/// All but what RFC 3986 §2.3 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a call of `operation` goes that tells `request`.
///
/// # Errors
///
/// `REQUEST_UNTELLABLE` if the request cannot be told by the rule: a field of the path is empty or not
/// as the template wants it, or what is left for the query has no form there.
pub(super) fn of<M: Json>(operation: &str, rule: &Binding, request: &M) -> Result<PathAndQuery> {
    let mut target = path(rule, request).map_err(|why| untellable(operation, rule, &why))?;
    if rule.body != Part::Whole {
        let left_out = |path: &str| {
            rule.body_field == Some(path) || rule.variables.iter().any(|it| it.field == path)
        };
        let pairs = flat::pairs(request, &left_out)
            .map_err(|why| untellable(operation, rule, &why.to_string()))?;
        for (place, (name, value)) in pairs.iter().enumerate() {
            target.push(if place == 0 { '?' } else { '&' });
            target.extend(utf8_percent_encode(name, ENCODED));
            target.push('=');
            target.extend(utf8_percent_encode(value, ENCODED));
        }
    }
    PathAndQuery::from_maybe_shared(Bytes::from(target))
        .map_err(|error| untellable(operation, rule, &error.to_string()))
}

fn untellable(operation: &str, rule: &Binding, why: &str) -> Error {
    let template = rule.template;
    let text = format!("cannot call {operation} at {template} with this request: {why}");
    Error::bad_request("REQUEST_UNTELLABLE", text)
}

fn path<M: Json>(rule: &Binding, request: &M) -> Result<String, String> {
    let mut path = String::with_capacity(rule.template.len() + 16);
    let mut place = 0;
    while let Some(segment) = rule.segments.get(place) {
        if let Some(variable) = rule.variables.iter().find(|variable| variable.from == place) {
            let pattern = rule.segments.get(variable.from..variable.to).unwrap_or_default();
            write(&mut path, variable, pattern, request)?;
            place = variable.to.max(place + 1);
            continue;
        }
        match segment {
            Segment::Literal(text) => path.extend(["/", text]),
            Segment::One | Segment::Rest => {
                return Err("a part of the path is told by no field".to_owned());
            }
        }
        place += 1;
    }
    if path.is_empty() {
        path.push('/');
    }
    if let Some(suffix) = rule.suffix {
        path.extend([":", suffix]);
    }
    Ok(path)
}

/// Adds what a variable stands for.
fn write<M: Json>(
    path: &mut String,
    variable: &Variable,
    pattern: &[Segment],
    request: &M,
) -> Result<(), String> {
    let field = variable.field;
    let value = pick(request, field).map_err(|why| format!("{field}: {why}"))?;
    let value = value.ok_or_else(|| format!("{field} is a part of the path, and is not set"))?;
    if let [Segment::One] = pattern {
        // The whole value, slashes too.
        return push(path, field, &value);
    }
    let misfit = || format!("{field} must be {}, but is {value:?}", Pattern(pattern));
    let mut parts = value.split('/').filter(|_| !value.is_empty()).peekable();
    for segment in pattern {
        match segment {
            Segment::Literal(text) => {
                if parts.next() != Some(text) {
                    return Err(misfit());
                }
                path.extend(["/", text]);
            }
            Segment::One => push(path, field, parts.next().ok_or_else(misfit)?)?,
            Segment::Rest => {
                for part in parts.by_ref() {
                    push(path, field, part)?;
                }
            }
        }
    }
    parts.next().map_or(Ok(()), |_| Err(misfit()))
}

/// Adds a part of the path.
fn push(path: &mut String, field: &str, part: &str) -> Result<(), String> {
    match part {
        "" => Err(format!("{field} is a part of the path, and is empty")),
        // Whoever passes it on takes them for a way up the path (RFC 3986 §5.2.4), encoded or not.
        "." | ".." => Err(format!("{field} is a part of the path, and is {part:?}")),
        part => {
            path.push('/');
            path.extend(utf8_percent_encode(part, ENCODED));
            Ok(())
        }
    }
}

/// As a template has it.
struct Pattern<'a>(&'a [Segment]);

impl std::fmt::Display for Pattern<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, segment) in self.0.iter().enumerate() {
            let slash = if place == 0 { "" } else { "/" };
            let text = match segment {
                Segment::Literal(text) => text,
                Segment::One => "*",
                Segment::Rest => "**",
            };
            write!(f, "{slash}{text}")?;
        }
        Ok(())
    }
}

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::bind::Bind;
use crate::error::{Error, Result};

use super::super::binding::{Binding, Segment};
use super::router;

/// Puts what the path says into a message.
///
/// # Errors
///
/// Values that their fields cannot have.
pub(super) fn fill<T: Bind>(message: &mut T, path: &str, binding: &Binding) -> Result<()> {
    for variable in binding.variables {
        let text = router::captured(path, binding, variable);
        let segments = &binding.segments[variable.from..variable.to];
        let invalid = |what: String| {
            Error::bad_request(
                "CODEC",
                format!("the path cannot be read: {:?}: {what}", variable.field),
            )
        };
        let Some(value) = decoded(text, segments) else {
            return Err(invalid("what is there is not UTF-8".to_owned()));
        };
        message.bind(variable.field, &[value]).map_err(|error| invalid(error.to_string()))?;
    }
    Ok(())
}

/// By `google/api/http.proto`: of one part all escapes are taken away, of several all but those of
/// `/`, so that the parts stay apart.
fn decoded<'a>(text: &'a str, segments: &[Segment]) -> Option<Cow<'a, str>> {
    if matches!(segments, [Segment::One | Segment::Literal(_)]) {
        return percent_decode_str(text).decode_utf8().ok();
    }
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let mut escapes = rest.match_indices('%').map(|(at, _)| at);
        let slash = escapes.find(|at| {
            rest.get(*at..*at + 3).is_some_and(|escape| escape.eq_ignore_ascii_case("%2f"))
        });
        let Some(at) = slash else { break };
        out.push_str(&percent_decode_str(&rest[..at]).decode_utf8().ok()?);
        out.push_str(&rest[at..at + 3]);
        rest = &rest[at + 3..];
    }
    out.push_str(&percent_decode_str(rest).decode_utf8().ok()?);
    Some(Cow::Owned(out))
}

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::bind::{Bind, BindError};
use crate::error::{Error, Result};

/// The most pairs of one query or one form.
const PAIRS: usize = 1000;
/// The most names of one key: `a.b.c` has three.
const DEPTH: usize = 32;

/// Whose pairs they are, for what is told of them.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    Query,
    Form,
}

/// Puts the pairs of a query or a form into a message. Keys that it has no field for are left out,
/// unless `strict`.
///
/// # Errors
///
/// Values that a field cannot have, more than one where one goes, and pairs beyond what is read.
pub(super) fn fill<T: Bind>(message: &mut T, text: &[u8], from: From, strict: bool) -> Result<()> {
    for (key, values) in grouped(text, from)? {
        bind(message, &key, &values, from, strict)?;
    }
    Ok(())
}

fn bind<T: Bind>(
    message: &mut T,
    key: &str,
    values: &[Cow<'_, str>],
    from: From,
    strict: bool,
) -> Result<()> {
    if key.bytes().filter(|byte| matches!(byte, b'.' | b'[')).count() >= DEPTH {
        return Err(invalid(from, &format!("a key has more than {DEPTH} parts")));
    }
    match message.bind(key, values) {
        Ok(()) => Ok(()),
        Err(BindError::Unknown) if !strict => Ok(()),
        Err(error) => Err(invalid(from, &format!("{key:?}: {error}"))),
    }
}

type Pair<'a> = (Cow<'a, str>, Vec<Cow<'a, str>>);

/// All values of each key, keys in the order of their first mention.
fn grouped(text: &[u8], from: From) -> Result<Vec<Pair<'_>>> {
    let mut pairs = Vec::new();
    for (place, pair) in
        text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).enumerate()
    {
        if place == PAIRS {
            return Err(invalid(from, &format!("more than {PAIRS} pairs")));
        }
        let at = pair.iter().position(|byte| *byte == b'=');
        let (key, value) = at.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]));
        let key = decoded(key, from)?;
        // As lists are written where a key goes once: `tags[]=a&tags[]=b`.
        let key = match key {
            Cow::Borrowed(key) => Cow::Borrowed(key.strip_suffix("[]").unwrap_or(key)),
            Cow::Owned(mut key) => {
                key.truncate(key.strip_suffix("[]").map_or(key.len(), str::len));
                Cow::Owned(key)
            }
        };
        pairs.push((key, place, decoded(value, from)?));
    }
    pairs.sort_by(|one, two| (&one.0, one.1).cmp(&(&two.0, two.1)));
    let mut groups: Vec<(usize, Pair<'_>)> = Vec::with_capacity(pairs.len());
    for (key, place, value) in pairs {
        match groups.last_mut() {
            Some((_, (last, values))) if *last == key => values.push(value),
            _ => groups.push((place, (key, vec![value]))),
        }
    }
    groups.sort_by_key(|(place, _)| *place);
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// A key or a value without escapes; `+` is a space.
fn decoded(text: &[u8], from: From) -> Result<Cow<'_, str>> {
    let decoded: Cow<'_, [u8]> = if text.contains(&b'+') {
        let spaced: Vec<u8> =
            text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_decode(&spaced).collect::<Vec<u8>>().into()
    } else {
        percent_decode(text).into()
    };
    match decoded {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).ok(),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok(),
    }
    .ok_or_else(|| invalid(from, "what is there is not UTF-8"))
}

fn invalid(from: From, what: &str) -> Error {
    let place = match from {
        From::Query => "query",
        From::Form => "form",
    };
    Error::bad_request("CODEC", format!("the {place} cannot be read: {what}"))
}

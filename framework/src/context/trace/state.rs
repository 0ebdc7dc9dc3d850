use std::sync::Arc;

use http::HeaderValue;

/// Of how many systems at most (Trace Context §3.3.1.1).
const MOST_MEMBERS: usize = 32;
/// How much is sent on at most, in bytes: eight times what every system must carry (§3.3.1.5), a
/// quarter of what a server here reads of headers.
const MOST_BYTES: usize = 4096;
/// Members that are longer than this many bytes go first where there is too much (§3.3.1.5).
const LONG: usize = 128;
/// The most bytes of a key, and of a value.
const MOST_OF_ONE: usize = 256;

/// Reads every header `tracestate`, in the order they came, as one list.
///
/// One member that breaks the rules makes all of it be left out, as do more than there may be; the
/// trace goes on without. Of a key that is there twice the first stays, which is the newer.
pub(super) fn read<'a>(headers: impl Iterator<Item = &'a HeaderValue>) -> Option<Arc<str>> {
    let mut members: Vec<&str> = Vec::new();
    for header in headers {
        for member in header.to_str().ok()?.split(',').map(|member| member.trim_matches(OWS)) {
            // Empty members are allowed, and count for nothing.
            if member.is_empty() {
                continue;
            }
            let (key, value) = member.split_once('=')?;
            let twice = members.iter().any(|seen| seen.split('=').next() == Some(key));
            if members.len() == MOST_MEMBERS || !is_key(key) || !is_value(value) {
                return None;
            }
            if !twice {
                members.push(member);
            }
        }
    }
    cut(&mut members);
    (!members.is_empty()).then(|| members.join(",").into())
}

const OWS: [char; 2] = [' ', '\t'];

/// Leaves out whole members until the list is not too long: the long ones, then the oldest.
fn cut(members: &mut Vec<&str>) {
    let length = |members: &[&str]| members.iter().map(|member| member.len() + 1).sum::<usize>();
    while length(members) > MOST_BYTES + 1 {
        let long = members.iter().rposition(|member| member.len() > LONG);
        members.remove(long.unwrap_or(members.len() - 1));
    }
}

/// `lcalpha 0*255 keychar`, or `tenant@system` of at most 241 and 14 (§3.3.1.3.1).
fn is_key(key: &str) -> bool {
    let chars = |text: &str| {
        text.bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/'))
    };
    let begins_with_letter = |text: &str| text.starts_with(|c: char| c.is_ascii_lowercase());
    match key.split_once('@') {
        None => key.len() <= MOST_OF_ONE && begins_with_letter(key) && chars(key),
        Some((tenant, system)) => {
            let begins = tenant.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
            (1..=241).contains(&tenant.len())
                && begins
                && chars(tenant)
                && (1..=14).contains(&system.len())
                && begins_with_letter(system)
                && chars(system)
        }
    }
}

/// Printable ASCII without `,` and `=`, that does not end with a space (§3.3.1.3.2).
fn is_value(value: &str) -> bool {
    (1..=MOST_OF_ONE).contains(&value.len())
        && !value.ends_with(' ')
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b',' && byte != b'=')
}

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::UserError;

/// How many items a page has if the caller does not say.
const DEFAULT_SIZE: usize = 50;

/// How many a page has at most, whatever the caller says.
const MAX_SIZE: usize = 1000;

/// How many items the caller gets of the `asked`.
pub fn size(asked: i32) -> usize {
    match usize::try_from(asked) {
        Ok(0) | Err(_) => DEFAULT_SIZE,
        Ok(asked) => asked.min(MAX_SIZE),
    }
}

/// The token that leads on from the item `last`, good only for a list of the same `filter`.
///
/// It holds a place, not a count: what is made or deleted meanwhile moves no item to another page.
/// Callers must take it as it is, so that what is in it can change.
pub fn token(filter: &str, last: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{:016x}{last}", fingerprint(filter)))
}

/// The item that a token of [`token`] leads on from; none for the empty token, the first page's.
pub fn place(filter: &str, token: &str) -> Result<Option<String>, UserError> {
    if token.is_empty() {
        return Ok(None);
    }
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(token).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|text| text.strip_prefix(&format!("{:016x}", fingerprint(filter))))
        .filter(|last| uuid::Uuid::try_parse(last).is_ok())
        .map(|last| Some(last.to_owned()))
        .ok_or(UserError::PageToken)
}

/// The same in every process and version, as std's hashers are not: FNV-1a.
fn fingerprint(filter: &str) -> u64 {
    filter.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "018f2f6e-5d2c-7cc3-9d4e-0123456789ab";

    #[test]
    fn a_token_leads_on_from_where_its_page_ended() {
        assert_eq!(place("f", &token("f", ID)).unwrap().as_deref(), Some(ID));
        assert_eq!(place("f", "").unwrap(), None);
    }

    #[test]
    fn a_token_that_is_not_ours_or_of_another_list_is_refused() {
        for strange in ["!", "YQ", &token("g", ID), &token("f", "' OR 1=1"), &token("f", ID)[1..]] {
            assert!(matches!(place("f", strange), Err(UserError::PageToken)), "{strange}");
        }
    }

    #[test]
    fn a_page_has_a_size_even_if_the_caller_names_none_or_a_huge_one() {
        assert_eq!([-1, 0, 7, i32::MAX].map(size), [50, 50, 7, 1000]);
    }
}

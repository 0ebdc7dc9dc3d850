//! What the rules of a service's own settings find: garde's, in the words of this framework.

use std::borrow::Cow;
use std::fmt::Display;

use garde::Validate;
use garde::i18n::{
    I18n, InvalidCreditCard, InvalidEmail, InvalidPhoneNumber, InvalidUrl, IpKind, with_i18n,
};

use super::Invalid;

/// Asks the rules that `T` has by `#[derive(garde::Validate)]`.
///
/// # Errors
///
/// Every rule that is broken: its field, by the name that the program has for it, and what was
/// expected.
pub(crate) fn check<T: Validate<Context = ()>>(settings: &T) -> Result<(), Invalid> {
    let Err(report) = with_i18n(Words, || settings.validate()) else { return Ok(()) };
    let broken = report.into_inner().into_iter().map(|(path, error)| {
        // `hosts[0].name` is `hosts.0.name`, as decoding calls it.
        let path = path.to_string().replace('[', ".").replace(']', "");
        Invalid::new(path.trim_start_matches('.'), error.message())
    });
    Invalid::of(broken).map_or(Ok(()), Err)
}

/// What garde says, as all other faults are told: by what was expected.
struct Words;

impl I18n for Words {
    fn length_lower_than(&self, min: usize) -> Cow<'static, str> {
        format!("expected a length of at least {min}").into()
    }

    fn length_greater_than(&self, max: usize) -> Cow<'static, str> {
        format!("expected a length of at most {max}").into()
    }

    fn range_lower_than(&self, min: &dyn Display) -> Cow<'static, str> {
        format!("expected at least {min}").into()
    }

    fn range_greater_than(&self, max: &dyn Display) -> Cow<'static, str> {
        format!("expected at most {max}").into()
    }

    fn credit_card_invalid(&self, reason: InvalidCreditCard) -> Cow<'static, str> {
        format!("expected the number of a credit card ({reason})").into()
    }

    fn pattern_no_match(&self, pattern: &dyn Display) -> Cow<'static, str> {
        format!("expected a text that matches {pattern}").into()
    }

    fn contains_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        format!("expected a text with {pattern} in it").into()
    }

    fn url_invalid(&self, reason: InvalidUrl) -> Cow<'static, str> {
        format!("expected a URL ({reason})").into()
    }

    fn prefix_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        format!("expected a text that begins with {pattern}").into()
    }

    fn suffix_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        format!("expected a text that ends with {pattern}").into()
    }

    fn phone_number_invalid(&self, reason: InvalidPhoneNumber) -> Cow<'static, str> {
        format!("expected a phone number ({reason})").into()
    }

    fn ip_invalid(&self, kind: IpKind) -> Cow<'static, str> {
        format!("expected an address of {kind}").into()
    }

    fn matches_field_mismatch(&self, field: &dyn Display) -> Cow<'static, str> {
        format!("expected the same as {field}").into()
    }

    fn email_invalid(&self, reason: InvalidEmail) -> Cow<'static, str> {
        format!("expected an address of mail ({reason})").into()
    }

    fn ascii_invalid(&self) -> Cow<'static, str> {
        "expected a text of ASCII".into()
    }

    fn alphanumeric_invalid(&self) -> Cow<'static, str> {
        "expected letters and digits".into()
    }

    fn required_not_set(&self) -> Cow<'static, str> {
        "is not set, and must be".into()
    }
}

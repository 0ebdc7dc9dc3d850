use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Code, Error};

/// What a proto says of one error: its reason, its codes, its message. Generated code makes one for
/// each value of an enum with codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    name: &'static str,
    code: u16,
    grpc: Option<Code>,
    message: &'static str,
    details: &'static [&'static str],
}

impl Reason {
    /// The error that is called `name` on the wire, `USER_NOT_FOUND`, of an HTTP status.
    ///
    /// # Panics
    ///
    /// If `code` is not 400 to 599. In generated code this is at compile time.
    #[must_use]
    pub const fn new(name: &'static str, code: u16) -> Self {
        assert!(code >= 400 && code <= 599, "the code of an error is 400 to 599");
        Self { name, code, grpc: None, message: "", details: &[] }
    }

    /// Replaces the gRPC status code, otherwise the one that stands for the HTTP status.
    #[must_use]
    pub const fn with_grpc(mut self, code: Code) -> Self {
        self.grpc = Some(code);
        self
    }

    /// Replaces what a person is told; none by default. `{id}` stands for what the metadata calls `id`.
    #[must_use]
    pub const fn with_message(mut self, message: &'static str) -> Self {
        self.message = message;
        self
    }

    /// Replaces the full names of the messages that the error brings along.
    #[must_use]
    pub const fn with_details(mut self, details: &'static [&'static str]) -> Self {
        self.details = details;
        self
    }

    /// The reason on the wire: `USER_NOT_FOUND`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The HTTP status.
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// The gRPC status code.
    #[must_use]
    pub const fn grpc_code(&self) -> Code {
        match self.grpc {
            Some(code) => code,
            None => Code::from_http(self.code),
        }
    }

    /// What a person is told, with names in braces for what the metadata says.
    #[must_use]
    pub const fn message(&self) -> &'static str {
        self.message
    }

    /// The full names of the messages that the error brings along.
    #[must_use]
    pub const fn details(&self) -> &'static [&'static str] {
        self.details
    }

    /// Whether an error is this one: of its code and its reason, as Kratos compares them. A code that
    /// gRPC cannot say (402, 422) is also what Kratos makes of it over gRPC.
    #[must_use]
    pub fn is(&self, error: &Error) -> bool {
        error.reason() == self.name
            && (error.code() == self.code || error.code() == self.grpc_code().to_http())
    }
}

/// A message with the values of its names; one that has none stays in braces.
pub(super) fn fill(template: &'static str, values: &BTreeMap<String, String>) -> Cow<'static, str> {
    if !template.contains('{') {
        return Cow::Borrowed(template);
    }
    let mut filled = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, inner)) = rest.split_once('{') {
        filled.push_str(before);
        let found =
            inner.split_once('}').and_then(|(name, after)| Some((values.get(name)?, after)));
        match found {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = inner;
            }
        }
    }
    filled.push_str(rest);
    Cow::Owned(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GONE: Reason = Reason::new("USER_GONE", 410).with_message("no user {id} in {tenant}");

    #[test]
    fn a_message_takes_its_values_from_the_metadata() {
        let error = Error::of_reason(&GONE);
        assert_eq!(error.message(), "no user {id} in {tenant}");
        let error = error.with("tenant", "{id}").with("id", 7);
        assert_eq!(error.message(), "no user 7 in {id}");
        assert_eq!((error.code(), error.reason()), (410, "USER_GONE"));
        let error = error.with_message("it was there").with("id", 8);
        assert_eq!((error.message(), error.metadata()["id"].as_str()), ("it was there", "8"));
    }

    #[test]
    fn braces_that_name_nothing_are_text() {
        let values = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        for (template, filled) in
            [("{a}", "1"), ("{b}", "{b}"), ("{", "{"), ("{{a}}", "{1}"), ("a}", "a}"), ("", "")]
        {
            assert_eq!(fill(template, &values), filled);
        }
    }

    #[test]
    fn an_error_is_known_again_by_code_and_reason() {
        assert!(GONE.is(&Error::of_reason(&GONE)));
        assert!(!GONE.is(&Error::new(404, "USER_GONE", "")));
        assert!(!GONE.is(&Error::new(410, "OTHER", "")));
        // Kratos says 410 over gRPC as Unknown, which reads as 500.
        assert!(GONE.is(&Error::from_grpc(Code::Unknown, "USER_GONE", "")));
    }

    #[test]
    fn an_error_may_have_a_code_of_grpc_that_http_has_no_word_for() {
        const TAKEN: Reason = Reason::new("TAKEN", 409).with_grpc(Code::AlreadyExists);
        let error = Error::of_reason(&TAKEN);
        assert_eq!((error.code(), error.grpc_code()), (409, Code::AlreadyExists));
        assert_eq!(Error::of_reason(&GONE).grpc_code(), Code::Unknown);
    }
}

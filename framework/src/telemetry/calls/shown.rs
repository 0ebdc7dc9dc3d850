//! What is told of a call where calls are told of, without what its proto calls `debug_redact`.

use std::error::Error as _;
use std::fmt;

use crate::context::HttpCall;
use crate::error::Error;
use crate::operation::Operation;
use crate::telemetry::logs::MASK;

/// The reason of errors that quote what they could not read.
const UNREADABLE: &str = "CODEC";

/// The reason of errors whose metadata says of fields what is wrong with them, and no values.
const INVALID: &str = "VALIDATOR";

/// An error of a call in words, with what caused it. Values of hidden fields are masked, which are
/// known by the names that the metadata has for them.
pub(crate) struct Words<'a> {
    operation: &'static Operation,
    error: &'a Error,
}

impl<'a> Words<'a> {
    pub(crate) fn new(operation: &'static Operation, error: &'a Error) -> Self {
        Self { operation, error }
    }

    fn masked(&self) -> String {
        let text = Plain(self.error).to_string();
        match self.error.reason() {
            INVALID => text,
            UNREADABLE => match text.split_once(['"', '`']) {
                Some((before, _)) => format!("{before}{MASK}"),
                None => text,
            },
            _ => {
                let told = self.error.metadata().iter();
                let hidden = told.filter(|(name, value)| {
                    !value.is_empty() && is_hidden_name(self.operation, name)
                });
                hidden.fold(text, |text, (_, value)| text.replace(value.as_str(), MASK))
            }
        }
    }
}

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.operation.redacted().is_empty() {
            return Plain(self.error).fmt(f);
        }
        f.write_str(&self.masked())
    }
}

struct Plain<'a>(&'a Error);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.0;
        f.write_str(if error.message().is_empty() { "failed" } else { error.message() })?;
        let mut source = error.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

/// The path of a call over HTTP; its template if it tells a hidden field.
pub(crate) fn path<'a>(operation: &Operation, http: &'a HttpCall) -> &'a str {
    match http.template {
        Some(template) if variables(template).any(|field| is_hidden(operation, field)) => template,
        _ => http.path(),
    }
}

/// The fields that the path of a template tells: `user.id` of `/v1/{user.id=users/*}`.
fn variables(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split(['=', '}']).next())
}

/// Whether a field of the request is hidden, or what holds it.
fn is_hidden(operation: &Operation, field: &str) -> bool {
    operation.redacted().iter().any(|hidden| {
        field.strip_prefix(hidden).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Whether metadata of this name is of a hidden field, by its path or by its own name.
fn is_hidden_name(operation: &Operation, name: &str) -> bool {
    is_hidden(operation, name)
        || operation.redacted().iter().any(|hidden| hidden.rsplit('.').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::operation::Kind;

    static MAKE: Operation = Operation::new("/user.v1.UserService/CreateUser", Kind::Unary)
        .with_redacted(&["user.email", "card"]);
    static GET: Operation = Operation::new("/user.v1.UserService/GetUser", Kind::Unary);

    fn words(operation: &'static Operation, error: &Error) -> String {
        Words::new(operation, error).to_string()
    }

    #[test]
    fn values_of_hidden_fields_are_not_told_of_an_error() {
        let source = std::io::Error::other("ada@example.com is there twice");
        let taken = Error::conflict("EMAIL_TAKEN", "another user has ada@example.com, not 7")
            .with("email", "ada@example.com")
            .with("card", "")
            .with("id", "7")
            .with_source(source);
        assert_eq!(words(&MAKE, &taken), "another user has ***, not 7: *** is there twice");
        let plain = "another user has ada@example.com, not 7: ada@example.com is there twice";
        assert_eq!(words(&GET, &taken), plain);
        let nested = Error::bad_request("NO", "4711 is no card").with("card.number", "4711");
        assert_eq!(words(&MAKE, &nested), "*** is no card");
        assert_eq!(words(&MAKE, &Error::internal("X", "")), "failed");
    }

    #[test]
    fn what_could_not_be_read_is_not_quoted_where_fields_are_hidden() {
        let error =
            Error::bad_request("CODEC", "card: invalid value: string \"47x\", expected i64");
        assert_eq!(words(&MAKE, &error), "card: invalid value: string ***");
        assert_eq!(words(&GET, &error), error.message());
    }

    #[test]
    fn what_is_wrong_with_a_hidden_field_is_told() {
        let wrong = Error::bad_request("VALIDATOR", "user.email: value is required")
            .with("user.email", "value is required");
        assert_eq!(words(&MAKE, &wrong), "user.email: value is required");
    }

    #[test]
    fn a_path_that_tells_a_hidden_field_is_told_as_its_template() {
        let table = [
            ("/v1/cards/{card}", "/v1/cards/{card}"),
            ("/v1/{card.number=cards/*}:block", "/v1/{card.number=cards/*}:block"),
            ("/v1/cards/{cards}", "/v1/cards/4711"),
            ("/v1/cards/{user.id}", "/v1/cards/4711"),
        ];
        for (template, told) in table {
            let http = HttpCall {
                method: Method::GET,
                path: Some("/v1/cards/4711?pin=1".parse().unwrap()),
                template: Some(template),
                binding: None,
                media: None,
                is_preflight: false,
            };
            assert_eq!(path(&MAKE, &http), told, "{template}");
            assert_eq!(path(&GET, &http), "/v1/cards/4711", "{template}");
        }
    }
}

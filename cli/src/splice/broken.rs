//! What is wrong with a file that is no Rust, in words that its author can do something with.

use std::fmt;
use std::path::PathBuf;

use proc_macro2::{LexError, TokenStream};

use crate::error::Error;
use crate::paths::shown;

/// A file that is no Rust: where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) path: PathBuf,
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    pub(crate) why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", shown(&self.path), self.line, self.column, self.why)
    }
}

impl From<Broken> for Error {
    fn from(broken: Broken) -> Self {
        refused(broken)
    }
}

/// The error of a file of which `told` says what is wrong with it.
pub(crate) fn refused(told: impl fmt::Display) -> Error {
    Error::new(format!("{told}; the file was left as it is, and nothing was written"))
        .with_hint("put it right there, and try again: `cargo check` tells more")
}

/// The syntax of `text`; or the byte where it ends to be Rust, and why.
pub(super) fn parse(text: &str) -> Result<syn::File, (usize, String)> {
    let tokens: TokenStream = text.parse().map_err(|error: LexError| {
        let at = error.span().byte_range().start.min(text.len());
        (at, no_token(text.get(at..).unwrap_or_default()))
    })?;
    syn::parse2(tokens).map_err(|error| {
        let (why, range) = (error.to_string(), error.span().byte_range());
        // What ends outside of all brackets has no place of its own.
        let is_end = range.is_empty() && why.starts_with("unexpected end of input");
        (if is_end { text.trim_end().len() } else { range.start.min(text.len()) }, why)
    })
}

/// Why `rest` begins with nothing that Rust has. The parser of tokens says where, and no more.
fn no_token(rest: &str) -> String {
    let Some(first) = rest.chars().next() else { return "the file ends too early".to_owned() };
    let text = rest.trim_start_matches(['b', 'c', 'r', '#']);
    match first {
        '(' | '[' | '{' => format!("this `{first}` is never closed"),
        ')' | ']' | '}' => format!("this `{first}` closes nothing that is open here"),
        '\'' => "this character has no end, or an escape that Rust does not know".to_owned(),
        _ if rest.starts_with("/*") => "this comment has no end".to_owned(),
        _ if text.starts_with('"') => {
            "this text has no end, or an escape that Rust does not know".to_owned()
        }
        _ => format!("`{first}` means nothing in Rust here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rust_is_told_with_what_is_wrong_there() {
        for (text, at, why) in [
            ("fn a( {", "{", "this `{` is never closed"),
            ("fn a() { ) }", ")", "this `)` closes nothing that is open here"),
            ("fn a() {} }", "}", "this `}` closes nothing"),
            ("fn a() { \"é }", "\"", "this text has no end"),
            ("fn a() { r#\"é\" }", "r", "this text has no end"),
            ("fn a() { '", "'", "this character has no end"),
            ("fn a() {} /* b", "/", "this comment has no end"),
            ("fn a() { “b” }", "“", "`“` means nothing in Rust here"),
            ("fn a() { let b = ; }", ";", "expected an expression"),
            ("fn a() -> \n", " \n", "unexpected end of input"),
        ] {
            let (place, told) = parse(text).err().expect(text);
            assert!(text[place..].starts_with(at) && told.contains(why), "{text}: {place}: {told}");
            assert!(!told.contains("token stream"), "{told}");
        }
    }
}

//! Names of protos as Rust spells them; the same rules as those of the messages' generator.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, TokenStream};

use crate::error::Error;

/// `GetUser` → `get_user`.
pub(crate) fn snake(name: &str) -> String {
    escape(name.to_snake_case())
}

/// `user_service` → `UserService`.
pub(crate) fn camel(name: &str) -> String {
    escape(name.to_upper_camel_case())
}

/// `GetUser` → `GET_USER`.
pub(crate) fn shouty(name: &str) -> String {
    escape(name.to_shouty_snake_case())
}

/// A part of a name that is made of another: `r#type` → `type`.
pub(crate) fn bare(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// The variant of an enum, without the enum's name in front: `STATUS_ACTIVE` of `Status` → `Active`.
pub(crate) fn variant(enum_name: &str, value: &str) -> String {
    let value = camel(value);
    let short = value.strip_prefix(&camel(enum_name)).unwrap_or(&value);
    escape(if short.starts_with(char::is_uppercase) { short } else { &value }.to_owned())
}

/// An identifier as tokens.
pub(crate) fn ident(name: &str) -> Result<Ident, Error> {
    syn::parse_str(name).map_err(|_not_an_ident| {
        Error::new(format!("'{name}' cannot be a name in Rust"))
            .with_remedy("rename it in the proto")
    })
}

/// A path as tokens: `super::v1::User`.
pub(crate) fn path(path: &str) -> Result<TokenStream, Error> {
    path.parse()
        .ok()
        .filter(|tokens: &TokenStream| syn::parse2::<syn::Type>(tokens.clone()).is_ok())
        .ok_or_else(|| {
            Error::new(format!("'{path}' is not a path in Rust"))
                .with_remedy("look at what is given to Compiler::extern_path and Compiler::runtime")
        })
}

fn escape(name: String) -> String {
    match name.as_str() {
        "as" | "break" | "const" | "continue" | "else" | "enum" | "false" | "fn" | "for" | "if"
        | "impl" | "in" | "let" | "loop" | "match" | "mod" | "move" | "mut" | "pub" | "ref"
        | "return" | "static" | "struct" | "trait" | "true" | "type" | "unsafe" | "use"
        | "where" | "while" | "dyn" | "abstract" | "become" | "box" | "do" | "final" | "macro"
        | "override" | "priv" | "typeof" | "unsized" | "virtual" | "yield" | "async" | "await"
        | "try" | "gen" => format!("r#{name}"),
        // Not allowed as raw identifiers.
        "_" | "super" | "self" | "Self" | "extern" | "crate" => format!("{name}_"),
        _ if name.starts_with(char::is_numeric) => format!("_{name}"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_stay_usable() {
        assert_eq!(
            (snake("Type"), snake("Self"), camel("self")),
            ("r#type".into(), "self_".into(), "Self_".into())
        );
        assert_eq!(bare(&snake("Type")), "type");
        assert!(ident(&snake("Match")).is_ok() && ident(&snake("Crate")).is_ok());
    }

    #[test]
    fn variants_lose_the_name_of_their_enum_only_where_a_word_begins() {
        assert_eq!(variant("Status", "STATUS_ACTIVE"), "Active");
        assert_eq!(variant("Status", "STATUSES"), "Statuses");
        assert_eq!(variant("Status", "STATUS"), "Status");
        assert_eq!(variant("Version", "VERSION_2"), "Version2");
    }
}

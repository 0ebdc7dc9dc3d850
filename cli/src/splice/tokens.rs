//! Whether all that a text said is still said.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A token, and the byte where it begins.
type Token = (String, usize);

/// Whether `after` says all that `before` says, in the same order, but for what begins where `is_new`
/// says so.
pub(super) fn survive(before: &str, after: &str, is_new: impl Fn(usize) -> bool) -> bool {
    // A text that is only tokens may still be no Rust.
    if syn::parse_file(after).is_err() {
        return false;
    }
    match (flat(before), flat(after)) {
        (Some(before), Some(after)) => {
            let kept = after.iter().filter(|(_, at)| !is_new(*at)).map(|(token, _)| token);
            before.iter().map(|(token, _)| token).eq(kept)
        }
        _ => false,
    }
}

fn flat(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    flatten(text.parse().ok()?, &mut tokens);
    Some(tokens)
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                tokens.push((open.to_owned(), group.span_open().byte_range().start));
                flatten(group.stream(), tokens);
                tokens.push((close.to_owned(), group.span_close().byte_range().start));
            }
            token => tokens.push((token.to_string(), token.span().byte_range().start)),
        }
    }
}

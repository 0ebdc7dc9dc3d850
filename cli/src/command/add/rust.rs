//! Files of Rust that are added to.

use std::path::{Path, PathBuf};

use crate::error::{About as _, Error, Result};
use crate::paths::shown;
use crate::project::Member;
use crate::splice::Source;

/// The file with `main`.
///
/// # Errors
///
/// The crate has several programs; the file cannot be read, or is no Rust.
pub(super) fn main(member: &Member) -> Result<Source> {
    match member.programs.as_slice() {
        [(_, main)] => read(main),
        several => {
            let own = several.iter().find(|(name, _)| *name == member.name);
            own.map_or_else(
                || {
                    Err(Error::new(format!(
                        "{} has several programs, and it is not clear which is the service",
                        member.name
                    )))
                },
                |(_, main)| read(main),
            )
        }
    }
}

/// A file of Rust.
///
/// # Errors
///
/// It cannot be read, or is no Rust.
pub(super) fn read(path: &Path) -> Result<Source> {
    let text = std::fs::read_to_string(path).about(|| format!("read {}", shown(path)))?;
    Ok(Source::parse(path, text)?)
}

/// How a file is found from a folder: `../proto/user/v1/user.proto`.
pub(super) fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let ups = from.components().skip(shared).map(|_| Path::new(".."));
    let downs = to.components().skip(shared).map(|it| Path::new(it.as_os_str()));
    ups.chain(downs).collect()
}

/// `expire_sessions` of `expire-sessions`, `ExpireSessions` and `expire_sessions`; none if it could be
/// no name in Rust.
pub(super) fn snake(name: &str) -> Option<String> {
    let mut text = String::new();
    for c in name.chars() {
        match c {
            '-' | '_' | ' ' => text.push('_'),
            c if c.is_ascii_uppercase() => {
                if !text.is_empty() && !text.ends_with('_') {
                    text.push('_');
                }
                text.push(c.to_ascii_lowercase());
            }
            c => text.push(c),
        }
    }
    (text.is_ascii() && syn::parse_str::<syn::Ident>(&text).is_ok()).then_some(text)
}

/// `ExpireSessions` of `expire_sessions`.
pub(super) fn camel(snake: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|it| it.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    snake.split('_').map(word).collect()
}

//! Settings: the layers they come from, how they are merged, and how they become a type.
//!
//! A [`Tree`] is made of layers, later over earlier: files (YAML, TOML, JSON), variables
//! (`BIA_SECTION__KEY`), flags (`--set section.key=value`). Tables are merged key by key; lists and
//! values replace what was there. Every value remembers the file and line, the variable or the flag
//! it came from, and an [`Invalid`] names it.
//!
//! What is written without quotes is read as what is asked for: `0123` is a password where a string
//! is asked for and a number where a number is, whichever layer it came from.

mod decode;
mod invalid;
mod live;
mod nearest;
mod placeholder;
mod secret;
mod show;
mod span;
mod tree;
mod variables;
mod yaml;

pub use decode::Notes;
pub use invalid::Invalid;
pub(crate) use live::Live;
pub(crate) use nearest::nearest;
pub use secret::Secret;
pub(crate) use show::Shown;
pub use span::{DurationError, Span, duration};
pub use tree::Tree;
pub use variables::Variables;

#[cfg(test)]
mod tests;

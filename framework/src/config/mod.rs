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
mod file;
mod flat;
mod foreign;
mod hot;
mod invalid;
mod live;
mod locate;
mod memory;
mod nearest;
mod percent;
mod placeholder;
pub(crate) mod rollout;
mod rules;
mod schema;
mod secret;
mod setting;
mod show;
mod source;
mod span;
mod standard;
mod switch;
mod tree;
pub mod trust;
mod variables;
mod watcher;
mod yaml;

pub use decode::Notes;
pub use file::FileSource;
pub(crate) use flat::{Flat, KeyChange};
pub(crate) use hot::{Hot, Kept};
pub use invalid::Invalid;
pub(crate) use live::Live;
pub use memory::MemorySource;
pub use nearest::nearest;
pub use percent::Percent;
pub use rollout::{GuardSettings, RolloutSettings};
pub(crate) use rules::check as check_rules;
pub(crate) use schema::{Own, whole as whole_schema};
pub use secret::Secret;
pub use setting::{Secrets, Setting};
pub(crate) use show::Shown;
pub use source::{Document, Snapshot, Source};
pub use span::{DurationError, Span, duration};
pub use switch::Switch;
pub use tree::Tree;
pub use variables::Variables;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;

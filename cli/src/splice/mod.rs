//! Puts text into files that people wrote, at the places of the syntax tree: nothing else changes, not
//! a byte.
//!
//! Text is only ever put in. What comes out is parsed again and held against what went in: all that was
//! there must still be there, at its place moved by what was put in before it, or nothing is written.

mod broken;
mod build;
mod clients;
mod layout;
mod methods;
mod program;
mod proto;
mod scopes;
mod source;
#[cfg(test)]
mod tests;
mod tokens;

pub(crate) use broken::{Broken, refused};
pub(crate) use build::name_proto;
pub(crate) use clients::Program;
pub(crate) use layout::with_newline;
pub(crate) use methods::{add_methods, spoken_of_by_macros};
pub(crate) use program::{behind_app, declare_module, into_app};
pub(crate) use proto::ProtoText;
pub(crate) use scopes::{Crate, Meaning, Path};
pub(crate) use source::{Insertions, Source};

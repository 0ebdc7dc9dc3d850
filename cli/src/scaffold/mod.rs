//! Makes projects of templates: what `bia new`, `bia add service` and `bia upgrade` have in common.
//!
//! The templates are whole projects that compile as they lie. Parts are left out by [`markers`], names
//! are replaced in the text, and what came out is remembered in a [`Record`].

mod definition;
mod format;
mod framework;
pub(crate) mod lock;
pub(crate) mod manifest;
mod markers;
mod name;
mod part;
mod ports;
mod record;
mod service;
mod template;
mod version;
mod words;
mod workspace;

use std::collections::BTreeMap;

pub(crate) use definition::{Defined, Definition, name_of};
pub(crate) use format::Formatter;
pub(crate) use framework::Framework;
pub(crate) use name::{Name, Resource};
pub(crate) use part::{Database, Faces, Registry};
pub(crate) use ports::free as free_port;
pub(crate) use record::Record;
pub(crate) use service::Service;
pub(crate) use workspace::{Defaults, Workspace};

/// Texts by their paths below the root of a project.
pub(crate) type Files = BTreeMap<String, String>;

/// Whether a file of a project is one to run.
pub(crate) fn is_program(path: &str) -> bool {
    path.ends_with(".ci/run")
}

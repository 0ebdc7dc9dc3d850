//! `.proto` files as text: what is where, and which files there are.

mod files;
mod token;

pub(crate) use files::{Group, Wanted, import_name, read, root_of, walk};
pub(crate) use token::{Kind, Position, Token, positions, tokens};

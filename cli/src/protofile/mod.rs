//! `.proto` files: which there are, what their text is made of, and what they say.

mod files;
pub(crate) mod options;
mod place;
mod token;

pub(crate) use files::{Group, Wanted, read, walk};
pub(crate) use place::{Place, position_of};
pub(crate) use token::{Kind, Position, Token, positions, tokens};

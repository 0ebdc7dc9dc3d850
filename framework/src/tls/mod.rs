//! TLS of connections that are served and made: what the files of certificates and keys come to, and
//! what they come to when they change.

mod files;
mod make;

pub(crate) use files::FromFiles;
pub(crate) use make::{Named, Pair, client, names, server};

#[cfg(test)]
mod tests;

//! The messages that the whole ecosystem speaks: rich errors, health, reflection.
//!
//! Generated from `proto/` and checked in; `cargo xtask gen` writes them anew. Their services are
//! in `builtin`, which is where the framework answers them.

include!("generated/bia.rs");

//! The messages that the whole ecosystem speaks: rich errors, health, reflection.
//!
//! Generated from `proto/` and checked in; `cargo xtask gen` writes them anew. Their services are
//! in `builtin`, which is where the framework answers them.

#![allow(
    warnings,
    clippy::all,
    rustdoc::all,
    clippy::allow_attributes,
    reason = "generated code: the messages are whole, whatever of them is used"
)]

include!("generated/bia.rs");

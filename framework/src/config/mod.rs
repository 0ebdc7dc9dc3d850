//! Settings: how they are written, and what a service reads from them.

pub mod duration;
mod secret;

pub use secret::Secret;

//! Algorithms as plain structs that take time and randomness as arguments: no runtime, no clock.

mod backoff;

pub use backoff::Backoff;

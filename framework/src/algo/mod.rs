//! Algorithms as plain structs that take time and randomness as arguments: no runtime, no clock.

mod backoff;
mod ewma;

pub use backoff::Backoff;
pub use ewma::{PeakEwma, two_of};

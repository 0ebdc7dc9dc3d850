//! Outside systems, one folder each: its client and the joints of ours that it serves.

#[cfg(feature = "consul")]
pub mod consul;
pub mod local;
pub mod memory;

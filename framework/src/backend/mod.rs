//! Outside systems, one folder each: its client and the joints of ours that it serves.

pub mod local;
pub mod memory;

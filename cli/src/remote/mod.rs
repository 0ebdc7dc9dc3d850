//! Services that run somewhere: where they are, and what they can do.
//!
//! [`Place`] is what a user writes, [`Whereabouts`] the arguments that say which registries its name is
//! looked up in, [`Dial`] how it is spoken to; [`connect()`] makes a channel of the three. [`reflect`] asks
//! a service what it can do.

mod arguments;
mod connect;
mod consul;
mod leases;
mod place;
mod raw;
mod reflection;
mod registries;
mod registry;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use arguments::{Dial, Whereabouts};
pub(crate) use connect::{Connection, connect};
pub(crate) use consul::Agent;
pub(crate) use place::Place;
pub(crate) use raw::Raw;
pub(crate) use reflection::{Reflection, reflect, trust};
pub(crate) use registries::{nobody, not_made, warn};
pub(crate) use registry::Registry;

/// What a kind of method is called.
pub(crate) const fn kind_name(kind: bia::Kind) -> &'static str {
    match kind {
        bia::Kind::Unary => "unary",
        bia::Kind::ClientStream => "client stream",
        bia::Kind::ServerStream => "server stream",
        bia::Kind::Bidi => "both stream",
    }
}

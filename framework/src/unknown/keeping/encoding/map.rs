//! Maps, of entries that are messages on the wire and nowhere else: what is unknown in one is not kept.

use ::bytes::Buf;
use prost::DecodeError;

use super::{DecodeContext, WireType, decode_key, enter, merge_loop, skip_field};

macro_rules! map {
    ($module:ident, $type:ty, $docs:literal) => {
        pub mod $module {
            #![doc = $docs]

            use std::hash::Hash;

            use bytes::Buf;
            use prost::DecodeError;
            pub use prost::encoding::$module::*;

            use super::super::{DecodeContext, WireType};

            /// Reads an entry.
            ///
            /// # Errors
            ///
            /// What is none.
            pub fn merge<K, V, B, KM, VM>(
                key_merge: KM,
                value_merge: VM,
                values: &mut $type,
                buf: &mut B,
                ctx: DecodeContext,
            ) -> Result<(), DecodeError>
            where
                K: Default + Eq + Hash + Ord,
                V: Default,
                B: Buf,
                KM: Fn(WireType, &mut K, &mut B, DecodeContext) -> Result<(), DecodeError>,
                VM: Fn(WireType, &mut V, &mut B, DecodeContext) -> Result<(), DecodeError>,
            {
                merge_with_default(key_merge, value_merge, V::default(), values, buf, ctx)
            }

            /// Reads an entry, whose value has a default of its own.
            ///
            /// # Errors
            ///
            /// What is none.
            pub fn merge_with_default<K, V, B, KM, VM>(
                key_merge: KM,
                value_merge: VM,
                default: V,
                values: &mut $type,
                buf: &mut B,
                ctx: DecodeContext,
            ) -> Result<(), DecodeError>
            where
                K: Default + Eq + Hash + Ord,
                B: Buf,
                KM: Fn(WireType, &mut K, &mut B, DecodeContext) -> Result<(), DecodeError>,
                VM: Fn(WireType, &mut V, &mut B, DecodeContext) -> Result<(), DecodeError>,
            {
                let (key, value) = super::entry(key_merge, value_merge, default, buf, ctx)?;
                values.insert(key, value);
                Ok(())
            }
        }
    };
}

map!(hash_map, std::collections::HashMap<K, V>, "Maps by hash.");
map!(btree_map, std::collections::BTreeMap<K, V>, "Maps by order.");

fn entry<K, V, B, KM, VM>(
    key_merge: KM,
    value_merge: VM,
    default: V,
    buf: &mut B,
    ctx: DecodeContext,
) -> Result<(K, V), DecodeError>
where
    K: Default,
    B: Buf,
    KM: Fn(WireType, &mut K, &mut B, DecodeContext) -> Result<(), DecodeError>,
    VM: Fn(WireType, &mut V, &mut B, DecodeContext) -> Result<(), DecodeError>,
{
    let mut entry = (K::default(), default);
    merge_loop(&mut entry, buf, enter(ctx)?, |(key, value), buf, ctx| {
        let (tag, wire_type) = decode_key(buf)?;
        match tag {
            1 => key_merge(wire_type, key, buf, ctx),
            2 => value_merge(wire_type, value, buf, ctx),
            _ => skip_field(wire_type, tag, buf, ctx),
        }
    })?;
    Ok(entry)
}

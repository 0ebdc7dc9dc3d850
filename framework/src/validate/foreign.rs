//! Messages of `google.protobuf`, which prost-types brings: rules about them are of the fields that
//! hold them.

use super::{Validate, Violations};

macro_rules! foreign {
    ($($type:ty),* $(,)?) => {
        $(impl Validate for $type {
            fn validate(&self, _: &mut Violations) {}
        })*
    };
}

foreign! {
    (), bool, f32, f64, i32, i64, u32, u64, String, Vec<u8>,
    prost_types::Any, prost_types::Duration, prost_types::FieldMask, prost_types::ListValue,
    prost_types::Struct, prost_types::Timestamp, prost_types::Value,
}

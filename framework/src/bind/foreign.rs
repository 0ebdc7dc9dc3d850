//! Messages of `google.protobuf`, which prost-types brings, as a method may take them.

use std::borrow::Cow;

use super::codec::{self, Codec};
use super::{Bind, BindError};

/// Those that wrap one value, which is called so.
macro_rules! wrappers {
    ($($type:ty: $codec:ident),* $(,)?) => {
        $(
            impl Bind for $type {
                fn bind(&mut self, path: &str, values: &[Cow<'_, str>]) -> Result<(), BindError> {
                    match codec::split(path) {
                        ("value", rest) => codec::$codec::set(self, rest, values),
                        _ => Err(BindError::Unknown),
                    }
                }
            }
        )*
    };
}

wrappers! {
    bool: Bool, f32: Float, f64: Double, i32: Int32, i64: Int64, u32: Uint32, u64: Uint64,
    String: Text, Vec<u8>: Bytes,
}

/// Those that a query says nothing of.
macro_rules! closed {
    ($($type:ty),* $(,)?) => {
        $(
            impl Bind for $type {
                fn bind(&mut self, _: &str, _: &[Cow<'_, str>]) -> Result<(), BindError> {
                    Err(BindError::Unknown)
                }
            }
        )*
    };
}

closed! {
    (), prost_types::Any, prost_types::ListValue, prost_types::Struct, prost_types::Value,
}

macro_rules! of_time {
    ($($type:ty),*) => {
        $(
            impl Bind for $type {
                fn bind(&mut self, path: &str, values: &[Cow<'_, str>]) -> Result<(), BindError> {
                    match codec::split(path) {
                        ("seconds", rest) => codec::Int64::set(&mut self.seconds, rest, values),
                        ("nanos", rest) => codec::Int32::set(&mut self.nanos, rest, values),
                        _ => Err(BindError::Unknown),
                    }
                }
            }
        )*
    };
}

of_time!(prost_types::Timestamp, prost_types::Duration);

impl Bind for prost_types::FieldMask {
    fn bind(&mut self, path: &str, values: &[Cow<'_, str>]) -> Result<(), BindError> {
        match codec::split(path) {
            ("paths", rest) => codec::repeated::<codec::Text>(&mut self.paths, rest, values),
            _ => Err(BindError::Unknown),
        }
    }
}

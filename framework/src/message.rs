//! What a message has to be for every face.

use crate::bind::Bind;
use crate::json::Json;
use crate::validate::Validate;

/// A message that a method takes: read as protobuf, JSON or text, and held against its rules.
pub trait Request: prost::Message + Default + Json + Bind + Validate + Raw + 'static {}

impl<T: prost::Message + Default + Json + Bind + Validate + Raw + 'static> Request for T {}

/// A message that a method answers.
pub trait Response: prost::Message + Default + Json + Raw + 'static {}

impl<T: prost::Message + Default + Json + Raw + 'static> Response for T {}

/// A message that may stand for a body as it is, `google.api.HttpBody`, or have fields of it.
/// Generated code implements it.
pub trait Raw {
    /// Whether the message, or one field of it by its number, is such a body.
    #[must_use]
    fn is_raw(field: Option<u32>) -> bool
    where
        Self: Sized,
    {
        let _unused = field;
        false
    }

    /// Takes such a body out; none if there is none.
    fn take_raw(&mut self, field: Option<u32>) -> Option<RawBody> {
        let _unused = field;
        None
    }

    /// Puts such a body in, where there is a place for one.
    fn set_raw(&mut self, field: Option<u32>, body: RawBody) {
        let _unused = (field, body);
    }

    /// Puts a file of a form into the field of this name, by the proto or as in JSON: one of bytes or
    /// of such a body; of several the last counts, of repeated fields all. Tells whether there is one.
    fn attach(&mut self, name: &str, file: RawBody) -> bool {
        let _unused = (name, file);
        false
    }

    /// What the message is called as an event, if its proto says which field tells it.
    fn event_id(&self) -> Option<String> {
        None
    }
}

/// A body as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawBody {
    /// What it is, `image/png`; empty if nobody said.
    pub content_type: String,
    /// All of it.
    pub data: Vec<u8>,
}

macro_rules! foreign {
    ($($type:ty),* $(,)?) => { $(impl Raw for $type {})* };
}

foreign! {
    (), bool, f32, f64, i32, i64, u32, u64, String, Vec<u8>,
    prost_types::Any, prost_types::Duration, prost_types::FieldMask, prost_types::ListValue,
    prost_types::Struct, prost_types::Timestamp, prost_types::Value,
}

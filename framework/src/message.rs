//! What a message has to be for every face.

use crate::bind::Bind;
use crate::json::Json;
use crate::validate::Validate;

/// A message that a method takes: read as protobuf, JSON or text, and held against its rules.
pub trait Request: prost::Message + Default + Json + Bind + Validate + 'static {}

impl<T: prost::Message + Default + Json + Bind + Validate + 'static> Request for T {}

/// A message that a method answers.
pub trait Response: prost::Message + Default + Json + 'static {}

impl<T: prost::Message + Default + Json + 'static> Response for T {}

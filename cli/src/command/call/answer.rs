//! Answers as documents.

use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};

use crate::error::{Error, Result};
use crate::remote::Raw;

use super::unencodable;

/// Writes messages as JSON.
#[derive(Debug)]
pub(super) struct Writer {
    kind: MessageDescriptor,
    /// Laid out for a person, rather than on one line.
    is_wide: bool,
}

impl Writer {
    pub(super) fn new(kind: MessageDescriptor, is_wide: bool) -> Self {
        Self { kind, is_wide }
    }

    /// The message as one document, fields of no value with theirs, as the service's own JSON has it.
    pub(super) fn write(&self, message: &Raw) -> Result<String> {
        let message =
            DynamicMessage::decode(self.kind.clone(), message.0.clone()).map_err(|error| {
                Error::new(format!("the answer is no {}: {error}", self.kind.full_name()))
                    .with_hint("the service speaks another version of its proto")
            })?;
        let options = SerializeOptions::new().skip_default_fields(false);
        let mut text = Vec::new();
        let written = match self.is_wide {
            true => message
                .serialize_with_options(&mut serde_json::Serializer::pretty(&mut text), &options),
            false => message
                .serialize_with_options(&mut serde_json::Serializer::new(&mut text), &options),
        };
        written.map_err(unencodable)?;
        String::from_utf8(text).map_err(unencodable)
    }
}

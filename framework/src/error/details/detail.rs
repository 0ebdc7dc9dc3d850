use std::fmt;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use prost::{Message, Name};
use serde_json::{Map, Value};

use crate::json::{Json, Options};

use super::{
    BadRequest, DebugInfo, ErrorInfo, Help, LocalizedMessage, PreconditionFailure, QuotaFailure,
    RequestInfo, ResourceInfo, RetryInfo,
};

/// One detail of an error: a message, and the name of its type.
#[derive(Clone)]
pub struct Detail {
    type_url: String,
    form: Form,
}

#[derive(Clone)]
enum Form {
    /// Encoded as protobuf; `json` is of its type, where that was known when it was added.
    Binary { value: Vec<u8>, json: Option<ToJson> },
    /// As a peer told it in JSON, of a type that is not known here: without `@type`.
    Json(Map<String, Value>),
}

type ToJson = fn(&[u8]) -> Option<Value>;

/// How messages of `google.protobuf` begin, whose JSON in an `Any` stands in a `value`.
const WELL_KNOWN: &str = "google.protobuf.";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Detail {
    pub(in crate::error) fn new<T: Name + Json + Default>(message: &T) -> Self {
        let form = Form::Binary { value: message.encode_to_vec(), json: Some(to_json::<T>) };
        Self { type_url: T::type_url(), form }
    }

    /// The type: `type.googleapis.com/google.rpc.BadRequest`.
    #[must_use]
    pub fn type_url(&self) -> &str {
        &self.type_url
    }

    /// The message, if it is a `T`.
    #[must_use]
    pub fn decode<T: Name + Json + Default>(&self) -> Option<T> {
        if self.full_name() != T::full_name() {
            return None;
        }
        match &self.form {
            Form::Binary { value, .. } => T::decode(&value[..]).ok(),
            Form::Json(told) => from_json(told),
        }
    }

    /// The message as protobuf; none if a peer told it in JSON and its type is not known here.
    #[must_use]
    pub fn to_any(&self) -> Option<prost_types::Any> {
        match &self.form {
            Form::Binary { value, .. } => {
                Some(prost_types::Any { type_url: self.type_url.clone(), value: value.clone() })
            }
            Form::Json(_) => None,
        }
    }

    /// As the protobuf specification writes an `Any`. One of a type that is not known here has its
    /// bytes in base64 as its `value`.
    pub(crate) fn to_json(&self) -> Value {
        let (mut members, told) = match &self.form {
            Form::Json(told) => (told.clone(), None),
            Form::Binary { value, json } => {
                let json = json.or_else(|| Some(known(self.full_name())?.to_json));
                match json.and_then(|json| json(value)) {
                    Some(Value::Object(members)) if !self.is_well_known() => (members, None),
                    Some(told) => (Map::new(), Some(told)),
                    None => (Map::new(), Some(Value::String(BASE64.encode(value)))),
                }
            }
        };
        members.extend(told.map(|told| ("value".to_owned(), told)));
        let kind = ("@type".to_owned(), Value::String(self.type_url.clone()));
        Value::Object([kind].into_iter().chain(members).collect())
    }

    /// What a peer told in JSON; none if it does not say of which type it is.
    pub(crate) fn from_json(told: &Value) -> Option<Self> {
        let mut told = told.as_object()?.clone();
        let Some(Value::String(type_url)) = told.remove("@type") else { return None };
        let name = type_url.rsplit('/').next().unwrap_or_default();
        let value = match known(name) {
            Some(known) => (known.from_json)(&told),
            None if name.starts_with(WELL_KNOWN) => None,
            None => bytes(&told),
        };
        let form = match value {
            Some(value) => Form::Binary { value, json: None },
            None => Form::Json(told),
        };
        Some(Self { type_url, form })
    }

    fn full_name(&self) -> &str {
        self.type_url.rsplit('/').next().unwrap_or_default()
    }

    fn is_well_known(&self) -> bool {
        self.full_name().starts_with(WELL_KNOWN)
    }
}

impl From<prost_types::Any> for Detail {
    fn from(any: prost_types::Any) -> Self {
        let form = Form::Binary { value: any.value, json: None };
        Self { type_url: any.type_url, form }
    }
}

impl PartialEq for Detail {
    fn eq(&self, other: &Self) -> bool {
        self.type_url == other.type_url
            && match (&self.form, &other.form) {
                (Form::Binary { value, .. }, Form::Binary { value: other, .. }) => value == other,
                (Form::Json(told), Form::Json(other)) => told == other,
                _ => false,
            }
    }
}

impl fmt::Debug for Detail {
    /// Its type alone: what it holds may be of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Detail").field(&self.type_url).finish()
    }
}

fn to_json<T: Message + Json + Default>(value: &[u8]) -> Option<Value> {
    T::decode(value).ok()?.write_json(&Options::default(), serde_json::value::Serializer).ok()
}

fn from_json<T: Name + Json + Default>(told: &Map<String, Value>) -> Option<T> {
    let mut message = T::default();
    let read = if T::full_name().starts_with(WELL_KNOWN) {
        message.merge_json(&Options::default(), told.get("value")?)
    } else {
        message.merge_json(&Options::default(), Value::Object(told.clone()))
    };
    match read {
        Ok(()) => Some(message),
        // What another knew as bytes only, and we know.
        Err(_) => T::decode(&bytes(told)?[..]).ok(),
    }
}

/// The bytes of a message of which whoever wrote it knew no more.
fn bytes(told: &Map<String, Value>) -> Option<Vec<u8>> {
    let text = told.get("value").filter(|_| told.len() == 1)?.as_str()?;
    BASE64.decode(text).ok()
}

/// What is to be done with the details that everybody knows.
struct Known {
    to_json: ToJson,
    from_json: fn(&Map<String, Value>) -> Option<Vec<u8>>,
}

fn known(name: &str) -> Option<Known> {
    fn of<T: Name + Json + Default>() -> Known {
        Known {
            to_json: to_json::<T>,
            from_json: |told| Some(from_json::<T>(told)?.encode_to_vec()),
        }
    }
    Some(match name.strip_prefix("google.rpc.")? {
        "BadRequest" => of::<BadRequest>(),
        "DebugInfo" => of::<DebugInfo>(),
        "ErrorInfo" => of::<ErrorInfo>(),
        "Help" => of::<Help>(),
        "LocalizedMessage" => of::<LocalizedMessage>(),
        "PreconditionFailure" => of::<PreconditionFailure>(),
        "QuotaFailure" => of::<QuotaFailure>(),
        "RequestInfo" => of::<RequestInfo>(),
        "ResourceInfo" => of::<ResourceInfo>(),
        "RetryInfo" => of::<RetryInfo>(),
        _ => return None,
    })
}

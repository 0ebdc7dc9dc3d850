//! One field of a message as a text, for a path.

use serde::ser::{self, Serialize};

use crate::json::{Defaults, FieldNames, Json, Options};

use super::text::{Unsaid, scalars};

/// A path has a place for what is not set, too.
const OPTIONS: Options =
    Options::new().with_names(FieldNames::Proto).with_defaults(Defaults::Written);

/// The field that `path` leads to, `user.id`; none if the message that it lies in is not set.
pub(super) fn pick<M: Json>(message: &M, path: &str) -> Result<Option<String>, Unsaid> {
    message.write_json(&OPTIONS, Pick { path: Some(path) })
}

/// Looks for a field, and at nothing else.
struct Pick<'a> {
    /// What is left of the way; none at its end.
    path: Option<&'a str>,
}

impl Pick<'_> {
    #[expect(clippy::unnecessary_wraps, reason = "as a serializer returns it")]
    fn put(self, text: String) -> Result<Option<String>, Unsaid> {
        Ok(self.path.is_none().then_some(text))
    }
}

impl<'a> ser::Serializer for Pick<'a> {
    type Ok = Option<String>;
    type Error = Unsaid;
    type SerializeSeq = ser::Impossible<Self::Ok, Unsaid>;
    type SerializeTuple = ser::Impossible<Self::Ok, Unsaid>;
    type SerializeTupleStruct = ser::Impossible<Self::Ok, Unsaid>;
    type SerializeTupleVariant = ser::Impossible<Self::Ok, Unsaid>;
    type SerializeMap = ser::Impossible<Self::Ok, Unsaid>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = ser::Impossible<Self::Ok, Unsaid>;

    scalars!(put);

    fn serialize_none(self) -> Result<Self::Ok, Unsaid> {
        Ok(None)
    }

    fn serialize_unit(self) -> Result<Self::Ok, Unsaid> {
        Ok(None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Self::Ok, Unsaid> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<Self::Ok, Unsaid> {
        Err(Unsaid::new("what may be anything has no form in a path"))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Unsaid> {
        Err(Unsaid::new("a list has no form in a path"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unsaid> {
        Err(Unsaid::new("a map has no form in a path"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'a>, Unsaid> {
        let Some(path) = self.path else {
            return Err(Unsaid::new(format!("{name} has no form in a path")));
        };
        let (field, rest) = match path.split_once('.') {
            Some((field, rest)) => (field, Some(rest)),
            None => (path, None),
        };
        Ok(Fields { field, rest, found: None })
    }
}

struct Fields<'a> {
    field: &'a str,
    rest: Option<&'a str>,
    found: Option<String>,
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = Option<String>;
    type Error = Unsaid;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        field: &'static str,
        value: &T,
    ) -> Result<(), Unsaid> {
        if field == self.field {
            self.found = value.serialize(Pick { path: self.rest })?;
        }
        Ok(())
    }

    fn end(self) -> Result<Option<String>, Unsaid> {
        Ok(self.found)
    }
}

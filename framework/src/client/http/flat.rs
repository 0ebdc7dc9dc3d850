//! A message as the pairs of a query.
//!
//! Messages are written as JSON is, by [`Json::write_json`]: what a field looks like in a text is then
//! what it looks like in a query, which is what Kratos and other readers of `google.api.http` expect.
//! A field of a message within is `user.id`, an entry of a map `labels[color]`, a list is told once for
//! each item. Messages in lists and maps have no form in a query.

use serde::ser::{self, Serialize};

use crate::json::{Defaults, FieldNames, Json, Options};

use super::text::{Unsaid, scalars, text_of_json};

/// As names in queries are read by everybody, and without what the reader takes for granted.
const OPTIONS: Options =
    Options::new().with_names(FieldNames::Proto).with_defaults(Defaults::Omitted);

/// The pairs that tell `message`, without the fields that `left_out` says.
pub(super) fn pairs<M: Json>(
    message: &M,
    left_out: &dyn Fn(&str) -> bool,
) -> Result<Vec<(String, String)>, Unsaid> {
    let mut flat = Flat { path: String::new(), place: Place::Top, left_out, pairs: Vec::new() };
    message.write_json(&OPTIONS, &mut flat)?;
    Ok(flat.pairs)
}

struct Flat<'a> {
    path: String,
    place: Place,
    left_out: &'a dyn Fn(&str) -> bool,
    pairs: Vec<(String, String)>,
}

/// What a value stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing: it is the message.
    Top,
    Field,
    Item,
    Entry,
}

impl Flat<'_> {
    fn put(&mut self, text: String) -> Result<(), Unsaid> {
        if self.place == Place::Top {
            return Err(Unsaid::new("a message that is no object has no form in a query"));
        }
        self.pairs.push((self.path.clone(), text));
        Ok(())
    }

    /// Writes a value that lies within this one.
    fn within<T: Serialize + ?Sized>(
        &mut self,
        place: Place,
        name: impl FnOnce(&mut String),
        value: &T,
    ) -> Result<(), Unsaid> {
        let (length, outer) = (self.path.len(), self.place);
        name(&mut self.path);
        self.place = place;
        let written =
            if (self.left_out)(&self.path) { Ok(()) } else { value.serialize(&mut *self) };
        self.place = outer;
        self.path.truncate(length);
        written
    }

    fn refuse_within(&self, what: &str) -> Result<(), Unsaid> {
        match self.place {
            Place::Top | Place::Field => Ok(()),
            Place::Item | Place::Entry => {
                let path = &self.path;
                Err(Unsaid::new(format!(
                    "{path}: {what} in a list or a map has no form in a query"
                )))
            }
        }
    }
}

impl<'a, 'b> ser::Serializer for &'a mut Flat<'b> {
    type Ok = ();
    type Error = Unsaid;
    type SerializeSeq = Items<'a, 'b>;
    type SerializeTuple = ser::Impossible<(), Unsaid>;
    type SerializeTupleStruct = ser::Impossible<(), Unsaid>;
    type SerializeTupleVariant = ser::Impossible<(), Unsaid>;
    type SerializeMap = Entries<'a, 'b>;
    type SerializeStruct = Fields<'a, 'b>;
    type SerializeStructVariant = ser::Impossible<(), Unsaid>;

    scalars!(put);

    fn serialize_none(self) -> Result<(), Unsaid> {
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Unsaid> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unsaid> {
        value.serialize(self)
    }

    /// What may be anything is told as a text of JSON, as Kratos reads it.
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unsaid> {
        let text = text_of_json(value)?;
        self.put(text)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a, 'b>, Unsaid> {
        self.refuse_within("a list")?;
        Ok(Items(self))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'a, 'b>, Unsaid> {
        self.refuse_within("a map")?;
        Ok(Entries { flat: self, key: String::new() })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'a, 'b>, Unsaid> {
        self.refuse_within("a message")?;
        Ok(Fields(self))
    }
}

struct Items<'a, 'b>(&'a mut Flat<'b>);

impl ser::SerializeSeq for Items<'_, '_> {
    type Ok = ();
    type Error = Unsaid;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsaid> {
        self.0.within(Place::Item, |_| {}, value)
    }

    fn end(self) -> Result<(), Unsaid> {
        Ok(())
    }
}

struct Entries<'a, 'b> {
    flat: &'a mut Flat<'b>,
    key: String,
}

impl ser::SerializeMap for Entries<'_, '_> {
    type Ok = ();
    type Error = Unsaid;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unsaid> {
        self.key = super::text::text(key)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsaid> {
        let key = std::mem::take(&mut self.key);
        let name = |path: &mut String| path.extend(["[", &key, "]"]);
        self.flat.within(Place::Entry, name, value)
    }

    fn end(self) -> Result<(), Unsaid> {
        Ok(())
    }
}

struct Fields<'a, 'b>(&'a mut Flat<'b>);

impl ser::SerializeStruct for Fields<'_, '_> {
    type Ok = ();
    type Error = Unsaid;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        field: &'static str,
        value: &T,
    ) -> Result<(), Unsaid> {
        let name = |path: &mut String| {
            let dot = if path.is_empty() { "" } else { "." };
            path.extend([dot, field]);
        };
        self.0.within(Place::Field, name, value)
    }

    fn end(self) -> Result<(), Unsaid> {
        Ok(())
    }
}

//! TOML and JSON, with the line that each value stands on.

use std::collections::HashMap;
use std::fmt;
use std::io;

use config::{FileFormat, Format, Map, Value, ValueKind};
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use toml::de::{DeTable, DeValue};

use super::invalid::Invalid;
use super::yaml;

/// Reads a document of TOML.
pub(super) fn toml(place: &str, text: &str) -> Result<Map<String, Value>, Invalid> {
    let lines = Lines::of(text);
    let spots = DeTable::parse(text).map_err(|error| {
        // Only what is wrong, not the line itself: there may be a secret on it.
        let line = error.span().map(|span| lines.at(span.start));
        broken(place, line, error.message())
    })?;
    read(&FileFormat::Toml, place, text, &lines.table(spots.get_ref(), 1))
}

/// Reads a document of JSON.
pub(super) fn json(place: &str, text: &str) -> Result<Map<String, Value>, Invalid> {
    let read_so_far = Counted { rest: text.as_bytes(), lines: 1, last: b' ' };
    // `Counted` is read byte by byte, so that it knows how far reading has come.
    let count = std::cell::RefCell::new(read_so_far);
    let mut json = serde_json::Deserializer::from_reader(Counting(&count));
    let spot = Seed(&count).deserialize(&mut json).and_then(|spot| json.end().map(|()| spot));
    let spot = spot.map_err(|error| {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        broken(place, Some(error.line().max(1)), what)
    })?;
    read(&FileFormat::Json, place, text, &spot)
}

fn broken(place: &str, line: Option<usize>, what: &str) -> Invalid {
    let place = line.map_or_else(|| place.to_owned(), |line| format!("{place}:{line}"));
    Invalid::whole(place, format!("cannot be read: {}", what.trim()))
}

fn read(
    format: &FileFormat,
    place: &str,
    text: &str,
    spot: &Spot,
) -> Result<Map<String, Value>, Invalid> {
    let uri = place.to_owned();
    let table = Format::parse(format, Some(&uri), text)
        .map_err(|error| broken(place, None, &error.to_string()))?;
    Ok(table
        .into_iter()
        .map(|(key, value)| match spot.keys.get(&key) {
            Some(spot) => (key, spot.place(place, value)),
            None => (key, value),
        })
        .collect())
}

/// Where a value stands, and what is in it.
#[derive(Debug, Default)]
struct Spot {
    line: usize,
    /// How a number was written.
    text: Option<String>,
    keys: HashMap<String, Self>,
    items: Vec<Self>,
}

impl Spot {
    fn at(line: usize) -> Self {
        Self { line, ..Self::default() }
    }

    /// Tells a value where it stands.
    fn place(&self, file: &str, value: Value) -> Value {
        let kind = match value.kind {
            ValueKind::Table(table) => {
                let placed = table.into_iter().map(|(key, value)| match self.keys.get(&key) {
                    Some(spot) => (key, spot.place(file, value)),
                    None => (key, value),
                });
                ValueKind::Table(placed.collect())
            }
            ValueKind::Array(items) => {
                let mut spots = self.items.iter();
                let placed = items.into_iter().map(|item| match spots.next() {
                    Some(spot) => spot.place(file, item),
                    None => item,
                });
                ValueKind::Array(placed.collect())
            }
            ValueKind::Float(_) if self.text.is_some() => {
                yaml::plain(self.text.as_deref().unwrap_or_default())
            }
            kind => kind,
        };
        Value::new(Some(&format!("{file}:{}", self.line)), kind)
    }
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(end, _)| end).collect())
    }

    fn at(&self, offset: usize) -> usize {
        1 + self.0.partition_point(|end| *end < offset)
    }

    fn table(&self, table: &DeTable<'_>, line: usize) -> Spot {
        let keys = table.iter().map(|(key, value)| {
            let is_single = !matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_));
            let begin = if is_single { value.span().start } else { key.span().start };
            (key.get_ref().to_string(), self.value(value.get_ref(), self.at(begin)))
        });
        Spot { keys: keys.collect(), ..Spot::at(line) }
    }

    fn value(&self, value: &DeValue<'_>, line: usize) -> Spot {
        match value {
            DeValue::Table(table) => self.table(table, line),
            DeValue::Array(items) => {
                let items = items
                    .iter()
                    .map(|item| self.value(item.get_ref(), self.at(item.span().start)))
                    .collect();
                Spot { items, ..Spot::at(line) }
            }
            DeValue::Float(number) => {
                let text = Some(number.as_str()).filter(|text| text.parse::<f64>().is_ok());
                Spot { text: text.map(str::to_owned), ..Spot::at(line) }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => Spot::at(line),
        }
    }
}

/// A text that knows how many lines of it were read.
struct Counted<'a> {
    rest: &'a [u8],
    lines: usize,
    last: u8,
}

type Count<'a> = std::cell::RefCell<Counted<'a>>;

struct Counting<'c, 'a>(&'c Count<'a>);

impl io::Read for Counting<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut count = self.0.borrow_mut();
        let (Some((first, rest)), Some(into)) = (count.rest.split_first(), into.first_mut()) else {
            return Ok(0);
        };
        *into = *first;
        count.rest = rest;
        count.lines += usize::from(*first == b'\n');
        count.last = *first;
        Ok(1)
    }
}

/// Reads nothing but where the values stand.
#[derive(Clone, Copy)]
struct Seed<'c, 'a>(&'c Count<'a>);

impl Seed<'_, '_> {
    /// Where the value is that was just read. Behind a number one letter more is read.
    fn spot(self) -> Spot {
        let count = self.0.borrow();
        Spot::at(count.lines - usize::from(count.last == b'\n'))
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Spot;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Spot, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Spot;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Spot, E> {
        Ok(self.spot())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Spot, E> {
        Ok(self.spot())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Spot, E> {
        Ok(self.spot())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Spot, E> {
        Ok(self.spot())
    }

    fn visit_str<E>(self, _: &str) -> Result<Spot, E> {
        Ok(self.spot())
    }

    fn visit_unit<E>(self) -> Result<Spot, E> {
        Ok(self.spot())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Spot, A::Error> {
        let mut spot = self.spot();
        while let Some(item) = list.next_element_seed(self)? {
            spot.items.push(item);
        }
        Ok(spot)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Spot, A::Error> {
        let mut spot = self.spot();
        while let Some(key) = table.next_key::<String>()? {
            if spot.keys.contains_key(&key) {
                return Err(de::Error::custom(format!("the key {key} is there twice")));
            }
            let value = table.next_value_seed(self)?;
            spot.keys.insert(key, value);
        }
        Ok(spot)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::find;
    use super::*;

    fn origin(table: &Map<String, Value>, path: &str) -> String {
        find(table, path).and_then(Value::origin).unwrap_or("nowhere").to_owned()
    }

    #[test]
    fn every_value_of_toml_knows_its_line() {
        let text = "a = 1\n\n[b]\nc = 'x'\nd = [\n  1,\n  { e = 1.10 },\n]\n\n[[f]]\ng = true\n";
        let table = toml("f.toml", text).unwrap();
        for (path, line) in [
            ("a", 1),
            ("b", 3),
            ("b.c", 4),
            ("b.d", 5),
            ("b.d.0", 6),
            ("b.d.1.e", 7),
            ("f.0.g", 11),
        ] {
            assert_eq!(origin(&table, path), format!("f.toml:{line}"), "{path}");
        }
        let written = find(&table, "b.d.1.e").unwrap();
        assert_eq!(written.kind, ValueKind::String("1.10".to_owned()), "as it was written");
    }

    #[test]
    fn every_value_of_json_knows_its_line() {
        let text = "{\n  \"a\": 1\n,\n  \"b\": {\n    \"c\": \"x\\n\",\n    \"d\": [\n 1,\n {\"e\": null}]\n  }\n}\n";
        let table = json("f.json", text).unwrap();
        for (path, line) in
            [("a", 2), ("b", 4), ("b.c", 5), ("b.d", 6), ("b.d.0", 7), ("b.d.1.e", 8)]
        {
            assert_eq!(origin(&table, path), format!("f.json:{line}"), "{path}");
        }
    }

    #[test]
    fn what_cannot_be_read_names_the_line_and_not_what_is_on_it() {
        let toml = |text| toml("f.toml", text).unwrap_err().to_string();
        let error = toml("a = 1\npassword = hunter2\n");
        assert!(error.starts_with("f.toml:2: cannot be read: "), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert!(toml("a = 1\na = 2").starts_with("f.toml:2: cannot be read: duplicate key"));
        let json = |text| json("f.json", text).unwrap_err().to_string();
        assert_eq!(json("{\n\"a\": hunter2}"), "f.json:2: cannot be read: expected value");
        assert_eq!(
            json("{\"a\": 1,\n\"a\": 2}"),
            "f.json:2: cannot be read: the key a is there twice"
        );
        assert!(json("[1]").starts_with("f.json: cannot be read: "));
        assert!(json("{} {}").starts_with("f.json:1: cannot be read: trailing characters"));
    }
}

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use config::{Map, Value, ValueKind};
use serde::de::{self, DeserializeOwned, Visitor};

use self::access::{Entries, Items, Variant};
use self::dream::Dream;
use self::fault::{Fault, What, join};
use self::gather::Evaded;
use super::invalid::Invalid;
use super::show::is_secret;
use super::tree::{Tree, folded};
use super::{placeholder, secret, yaml};

mod access;
mod dream;
mod fault;
mod gather;

/// What decoding has seen on its way.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// The paths of the values that a `Secret` took.
    pub(super) secrets: BTreeSet<String>,
    /// Every field that was asked for, by its path.
    pub(super) known: BTreeSet<String>,
    /// The fields that no layer sets: the type's own defaults hold.
    pub(super) unset: BTreeSet<String>,
    /// What fields at the top took from variables without a section.
    pub(super) loose: Map<String, Value>,
}

impl Notes {
    /// The paths of all that is secret.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(String::as_str)
    }

    /// Has the value at a path taken for secret too.
    pub(crate) fn hide(&mut self, path: String) {
        self.secrets.insert(path);
    }

    /// Whether a `Secret` took the value at a path, or one of those in it: of a list all are shown
    /// or none.
    pub(super) fn is_secret(&self, path: &str) -> bool {
        let within = format!("{path}.");
        let first = self.secrets.range(within.clone()..).next();
        self.secrets.contains(path) || first.is_some_and(|it| it.starts_with(&within))
    }
}

/// Makes a tree a `T`, or tells everything that is wrong with it.
///
/// `others` are the names at the top that somebody else takes.
pub(super) fn decode<T: DeserializeOwned>(
    tree: &Tree,
    others: &[&str],
) -> Result<(T, Notes), Invalid> {
    let run = Run::around(&tree.broken);
    match once(tree, &run) {
        Ok(decoded) => {
            let mut notes = run.notes.into_inner();
            hide_files(&mut notes, "", &tree.table);
            Ok((decoded, notes))
        }
        Err(first) => Err(gather::all(run, first, others, |run| once::<T>(tree, run).err())),
    }
}

/// What came from a file of secrets is one, whatever took it.
fn hide_files(notes: &mut Notes, path: &str, table: &Map<String, Value>) {
    let mut open: Vec<_> = table.iter().map(|(key, value)| (join(path, key), value)).collect();
    while let Some((path, value)) = open.pop() {
        match &value.kind {
            ValueKind::Table(table) => {
                open.extend(table.iter().map(|(key, value)| (join(&path, key), value)));
            }
            ValueKind::Array(items) => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(index, value)| (format!("{path}.{index}"), value)));
            }
            _ if placeholder::is_from_file(value.origin()) => notes.hide(path),
            _ => {}
        }
    }
}

fn once<T: DeserializeOwned>(tree: &Tree, run: &Run) -> Result<T, Fault> {
    T::deserialize(Decoder {
        value: Value::new(None, ValueKind::Table(tree.table.clone())),
        path: String::new(),
        run,
        loose: Some(&tree.loose),
        siblings: None,
    })
}

/// What one pass over the settings knows and learns.
#[derive(Debug, Default)]
struct Run {
    notes: RefCell<Notes>,
    /// What was found to be wrong in passes before, and is gone around.
    evaded: Evaded,
}

impl Run {
    /// A pass that does not look at the values of these paths.
    fn around(broken: &[String]) -> Self {
        let mut run = Self::default();
        for path in broken {
            run.evaded.evade(path, false);
        }
        run
    }

    /// What stands for the value at `path`, if that was found to be wrong before.
    fn dream(&self, path: &str) -> Option<Dream<'_>> {
        let attempt = self.evaded.attempt(path)?;
        Some(Dream { path: path.to_owned(), attempt, run: self })
    }
}

/// A value on its way to a field.
struct Decoder<'n> {
    value: Value,
    path: String,
    run: &'n Run,
    /// At the top, what fields may take that have no value yet.
    loose: Option<&'n Map<String, Value>>,
    /// The names that stand where this one does, at the top: there nothing is read over.
    siblings: Option<&'static [&'static str]>,
}

impl<'n> Decoder<'n> {
    fn child(&self, key: &str, value: Value) -> Self {
        let path = join(&self.path, key);
        Decoder { value, path, run: self.run, loose: None, siblings: None }
    }

    /// The fault of a value that is of another kind than asked for.
    fn mismatch(&self, expected: &str) -> Fault {
        let found = match &self.value.kind {
            ValueKind::Nil => "nothing".to_owned(),
            ValueKind::Table(_) => "a section with keys of its own".to_owned(),
            ValueKind::Array(_) => "a list".to_owned(),
            _ if is_secret(&self.path) || placeholder::is_from_file(self.value.origin()) => {
                "something else (it is not shown: it may be secret)".to_owned()
            }
            ValueKind::String(text) => format!("{text:?}"),
            other => format!("{other}"),
        };
        Fault::new(What::Text(format!("expected {expected}, found {found}")))
            .at(&self.path, self.value.origin())
    }

    /// A single value as it was written.
    fn text(&self, expected: &str) -> Result<String, Fault> {
        match &self.value.kind {
            ValueKind::Nil | ValueKind::Table(_) | ValueKind::Array(_) => {
                Err(self.mismatch(expected))
            }
            scalar => Ok(scalar.to_string()),
        }
    }

    fn number<T: std::str::FromStr>(&self, expected: &str) -> Result<T, Fault> {
        let text = self.text(expected)?;
        text.trim().parse().map_err(|_unreadable| self.mismatch(expected))
    }

    /// Runs `decode` and says where it was if it fails.
    fn located<T>(self, decode: impl FnOnce(Self) -> Result<T, Fault>) -> Result<T, Fault> {
        let (path, origin) = (self.path.clone(), self.value.origin().map(str::to_owned));
        decode(self).map_err(|fault| {
            let fault = match placeholder::is_from_file(origin.as_deref()) {
                // What is wrong with it may be told by saying what it is.
                true => fault.without_value(),
                false => fault,
            };
            fault.at(&path, origin.as_deref())
        })
    }

    fn table<'de, V: Visitor<'de>>(
        self,
        fields: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let expected = match fields {
            Some(fields) if !fields.is_empty() => format!("a section with {}", fields.join(", ")),
            _ => "a section".to_owned(),
        };
        self.located(|this| {
            let table = match &this.value.kind {
                ValueKind::Table(table) => table.clone(),
                ValueKind::Nil => Map::new(),
                ValueKind::String(text) if text.trim_start().starts_with('{') => {
                    let origin = this.value.origin().unwrap_or_default();
                    match yaml::parse_value(origin, text).map(|value| value.kind) {
                        Ok(ValueKind::Table(table)) => table,
                        _ => return Err(this.mismatch(&expected)),
                    }
                }
                _ => return Err(this.mismatch(&expected)),
            };
            let mut entries: BTreeMap<String, Value> = table.into_iter().collect();
            this.run.evaded.prune(&this.path, &mut entries);
            if let Some(fields) = fields {
                // A key without a value says nothing, and a variable does not know a key's case.
                entries = entries
                    .into_iter()
                    .map(|(key, value)| {
                        let known = fields.iter().find(|field| **field == key).or_else(|| {
                            let by_variable =
                                value.origin().is_some_and(|origin| origin.starts_with("BIA_"));
                            fields.iter().find(|field| by_variable && folded(field) == folded(&key))
                        });
                        (known.map_or(key, |known| (*known).to_owned()), value)
                    })
                    .filter(|(key, value)| {
                        value.kind != ValueKind::Nil || !fields.contains(&key.as_str())
                    })
                    .collect();
                let mut notes = this.run.notes.borrow_mut();
                for (key, value) in this.loose.into_iter().flatten() {
                    if let Some(field) = fields.iter().find(|field| folded(field) == folded(key)) {
                        entries.entry((*field).to_owned()).or_insert_with(|| value.clone());
                        notes.loose.insert((*field).to_owned(), value.clone());
                    }
                }
                notes.known.extend(fields.iter().map(|field| join(&this.path, field)));
                this.run.evaded.fill(&this.path, fields, &mut entries);
                let unset = fields.iter().filter(|field| !entries.contains_key(**field));
                notes.unset.extend(unset.map(|field| join(&this.path, field)));
            }
            let entries = entries.into_iter().collect::<Vec<_>>().into_iter();
            visitor.visit_map(Entries { parent: &this, fields, entries, next: None })
        })
    }

    fn list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.located(|this| {
            let origin = this.value.origin().map(str::to_owned);
            let items = match &this.value.kind {
                ValueKind::Array(items) => items.clone(),
                ValueKind::String(text) if text.trim_start().starts_with('[') => {
                    match yaml::parse_value(origin.as_deref().unwrap_or_default(), text)
                        .map(|value| value.kind)
                    {
                        Ok(ValueKind::Array(items)) => items,
                        _ => return Err(this.mismatch("a list")),
                    }
                }
                // A variable has no better way to write a list.
                ValueKind::String(text) if text.trim().is_empty() => Vec::new(),
                ValueKind::Nil | ValueKind::Table(_) => return Err(this.mismatch("a list")),
                scalar => scalar
                    .to_string()
                    .split(',')
                    .map(|item| Value::new(origin.as_ref(), yaml::plain(item.trim())))
                    .collect(),
            };
            let items = items.into_iter().enumerate().collect::<Vec<_>>().into_iter();
            visitor.visit_seq(Items { parent: &this, items })
        })
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty: $expected:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number: $type = self.number($expected)?;
            self.located(|_| visitor.$visit(number))
        })*
    };
}

impl<'de> de::Deserializer<'de> for Decoder<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value.kind.clone() {
            ValueKind::Table(_) => self.table(None, visitor),
            ValueKind::Array(_) => self.list(visitor),
            kind => self.located(|_| match kind {
                ValueKind::Boolean(value) => visitor.visit_bool(value),
                ValueKind::I64(value) => visitor.visit_i64(value),
                ValueKind::I128(value) => visitor.visit_i128(value),
                ValueKind::U64(value) => visitor.visit_u64(value),
                ValueKind::U128(value) => visitor.visit_u128(value),
                ValueKind::Float(value) => visitor.visit_f64(value),
                ValueKind::String(value) => visitor.visit_string(value),
                ValueKind::Nil | ValueKind::Table(_) | ValueKind::Array(_) => visitor.visit_unit(),
            }),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let value: bool = self.number("true or false")?;
        self.located(|_| visitor.visit_bool(value))
    }

    numbers! {
        deserialize_i8 visit_i8 i8: "a whole number from -128 to 127";
        deserialize_i16 visit_i16 i16: "a whole number from -32768 to 32767";
        deserialize_i32 visit_i32 i32: "a whole number";
        deserialize_i64 visit_i64 i64: "a whole number";
        deserialize_i128 visit_i128 i128: "a whole number";
        deserialize_u8 visit_u8 u8: "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16: "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32: "a whole number, not below 0";
        deserialize_u64 visit_u64 u64: "a whole number, not below 0";
        deserialize_u128 visit_u128 u128: "a whole number, not below 0";
        deserialize_f32 visit_f32 f32: "a number";
        deserialize_f64 visit_f64 f64: "a number";
        deserialize_char visit_char char: "one character";
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let text = self.text("a text")?;
        self.located(|_| visitor.visit_string(text))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value.kind {
            ValueKind::Nil => visitor.visit_none(),
            _ => self.located(|this| visitor.visit_some(this)),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value.kind {
            ValueKind::Nil => visitor.visit_unit(),
            ValueKind::Table(table) => match table.iter().min_by_key(|(key, _)| key.as_str()) {
                None => visitor.visit_unit(),
                Some((key, value)) => {
                    let unknown = What::Unknown { field: key.clone(), expected: &[] };
                    Err(Fault::new(unknown).at(&join(&self.path, key), value.origin()))
                }
            },
            _ => Err(self.mismatch("nothing")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == secret::NAME {
            self.run.notes.borrow_mut().secrets.insert(self.path.clone());
        }
        self.located(|this| visitor.visit_newtype_struct(this))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.table(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.table(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let expected = format!("one of {}", variants.join(", "));
        self.located(|this| match &this.value.kind {
            ValueKind::Table(table) if table.len() == 1 => {
                let Some((name, value)) = table.iter().next() else {
                    return Err(this.mismatch(&expected));
                };
                let content = this.child(name, value.clone());
                visitor.visit_enum(Variant { name: name.clone(), content: Some(content) })
            }
            ValueKind::Table(_) | ValueKind::Array(_) | ValueKind::Nil => {
                Err(this.mismatch(&expected))
            }
            name => visitor.visit_enum(Variant { name: name.to_string(), content: None }),
        })
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.siblings {
            Some(expected) => {
                let unknown = What::Unknown { field: self.path.clone(), expected };
                Err(Fault::new(unknown).at(&self.path, self.value.origin()))
            }
            None => visitor.visit_unit(),
        }
    }
}

//! Messages made by chance, near to what their rules speak of.

use std::time::{SystemTime, UNIX_EPOCH};

use fastrand::Rng;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _, Value,
};

/// Texts of every format, right ones and others.
const TEXTS: &[&str] = &[
    "",
    "foo",
    "bar",
    "fo",
    "oo",
    "foobar",
    "a\"b",
    "a.b",
    "A",
    "ä",
    "αβ",
    "a a",
    "user@example.com",
    "a+b@x-y.z",
    "example.com",
    "example.com.",
    "1.2.3",
    "a-b",
    "localhost",
    "10.0.0.1",
    "255.255.255.255",
    "::1",
    "fe80::1%en0",
    "2001:db8::",
    "::ffff:1.2.3.4",
    "1:2:3:4:5:6:7:8",
    "10.0.0.0/8",
    "10.0.0.1/8",
    "::/0",
    "2001:db8::/32",
    "2001:db8::1/32",
    "1.2.3.4/32",
    "https://u:p@example.com:80/a/b?c=d#e",
    "http://[::1]:8080/",
    "urn:a:b",
    "http://[fe80::1%25en0]/",
    "http://[v7.a:b]/",
    "http://%C3%A4/",
    "http://%ff/",
    "//host/path",
    "./a:b",
    "?q#f",
    "a b",
    "example.com:443",
    "[::1]:80",
    "[fe80::1%en0]:80",
    "10.0.0.1:65535",
    "host:65536",
    "host:",
    "123e4567-e89b-12d3-a456-426614174000",
    "123e4567e89b12d3a456426614174000",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "google.protobuf.Any",
    ".google.protobuf.Any",
    "_a.b1",
    ":path",
    "X-Header",
    "x,y",
    "a\tb",
    "a\u{1}b",
    "a\r\nb",
    "AAA",
    "[ab",
    "_1",
    "ab A",
    "type.googleapis.com/a.A",
    "x",
    "b",
    "b.c",
    "b.cd",
    "b.c.d",
    "a.A",
];

/// What texts are changed by.
const LETTERS: &[&str] = &[
    ".", ":", "/", "@", "%", "[", "]", "-", "_", " ", "0", "1", "9", "a", "Z", "f", "ä", "\0", "?",
    "#", "+", "~", "\n", "\u{7f}", "%41", "::", "25", "{", "^", "|", "*", "/0", "128", "α", "K",
];

/// What rules speak of.
#[derive(Default)]
struct Hints {
    integers: Vec<i128>,
    floats: Vec<f64>,
    texts: Vec<String>,
    bytes: Vec<Vec<u8>>,
    /// Of durations and times, in nanoseconds.
    times: Vec<i128>,
}

impl Hints {
    fn of(field: &FieldDescriptor) -> Self {
        let mut hints = Self::default();
        for (_, value) in field.options().extensions() {
            hints.add(value);
        }
        hints
    }

    fn add(&mut self, value: &Value) {
        match value {
            Value::Bool(_) => {}
            Value::I32(number) | Value::EnumNumber(number) => self.integers.push((*number).into()),
            Value::I64(number) => self.integers.push((*number).into()),
            Value::U32(number) => self.integers.push((*number).into()),
            Value::U64(number) => self.integers.push((*number).into()),
            Value::F32(number) => self.floats.push((*number).into()),
            Value::F64(number) => self.floats.push(*number),
            Value::String(text) => self.texts.push(text.clone()),
            Value::Bytes(bytes) => self.bytes.push(bytes.to_vec()),
            Value::List(list) => list.iter().for_each(|value| self.add(value)),
            Value::Map(map) => map.values().for_each(|value| self.add(value)),
            Value::Message(message) => {
                let name = message.descriptor().full_name().to_owned();
                if name == "google.protobuf.Duration" || name == "google.protobuf.Timestamp" {
                    let number = |name: &str| message.get_field_by_name(name).unwrap().into_owned();
                    let seconds = i128::from(number("seconds").as_i64().unwrap());
                    let nanos = i128::from(number("nanos").as_i32().unwrap());
                    self.times.push(seconds * 1_000_000_000 + nanos);
                } else {
                    message.fields().for_each(|(_, value)| self.add(value));
                }
            }
        }
    }
}

/// A message of a type, with what its fields' rules speak of.
pub(super) fn message(
    random: &mut Rng,
    descriptor: &MessageDescriptor,
    depth: usize,
) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    // Members of a oneof replace each other: in any order.
    let mut fields: Vec<_> = descriptor.fields().collect();
    random.shuffle(&mut fields);
    let unset = [0.1, 0.5, 0.9][random.usize(..3)];
    for field in fields {
        if random.f64() < unset {
            continue;
        }
        let hints = Hints::of(&field);
        if let Some(value) = value(random, &field, &hints, depth) {
            message.set_field(&field, value);
        }
    }
    message
}

fn value(random: &mut Rng, field: &FieldDescriptor, hints: &Hints, depth: usize) -> Option<Value> {
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else { return None };
        let (key, value) =
            (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
        let pairs = (0..random.usize(..4)).filter_map(|_| {
            let key: MapKey = one(random, &key, hints, depth)?.into_map_key()?;
            Some((key, one(random, &value, hints, depth)?))
        });
        return Some(Value::Map(pairs.collect()));
    }
    if field.is_list() {
        let kind = field.kind();
        let mut items: Vec<Value> =
            (0..random.usize(..4)).filter_map(|_| one(random, &kind, hints, depth)).collect();
        if random.bool() && !items.is_empty() {
            items.push(items[random.usize(..items.len())].clone());
        }
        return Some(Value::List(items));
    }
    one(random, &field.kind(), hints, depth)
}

fn one(random: &mut Rng, kind: &Kind, hints: &Hints, depth: usize) -> Option<Value> {
    let mut integer = |least: i128, most: i128| {
        let near = match random.usize(..3) {
            0 => i128::from(random.i8(-3..4)),
            1 if !hints.integers.is_empty() => {
                hints.integers[random.usize(..hints.integers.len())] + i128::from(random.i8(-1..2))
            }
            _ if random.bool() => least,
            _ => most,
        };
        near.clamp(least, most)
    };
    let (i32s, i64s) = ((i32::MIN.into(), i32::MAX.into()), (i64::MIN.into(), i64::MAX.into()));
    Some(match kind {
        Kind::Bool => Value::Bool(random.bool()),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            Value::I32(integer(i32s.0, i32s.1).try_into().unwrap())
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            Value::I64(integer(i64s.0, i64s.1).try_into().unwrap())
        }
        Kind::Uint32 | Kind::Fixed32 => Value::U32(integer(0, u32::MAX.into()).try_into().unwrap()),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(integer(0, u64::MAX.into()).try_into().unwrap()),
        Kind::Enum(_) => Value::EnumNumber(random.i32(-2..6)),
        Kind::Float => {
            let number = float(random, hints);
            #[expect(clippy::cast_possible_truncation, reason = "any number does")]
            Value::F32(number as f32)
        }
        Kind::Double => Value::F64(float(random, hints)),
        Kind::String => Value::String(text(random, hints)),
        Kind::Bytes => Value::Bytes(bytes(random, hints).into()),
        Kind::Message(descriptor) => Value::Message(match descriptor.full_name() {
            "google.protobuf.Duration" => timed(random, descriptor, hints, 0),
            "google.protobuf.Timestamp" => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
                timed(random, descriptor, hints, now.try_into().unwrap())
            }
            "google.protobuf.Any" => {
                let mut any = DynamicMessage::new(descriptor.clone());
                any.set_field_by_name("type_url", Value::String(text(random, hints)));
                any
            }
            "google.protobuf.FieldMask" => {
                let mut mask = DynamicMessage::new(descriptor.clone());
                let paths = (0..random.usize(..3)).map(|_| Value::String(text(random, hints)));
                mask.set_field_by_name("paths", Value::List(paths.collect()));
                mask
            }
            name if name.starts_with("google.protobuf.") => {
                let mut wrapper = DynamicMessage::new(descriptor.clone());
                let inner = descriptor.get_field_by_name("value").unwrap();
                wrapper.set_field(&inner, one(random, &inner.kind(), hints, depth)?);
                wrapper
            }
            _ if depth > 2 => return None,
            _ => message(random, descriptor, depth + 1),
        }),
    })
}

fn float(random: &mut Rng, hints: &Hints) -> f64 {
    let odd = [0.0, -0.0, 1.0, -1.0, 0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-7, 1e-8];
    if random.bool() && !hints.floats.is_empty() {
        let near = hints.floats[random.usize(..hints.floats.len())];
        return near + [0.0, 0.0, 0.5, -0.5][random.usize(..4)];
    }
    odd[random.usize(..odd.len())]
}

fn text(random: &mut Rng, hints: &Hints) -> String {
    let mut text = if random.bool() && !hints.texts.is_empty() {
        hints.texts[random.usize(..hints.texts.len())].clone()
    } else {
        TEXTS[random.usize(..TEXTS.len())].to_owned()
    };
    // Half of them as they are, the others with a few changes.
    for _ in 0..random.usize(..6).saturating_sub(3) {
        let places: Vec<_> =
            text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
        let place = places[random.usize(..places.len())];
        let letter = LETTERS[random.usize(..LETTERS.len())];
        if random.bool() || place == text.len() {
            text.insert_str(place, letter);
        } else {
            text.remove(place);
        }
    }
    text
}

fn bytes(random: &mut Rng, hints: &Hints) -> Vec<u8> {
    let mut bytes = match random.usize(..3) {
        0 if !hints.bytes.is_empty() => hints.bytes[random.usize(..hints.bytes.len())].clone(),
        1 => vec![b'a'; [0, 1, 2, 3, 4, 5, 16, 17][random.usize(..8)]],
        _ => text(random, hints).into_bytes(),
    };
    if random.u8(..4) == 0 {
        bytes.push(random.u8(..));
    }
    bytes
}

/// A duration or a time near to what is spoken of, or to `now`.
fn timed(
    random: &mut Rng,
    descriptor: &MessageDescriptor,
    hints: &Hints,
    now: i128,
) -> DynamicMessage {
    let around = [60, -60, 3_000, -3_000, 3_700, -3_700, 10_000, -10_000];
    let nanos = if random.bool() && !hints.times.is_empty() {
        hints.times[random.usize(..hints.times.len())] + i128::from(random.i8(-1..2))
    } else if random.bool() {
        0
    } else {
        // Never at now itself, which is another moment for each of the two.
        now + 1_000_000_000 * around[random.usize(..around.len())]
    };
    // The nanoseconds of a time count forwards, those of a duration are of its sign.
    let is_time = descriptor.full_name() == "google.protobuf.Timestamp";
    let (seconds, nanos) = if is_time {
        (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000))
    } else {
        (nanos / 1_000_000_000, nanos % 1_000_000_000)
    };
    let mut message = DynamicMessage::new(descriptor.clone());
    message.set_field_by_name("seconds", Value::I64(seconds.try_into().unwrap()));
    message.set_field_by_name("nanos", Value::I32(nanos.try_into().unwrap()));
    message
}

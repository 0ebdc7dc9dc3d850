//! Requests that nobody thought of, the same ones every time.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::http::Ask;

/// The request of this number.
pub(crate) fn ask(seed: u64) -> Ask {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    match rng.u8(0..10) {
        0..4 => {
            let (verb, target) = choose(
                rng,
                &[
                    ("POST", "/v1/everything"),
                    ("POST", "/transcoding.v1.Echo/WithoutRule"),
                    ("PATCH", "/v1/one/a"),
                    ("PUT", "/v1/one/b"),
                    ("POST", "/v1/one/c:touch"),
                ],
            );
            let mut message = message(rng, 3);
            // What the path says too is in the table.
            if let (true, Some(members)) = (target.starts_with("/v1/o"), message.as_object_mut()) {
                members.remove("text");
            }
            Ask::json(verb, target, message.to_string())
        }
        4 => {
            let children: Vec<Value> = (0..rng.usize(0..4)).map(|_| message(rng, 1)).collect();
            Ask::json("PUT", "/v1/children", Value::Array(children).to_string())
        }
        5 | 6 => Ask::new("GET", &format!("/v1/search?{}", query(rng))),
        7 => {
            let text = segment(rng);
            let path = match rng.u8(0..6) {
                0 => format!("/v1/one/{text}"),
                1 => format!("/v1/nested/{text}/of/{}", segment(rng)),
                2 => format!("/v1/shelves/{text}"),
                3 => format!("/v1/shelves/{text}/books/{}", segment(rng)),
                4 => format!("/v1/paths/{text}/{}", segment(rng)),
                _ => format!("/v1/trees/{text}/{}/{}", segment(rng), segment(rng)),
            };
            // What the path says too is in the table.
            if path.contains("/nested/") || rng.bool() {
                Ask::new("GET", &path)
            } else {
                Ask::new("GET", &format!("{path}?{}", query(rng)))
            }
        }
        8 => {
            let target = format!("/v1/repeat/{}/{}?{}", rng.u8(0..5), segment(rng), query(rng));
            // How many there are is in the path.
            Ask::new("GET", &target.replace("small=", "none="))
        }
        _ => {
            let color = choose(rng, &["COLOR_RED", "2", "-3", "COLOR_NONE"]);
            Ask::new(
                "GET",
                &format!(
                    "/v1/typed/{}/{}/{}/{}/{color}/{}",
                    rng.bool(),
                    number_text(rng),
                    rng.u64(..),
                    real_text(rng),
                    escaped(&format!("AAAA{}", base64(rng)), rng),
                ),
            )
        }
    }
}

/// A message of `transcoding.v1.Everything`, mostly one that is right.
fn message(rng: &mut Rng, depth: usize) -> Value {
    let mut members = Map::new();
    for _ in 0..rng.usize(0..8) {
        let (name, value) = member(rng, depth);
        // The other name of the same field is as good.
        let other = members.contains_key(&camel(name)) || members.contains_key(&snake(name));
        if !other {
            let name = if rng.u8(0..4) == 0 { snake(name) } else { camel(name) };
            members.insert(name, value);
        }
    }
    // One of a choice.
    if rng.u8(0..3) == 0 {
        let (name, value) = match rng.u8(0..4) {
            0 => ("word", json!(text(rng))),
            1 => ("number", json!(rng.i32(..))),
            2 if depth > 0 => ("part", message(rng, depth - 1)),
            _ => ("shade", color(rng)),
        };
        members.insert(name.to_owned(), value);
    }
    Value::Object(members)
}

fn member(rng: &mut Rng, depth: usize) -> (&'static str, Value) {
    const NAMES: &[&str] = &[
        "text",
        "is_on",
        "small",
        "small_signed",
        "small_unsigned",
        "small_fixed",
        "large",
        "large_signed",
        "large_unsigned",
        "large_fixed",
        "rough",
        "precise",
        "raw",
        "color",
        "maybe_text",
        "maybe_small",
        "maybe_is_on",
        "maybe_color",
        "texts",
        "numbers",
        "large_numbers",
        "reals",
        "switches",
        "colors",
        "raws",
        "moments",
        "labels",
        "counts",
        "by_number",
        "color_of",
        "at",
        "span",
        "structure",
        "anything",
        "list",
        "bool_value",
        "int32_value",
        "uint32_value",
        "int64_value",
        "uint64_value",
        "double_value",
        "text_value",
        "bytes_value",
        "empty",
        "child",
        "children",
        "by_name",
        "none",
    ];
    let name = choose(rng, NAMES);
    let value = match name {
        "text" | "maybe_text" | "text_value" => json!(text(rng)),
        "is_on" | "maybe_is_on" | "bool_value" => json!(rng.bool()),
        "small" | "small_signed" | "maybe_small" | "int32_value" => {
            let value = i64::from(rng.i32(..));
            int(rng, value)
        }
        "small_unsigned" | "small_fixed" | "uint32_value" => {
            let value = i64::from(rng.u32(..));
            int(rng, value)
        }
        "large" | "large_signed" | "int64_value" => {
            let value = rng.i64(..);
            if rng.bool() { json!(value.to_string()) } else { json!(value) }
        }
        "large_unsigned" | "large_fixed" | "uint64_value" => {
            let value = rng.u64(..);
            if rng.bool() { json!(value.to_string()) } else { json!(value) }
        }
        "rough" => json!(f64::from(rng.i16(..)) / 8.0),
        "precise" | "double_value" => real(rng),
        "raw" | "bytes_value" => json!(base64(rng)),
        "color" | "maybe_color" => color(rng),
        "texts" => (0..rng.usize(0..4)).map(|_| json!(text(rng))).collect(),
        "numbers" => (0..rng.usize(0..4)).map(|_| json!(rng.i32(..))).collect(),
        "large_numbers" => (0..rng.usize(0..4)).map(|_| json!(rng.i64(..).to_string())).collect(),
        "reals" => (0..rng.usize(0..4)).map(|_| real(rng)).collect(),
        "switches" => (0..rng.usize(0..4)).map(|_| json!(rng.bool())).collect(),
        "colors" => (0..rng.usize(0..4)).map(|_| color(rng)).collect(),
        "raws" => (0..rng.usize(0..4)).map(|_| json!(base64(rng))).collect(),
        "moments" => (0..rng.usize(0..3)).map(|_| json!(moment(rng))).collect(),
        // Neither a key nor a value that is the default: see the book on maps.
        "labels" => map(rng, |rng| json!(format!("v{}", text(rng)))),
        "counts" => map(rng, |rng| json!(rng.i32(1..))),
        "color_of" => map(rng, |_| json!("COLOR_BLUE")),
        "by_number" => {
            let keys = (0..rng.usize(0..3)).map(|_| rng.i32(1..).to_string());
            let keys: Vec<String> = keys.collect();
            keys.into_iter().map(|key| (key, json!("v"))).collect::<Map<_, _>>().into()
        }
        "at" => json!(moment(rng)),
        "span" => json!(span(rng)),
        "structure" => {
            let keys: Vec<String> =
                (0..rng.usize(0..4)).map(|_| format!("k{}", text(rng))).collect();
            keys.into_iter().map(|key| (key, free(rng, 2))).collect::<Map<_, _>>().into()
        }
        "anything" => free(rng, 3),
        "list" => (0..rng.usize(0..4)).map(|_| free(rng, 1)).collect(),
        "child" if depth > 0 => message(rng, depth - 1),
        "children" if depth > 0 => (0..rng.usize(0..3)).map(|_| message(rng, depth - 1)).collect(),
        "by_name" if depth > 0 => map(rng, |_| json!({"text": "a"})),
        "none" => free(rng, 1),
        "children" => json!([]),
        _ => json!({}),
    };
    // Now and then one that is wrong for sure.
    if rng.u8(0..60) == 0 {
        let wrong = match name {
            "small" | "large" | "counts" | "small_unsigned" | "numbers" => json!("one"),
            // A name of an enum that nobody knows is in the table.
            "at" | "span" | "raw" | "is_on" => json!("%"),
            _ => value,
        };
        return (name, wrong);
    }
    (name, value)
}

/// Names and values of a query that suits the same message; never `text`, which most paths tell.
fn query(rng: &mut Rng) -> String {
    let mut names = vec![
        "is_on",
        "small",
        "large",
        "precise",
        "raw",
        "color",
        "maybe_text",
        "texts",
        "numbers",
        "colors",
        "child.text",
        "child.child.small",
        "at",
        "span",
        "text_value",
        "int64_value",
        "switches",
        "moments",
        "none",
    ];
    let mut query = String::new();
    for _ in 0..rng.usize(0..6) {
        let index = rng.usize(..names.len());
        let name = names[index];
        let is_list = matches!(name, "texts" | "numbers" | "colors" | "switches" | "moments");
        if !is_list {
            // Once is enough: what twice means is in the table.
            names.swap_remove(index);
        }
        let value = match name {
            "is_on" | "switches" => rng.bool().to_string(),
            "small" | "numbers" | "child.child.small" => number_text(rng),
            "large" | "int64_value" => rng.i64(..).to_string(),
            "precise" => real_text(rng),
            "raw" => base64(rng),
            "color" | "colors" => choose(rng, &["COLOR_RED", "COLOR_GREEN", "-3", "1"]).to_owned(),
            "at" | "moments" => moment(rng),
            "span" => span(rng),
            _ => format!("t{}", text(rng)),
        };
        let name = if rng.bool() { camel(name) } else { name.to_owned() };
        let value = escaped(&value, rng);
        let between = if query.is_empty() { "" } else { "&" };
        query.push_str(&format!("{between}{name}={value}"));
    }
    query
}

/// What may stand between two slashes; never nothing, and never what could be a verb.
fn segment(rng: &mut Rng) -> String {
    let text = format!("s{}", text(rng).replace(':', "_"));
    escaped(&text, rng)
}

/// Escapes all that must be, and some of what need not.
fn escaped(text: &str, rng: &mut Rng) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if is_plain && rng.u8(0..12) != 0 {
            escaped.push(char::from(byte));
        } else if rng.bool() {
            escaped.push_str(&format!("%{byte:02X}"));
        } else {
            escaped.push_str(&format!("%{byte:02x}"));
        }
    }
    escaped
}

fn text(rng: &mut Rng) -> String {
    const LETTERS: &[char] = &[
        'a', 'b', 'Z', '0', '9', ' ', '+', '/', '%', '&', '=', '?', '#', '"', '\\', '\n', '\t',
        'é', '€', '😀', '\u{7f}', '<', '.', ',', ';', '\'',
    ];
    (0..rng.usize(0..8)).map(|_| *rng.choice(LETTERS).unwrap()).collect()
}

fn int(rng: &mut Rng, value: i64) -> Value {
    if rng.u8(0..4) == 0 { json!(value.to_string()) } else { json!(value) }
}

fn number_text(rng: &mut Rng) -> String {
    match rng.u8(0..12) {
        0 => "x".to_owned(),
        1 => i64::from(i32::MAX).saturating_add(rng.i64(1..1000)).to_string(),
        2 => i32::MIN.to_string(),
        _ => rng.i32(..).to_string(),
    }
}

fn real(rng: &mut Rng) -> Value {
    match rng.u8(0..8) {
        0 => json!("NaN"),
        1 => json!("-Infinity"),
        2 => json!(rng.i32(..)),
        3 => json!(rng.f64()),
        4 => json!(rng.f64() * 1e300),
        5 => json!(rng.f64() * 1e-300),
        _ => json!(f64::from(rng.i16(..)) / 16.0),
    }
}

fn real_text(rng: &mut Rng) -> String {
    match real(rng) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn base64(rng: &mut Rng) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // Whole groups: how a rest is padded is in the table.
    (0..4 * rng.usize(0..4)).map(|_| char::from(*rng.choice(LETTERS).unwrap())).collect()
}

fn color(rng: &mut Rng) -> Value {
    match rng.u8(0..5) {
        0 => json!("COLOR_UNSPECIFIED"),
        1 => json!("COLOR_RED"),
        2 => json!(2),
        3 => json!(-3),
        _ => json!("COLOR_BLUE"),
    }
}

fn moment(rng: &mut Rng) -> String {
    let fraction = match rng.u8(0..4) {
        0 => String::new(),
        1 => format!(".{:03}", rng.u16(0..1000)),
        2 => format!(".{:06}", rng.u32(0..1_000_000)),
        _ => format!(".{:09}", rng.u32(0..1_000_000_000)),
    };
    let zone = choose(rng, &["Z", "Z", "+00:00", "-07:30", "+14:00"]);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}{zone}",
        rng.u16(2..9998),
        rng.u8(1..13),
        rng.u8(1..29),
        rng.u8(0..24),
        rng.u8(0..60),
        rng.u8(0..60),
    )
}

fn span(rng: &mut Rng) -> String {
    let sign = if rng.bool() { "-" } else { "" };
    match rng.u8(0..3) {
        0 => format!("{sign}{}s", rng.u32(..)),
        1 => format!("{sign}{}.{:03}s", rng.u16(..), rng.u16(0..1000)),
        _ => format!("{sign}0.{:09}s", rng.u32(0..1_000_000_000)),
    }
}

fn map(rng: &mut Rng, mut value: impl FnMut(&mut Rng) -> Value) -> Value {
    let keys: Vec<String> = (0..rng.usize(0..4)).map(|_| format!("k{}", text(rng))).collect();
    keys.into_iter().map(|key| (key, value(rng))).collect::<Map<_, _>>().into()
}

/// Any JSON.
fn free(rng: &mut Rng, depth: usize) -> Value {
    match rng.u8(0..7) {
        0 => Value::Null,
        1 => json!(rng.bool()),
        2 => json!(f64::from(rng.i32(..)) / 4.0),
        3 | 4 => json!(text(rng)),
        5 if depth > 0 => (0..rng.usize(0..3)).map(|_| free(rng, depth - 1)).collect(),
        _ if depth > 0 => {
            let keys: Vec<String> =
                (0..rng.usize(0..3)).map(|_| format!("k{}", text(rng))).collect();
            keys.into_iter().map(|key| (key, free(rng, depth - 1))).collect::<Map<_, _>>().into()
        }
        _ => json!(0),
    }
}

fn choose<T: Copy>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())]
}

/// `int64_value` as JSON calls it.
fn camel(name: &str) -> String {
    let mut camel = String::new();
    let mut is_next = false;
    for letter in name.chars() {
        if letter == '_' {
            is_next = true;
        } else if std::mem::take(&mut is_next) {
            camel.extend(letter.to_uppercase());
        } else {
            camel.push(letter);
        }
    }
    camel
}

/// The other way; what was none stays as it is.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

//! Rules of texts and bytes.

use prost_reflect::bytes::Bytes;
use prost_reflect::{DynamicMessage, Value};

use super::super::node::{Node, Object};
use super::{Constraints, list_of, told};

/// The formats that JSON Schema has a word for.
const FORMATS: &[(&str, &str)] = &[
    ("email", "email"),
    ("hostname", "hostname"),
    ("ipv4", "ipv4"),
    ("ipv6", "ipv6"),
    ("uri", "uri"),
    ("uri_ref", "uri-reference"),
    ("uuid", "uuid"),
];

/// The other formats, in words or by a pattern.
const OTHERS: &[(&str, &str)] = &[
    ("address", "a host name or an IP address"),
    ("host_and_port", "a host name or an IP address, with a port"),
    ("ip_with_prefixlen", "an IP address with the length of its prefix"),
    ("ipv4_with_prefixlen", "an IPv4 address with the length of its prefix"),
    ("ipv6_with_prefixlen", "an IPv6 address with the length of its prefix"),
    ("ip_prefix", "the prefix of IP addresses"),
    ("ipv4_prefix", "the prefix of IPv4 addresses"),
    ("ipv6_prefix", "the prefix of IPv6 addresses"),
    ("protobuf_fqn", "the full name of a protobuf type"),
    ("protobuf_dot_fqn", "the full name of a protobuf type, with a dot in front"),
];

const PATTERNS: &[(&str, &str)] =
    &[("tuuid", "^[0-9a-fA-F]{32}$"), ("ulid", "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$")];

pub(super) fn add(constraints: &mut Constraints, rules: &DynamicMessage) {
    constraints.add_const(rules);
    constraints.add_lists(rules);
    for (rule, keywords) in [
        ("len", &["minLength", "maxLength"][..]),
        ("min_len", &["minLength"]),
        ("max_len", &["maxLength"]),
    ] {
        if let Some(length) = told(rules, rule).and_then(|value| value.as_u64()) {
            for keyword in keywords {
                constraints.schema.set(*keyword, length);
            }
        }
    }
    for (rule, words) in
        [("len_bytes", "exactly"), ("min_bytes", "at least"), ("max_bytes", "at most")]
    {
        if let Some(length) = told(rules, rule).and_then(|value| value.as_u64()) {
            constraints.notes.push(format!("{words} {length} bytes of UTF-8"));
        }
    }
    add_patterns(constraints, rules);
    for (rule, format) in FORMATS {
        if super::is_set(rules, rule) {
            constraints.schema.set("format", *format);
        }
    }
    if super::is_set(rules, "ip") {
        let of = |format: &str| Object::new().with("format", format);
        constraints.schema.set("anyOf", vec![of("ipv4"), of("ipv6")]);
    }
    for (rule, pattern) in PATTERNS {
        if super::is_set(rules, rule) {
            constraints.schema.set("pattern", *pattern);
        }
    }
    for (rule, words) in OTHERS {
        if super::is_set(rules, rule) {
            constraints.notes.push((*words).to_owned());
        }
    }
    match told(rules, "well_known_regex").and_then(|value| value.as_enum_number()) {
        Some(1) => constraints.notes.push("the name of an HTTP header".to_owned()),
        Some(2) => constraints.notes.push("the value of an HTTP header".to_owned()),
        _ => {}
    }
}

fn add_patterns(constraints: &mut Constraints, rules: &DynamicMessage) {
    let of = |name| told(rules, name).and_then(|value| value.as_str().map(str::to_owned));
    let mut patterns = Vec::new();
    match of("pattern") {
        Some(pattern) if is_everywhere(&pattern) => patterns.push(pattern),
        Some(pattern) => constraints.notes.push(format!("as `{pattern}`")),
        None => {}
    }
    patterns.extend(of("prefix").map(|text| format!("^{}", regex::escape(&text))));
    patterns.extend(of("suffix").map(|text| format!("{}$", regex::escape(&text))));
    patterns.extend(of("contains").map(|text| regex::escape(&text)));
    if let Some(text) = of("not_contains") {
        let pattern = Object::new().with("pattern", regex::escape(&text));
        constraints.schema.set("allOf", vec![Object::new().with("not", pattern)]);
    }
    match patterns.as_slice() {
        [] => {}
        [one] => constraints.schema.set("pattern", one.as_str()),
        many => {
            let pattern = |pattern: &String| Object::new().with("pattern", pattern.as_str());
            let mut all: Vec<Node> = many.iter().map(|one| pattern(one).into()).collect();
            if let Some(Node::List(others)) = constraints.schema.remove("allOf") {
                all.extend(others);
            }
            constraints.schema.set("allOf", all);
        }
    }
}

/// Whether JSON Schema's regular expressions, which are JavaScript's, mean the same by a pattern as
/// RE2: not with flags, named classes and what only RE2 escapes.
fn is_everywhere(pattern: &str) -> bool {
    !["(?", "[:", r"\A", r"\z", r"\Q", r"\C", r"\p", r"\P", r"\x{", r"\a"]
        .iter()
        .any(|mark| pattern.contains(mark))
}

/// Bytes, whose JSON is base64: in words.
pub(super) fn add_bytes(constraints: &mut Constraints, rules: &DynamicMessage) {
    for (rule, words) in [("len", "exactly"), ("min_len", "at least"), ("max_len", "at most")] {
        if let Some(length) = told(rules, rule).and_then(|value| value.as_u64()) {
            constraints.notes.push(format!("{words} {length} bytes"));
        }
    }
    if let Some(pattern) = told(rules, "pattern").as_ref().and_then(Value::as_str) {
        constraints.notes.push(format!("bytes as `{pattern}`"));
    }
    for (rule, words) in [
        ("ip", "an IP address of 4 or 16 bytes"),
        ("ipv4", "an IPv4 address of 4 bytes"),
        ("ipv6", "an IPv6 address of 16 bytes"),
        ("uuid", "a UUID of 16 bytes"),
    ] {
        if super::is_set(rules, rule) {
            constraints.notes.push(words.to_owned());
        }
    }
}

pub(super) fn add_any(constraints: &mut Constraints, rules: &DynamicMessage) {
    for (rule, words) in [("in", "a message of the type"), ("not_in", "no message of the type")] {
        let types = list_of(rules, rule);
        let types: Vec<_> = types.iter().filter_map(Value::as_str).collect();
        if !types.is_empty() {
            constraints.notes.push(format!("{words} {}", types.join(", ")));
        }
    }
}

/// Whether these rules refuse what is empty.
pub(super) fn refuse_empty(rules: &DynamicMessage) -> bool {
    let is_empty = |value: &Value| {
        value.as_str().is_some_and(str::is_empty) || value.as_bytes().is_some_and(Bytes::is_empty)
    };
    let lengths = ["len", "min_len", "len_bytes", "min_bytes"];
    let of = |name| told(rules, name);
    let one_of = list_of(rules, "in");
    let formats = ["ip", "tuuid", "ulid", "address", "host_and_port"].into_iter();
    let formats = formats.chain(FORMATS.iter().chain(OTHERS).map(|(rule, _)| *rule));
    lengths.iter().any(|name| of(name).is_some_and(|length| length.as_u64() > Some(0)))
        || ["const", "prefix", "suffix", "contains"]
            .iter()
            .any(|name| of(name).is_some_and(|value| !is_empty(&value)))
        || (!one_of.is_empty() && !one_of.iter().any(is_empty))
        || list_of(rules, "not_in").iter().any(is_empty)
        // A reference may be empty.
        || formats.filter(|rule| *rule != "uri_ref").any(|rule| super::is_set(rules, rule))
        || of("well_known_regex").and_then(|value| value.as_enum_number()) == Some(1)
        || of("pattern").as_ref().and_then(Value::as_str).is_some_and(|pattern| {
            regex::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(""))
        })
}

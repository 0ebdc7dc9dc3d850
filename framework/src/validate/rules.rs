//! What generated rules stand on. Not for use by hand: it changes with the generator.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use regex::bytes::Regex;

use super::format::{self, Version};
pub use super::violations::Key;

/// Up to so many items are compared each with each, which needs no memory.
const FEW: usize = 16;

/// A pattern, compiled when it is first used.
#[derive(Debug)]
pub struct Pattern {
    text: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// The pattern of a text that the generator has compiled once already.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text, compiled: OnceLock::new() }
    }

    /// Whether it is anywhere in `text`.
    pub fn is_match(&self, text: impl AsRef<[u8]>) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(self.text).ok());
        compiled.as_ref().is_some_and(|pattern| pattern.is_match(text.as_ref()))
    }
}

/// The characters of a text, each code point one.
#[must_use]
pub fn chars(text: &str) -> u64 {
    text.chars().count() as u64
}

/// Whether `part` is in `bytes`.
#[must_use]
pub fn contains(bytes: &[u8], part: &[u8]) -> bool {
    part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
}

/// The nanoseconds of a duration or, from the beginning of 1970, of a timestamp.
#[must_use]
pub fn nanos(seconds: i64, nanos: i32) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(nanos)
}

/// The nanoseconds from the beginning of 1970 until now.
#[must_use]
pub fn now() -> i128 {
    let since =
        |passed: std::time::Duration| i128::try_from(passed.as_nanos()).unwrap_or(i128::MAX);
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(passed) => since(passed),
        Err(before) => -since(before.duration()),
    }
}

/// Whether no two items are the same. Of more than a few it needs memory.
pub fn unique<T: Eq + Hash>(items: impl Iterator<Item = T> + Clone) -> bool {
    let mut few = items.clone();
    if few.by_ref().nth(FEW).is_none() {
        let is_new =
            |(place, item): (usize, T)| !items.clone().take(place).any(|other| other == item);
        return items.clone().enumerate().all(is_new);
    }
    let mut seen = HashSet::with_capacity(items.size_hint().1.unwrap_or(0));
    items.into_iter().all(|item| seen.insert(item))
}

/// Whether a path of a field mask is one of `paths`, or below one.
#[must_use]
pub fn is_path_in(path: &str, paths: &[&str]) -> bool {
    paths.iter().any(|known| {
        path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

macro_rules! formats {
    ($($name:ident($text:ident) = $is:expr;)*) => {
        $(
            /// Whether a text is of the format of the rule of this name.
            #[must_use]
            pub fn $name($text: &str) -> bool {
                $is
            }
        )*
    };
}

formats! {
    is_email(text) = format::is_email(text);
    is_hostname(text) = format::is_hostname(text);
    is_ip(text) = format::is_ip(text, Version::Any);
    is_ipv4(text) = format::is_ip(text, Version::V4);
    is_ipv6(text) = format::is_ip(text, Version::V6);
    is_uri(text) = format::is_uri(text);
    is_uri_ref(text) = format::is_uri_reference(text);
    is_address(text) = format::is_hostname(text) || format::is_ip(text, Version::Any);
    is_uuid(text) = format::is_uuid(text);
    is_tuuid(text) = format::is_trimmed_uuid(text);
    is_ip_with_prefixlen(text) = format::is_ip_prefix(text, Version::Any, false);
    is_ipv4_with_prefixlen(text) = format::is_ip_prefix(text, Version::V4, false);
    is_ipv6_with_prefixlen(text) = format::is_ip_prefix(text, Version::V6, false);
    is_ip_prefix(text) = format::is_ip_prefix(text, Version::Any, true);
    is_ipv4_prefix(text) = format::is_ip_prefix(text, Version::V4, true);
    is_ipv6_prefix(text) = format::is_ip_prefix(text, Version::V6, true);
    is_host_and_port(text) = format::is_host_and_port(text, true);
    is_ulid(text) = format::is_ulid(text);
    is_protobuf_fqn(text) = format::is_protobuf_name(text);
    is_protobuf_dot_fqn(text) = text.strip_prefix('.').is_some_and(format::is_protobuf_name);
}

/// Whether a text can be the name of an HTTP header.
#[must_use]
pub fn is_header_name(text: &str, strict: bool) -> bool {
    format::is_header_name(text, strict)
}

/// Whether a text can be the value of an HTTP header.
#[must_use]
pub fn is_header_value(text: &str, strict: bool) -> bool {
    format::is_header_value(text, strict)
}

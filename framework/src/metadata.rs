//! What a caller tells along with a request, and what travels on with the calls it causes.
//!
//! The prefixes are those of Kratos (`middleware/metadata`): a key that starts with `x-md-` is read
//! on the server, and one that starts with `x-md-global-` is sent on with every call made while
//! serving. Edges must strip both from what strangers send.

use std::fmt;

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// What a key must start with for a server to read it.
pub const PREFIX: &str = "x-md-";

/// What a key must start with to travel the whole chain of calls.
pub const GLOBAL_PREFIX: &str = "x-md-global-";

/// Keys with one or more values each: lower-case names, printable ASCII values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata(HeaderMap);

impl Metadata {
    /// No entries. Allocates nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The entries of `headers` that are metadata. Allocates nothing if there are none.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut entries = HeaderMap::new();
        for (name, value) in headers {
            if name.as_str().starts_with(PREFIX) {
                entries.append(name, value.clone());
            }
        }
        Self(entries)
    }

    /// The first value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    /// Every value of a key, in the order they came.
    pub fn get_all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0.get_all(key).iter().filter_map(|value| value.to_str().ok())
    }

    /// Adds a value, keeping those that are there.
    ///
    /// A key that is no header name or a value that is not printable ASCII is left out: returns
    /// whether it was taken.
    pub fn append(&mut self, key: &str, value: &str) -> bool {
        let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(key.as_bytes()), HeaderValue::from_str(value))
        else {
            return false;
        };
        self.0.append(name, value);
        true
    }

    /// Every entry.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter_map(|(name, value)| value.to_str().ok().map(|value| (name.as_str(), value)))
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Copies the entries that travel on into the headers of an outgoing request, unless it has the
    /// key already.
    pub fn propagate(&self, headers: &mut HeaderMap) {
        for name in self.0.keys().filter(|name| name.as_str().starts_with(GLOBAL_PREFIX)) {
            if !headers.contains_key(name) {
                for value in self.0.get_all(name) {
                    headers.append(name, value.clone());
                }
            }
        }
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-md-global-tenant", "a"),
            ("x-md-global-tenant", "b"),
            ("x-md-local-hint", "c"),
            ("authorization", "secret"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_server_reads_what_has_the_prefix_and_nothing_else() {
        let metadata = Metadata::from_headers(&headers());
        assert_eq!(metadata.get_all("x-md-global-tenant").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(metadata.get("X-Md-Local-Hint"), Some("c"));
        assert_eq!(metadata.get("authorization"), None);
    }

    #[test]
    fn only_global_keys_travel_on_and_never_over_what_the_caller_set() {
        let metadata = Metadata::from_headers(&headers());
        let mut out = HeaderMap::new();
        metadata.propagate(&mut out);
        assert_eq!(out.get_all("x-md-global-tenant").iter().count(), 2);
        assert_eq!(out.len(), 2);

        let mut out = HeaderMap::new();
        out.insert("x-md-global-tenant", HeaderValue::from_static("mine"));
        metadata.propagate(&mut out);
        assert_eq!(out.get_all("x-md-global-tenant").iter().collect::<Vec<_>>(), ["mine"]);
    }

    #[test]
    fn what_is_no_header_is_left_out() {
        let mut metadata = Metadata::new();
        assert!(!metadata.append("x md", "v"));
        assert!(!metadata.append("x-md-a", "line\nbreak"));
        assert!(metadata.is_empty());
    }
}

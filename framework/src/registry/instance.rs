use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What an instance's metadata holds if it is in a lane: `app.metadata.lane` of the settings.
pub const LANE: &str = "lane";

/// One running copy of a service, as the registry holds it.
///
/// The fields are those of Kratos' `ServiceInstance`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Instance {
    /// Tells this copy from all others, also from an earlier run of its own.
    pub id: String,
    /// The service's name.
    pub name: String,
    /// The version of the program.
    #[serde(default)]
    pub version: String,
    /// What the instance says of itself: `weight`, `zone`, …
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Where it can be reached, in the order it prefers.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
}

impl Instance {
    /// An instance without endpoints or metadata.
    #[must_use]
    pub fn new(id: impl Into<String>, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            version: version.into(),
            metadata: BTreeMap::new(),
            endpoints: Vec::new(),
        }
    }

    /// Adds a place where the instance can be reached.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// Adds an entry to the metadata, replacing one of the same key.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Whether a registry can hold it: it has a name and an id.
    ///
    /// # Errors
    ///
    /// `INSTANCE_INVALID` if one of the two is empty.
    pub fn check(&self) -> Result<()> {
        let missing = match (self.name.is_empty(), self.id.is_empty()) {
            (true, _) => "name",
            (_, true) => "id",
            _ => return Ok(()),
        };
        Err(Error::bad_request(
            "INSTANCE_INVALID",
            format!("cannot register an instance without {missing}: give it one"),
        ))
    }

    /// The lane that it is in, if it is in one: `lane` of its metadata. An empty name is none.
    #[must_use]
    pub fn lane(&self) -> Option<&str> {
        self.metadata.get(LANE).map(String::as_str).filter(|lane| !lane.is_empty())
    }

    /// The first endpoint of a scheme, `grpc`.
    #[must_use]
    pub fn endpoint(&self, scheme: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.scheme() == scheme)
    }
}

/// A place to reach an instance by one protocol, written `grpc://10.1.2.3:9000`.
///
/// IPv6 hosts stand in brackets. What follows the port (`?isSecure=false` of Kratos before 2.5) is
/// read over.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    scheme: String,
    host: String,
    port: u16,
}

impl Endpoint {
    /// An endpoint of a scheme, a host (IPv6 without brackets) and a port.
    #[must_use]
    pub fn new(scheme: impl Into<String>, host: impl Into<String>, port: u16) -> Self {
        Self { scheme: scheme.into(), host: host.into(), port }
    }

    /// The protocol: `grpc`, `grpcs`, `http`, `https`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The host: a name or an address, IPv6 without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host:port` as a socket or an `:authority` wants it, IPv6 in brackets.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            Error::bad_request(
                "ENDPOINT_INVALID",
                format!("endpoint {text:?} is not of the form scheme://host:port"),
            )
        })
    }
}

fn parse(text: &str) -> Option<Endpoint> {
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = authority.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(host) => host.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    if scheme.is_empty() || host.is_empty() {
        return None;
    }
    Some(Endpoint::new(scheme, host, port.parse().ok()?))
}

impl serde::Serialize for Endpoint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Endpoint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|error: Error| serde::de::Error::custom(error.message()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_as_kratos_writes_them() {
        let table = [
            ("grpc://10.1.2.3:9000", Some(("grpc", "10.1.2.3", 9000))),
            ("http://[2001:db8::1]:80", Some(("http", "2001:db8::1", 80))),
            ("grpc://h:1?isSecure=false", Some(("grpc", "h", 1))),
            ("grpc://h:1/", Some(("grpc", "h", 1))),
            ("grpc://2001:db8::1:80", None),
            ("grpc://h", None),
            ("grpc://h:65536", None),
            ("h:1", None),
            ("grpc://:1", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|(scheme, host, port)| Endpoint::new(scheme, host, port));
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }

    #[test]
    fn an_endpoint_is_written_as_it_is_read() {
        for text in ["grpc://10.1.2.3:9000", "https://[::1]:443"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
    }
}

//! What a user writes for a service that runs.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use bia::registry::Endpoint;

use crate::error::Error;

/// A service that runs: `user-service`, `127.0.0.1:8000`, `grpc://host:8000`, `grpcs://host:443`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A name, to be looked up in a registry.
    Service(String),
    /// An address, of the scheme `grpc`, or `grpcs` for TLS.
    Address(Endpoint),
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim().trim_end_matches('/');
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        if scheme.is_empty() && rest.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
            return Err(Error::usage(format!("{rest} is an address without a port"))
                .with_hint(format!("write {rest}:8000, with the port that takes calls")));
        }
        let place = match scheme {
            "" if rest.contains(':') => address("grpc", rest),
            "" => service(rest),
            "discovery" => service(rest.rsplit('/').next().unwrap_or_default()),
            "grpc" | "grpcs" => address(scheme, rest),
            "http" | "https" => {
                let tls = scheme.trim_start_matches("http");
                return Err(Error::usage(format!("{text} is not called in gRPC"))
                    .with_hint(format!("write grpc{tls}://{rest}, or use curl")));
            }
            _ => None,
        };
        place.ok_or_else(|| {
            Error::usage(format!("`{text}` is neither the name of a service nor an address"))
                .with_hint(
                    "write user-service, 127.0.0.1:8000, grpc://host:8000 or grpcs://host:443",
                )
        })
    }
}

/// A name as registries have them.
fn service(name: &str) -> Option<Place> {
    let is_name = |c: char| !c.is_whitespace() && !c.is_control() && !"/@?#".contains(c);
    (!name.is_empty() && name.chars().all(is_name)).then(|| Place::Service(name.to_owned()))
}

/// `host:port`; no host is this machine.
fn address(scheme: &str, authority: &str) -> Option<Place> {
    let authority = match authority.strip_prefix(':') {
        Some(port) => format!("127.0.0.1:{port}"),
        None => authority.to_owned(),
    };
    if authority.contains(['/', '?', '#', '@']) || authority.contains(char::is_whitespace) {
        return None;
    }
    format!("{scheme}://{authority}").parse().ok().map(Place::Address)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => f.write_str(name),
            Self::Address(endpoint) if endpoint.scheme() == "grpc" => {
                f.write_str(&endpoint.authority())
            }
            Self::Address(endpoint) => write!(f, "{endpoint}"),
        }
    }
}

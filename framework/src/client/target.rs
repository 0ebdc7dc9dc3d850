use std::fmt;
use std::str::FromStr;

use http::uri::Authority;

use crate::error::{Error, Result};
use crate::registry::Endpoint;

/// What a channel calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The instances of a service, as the registry knows them.
    Service(String),
    /// These addresses.
    Direct(Vec<Endpoint>),
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once("://") {
            // What stands before the name is the registry's address in Kratos, where it is unused.
            Some(("discovery", rest)) => {
                service(rest.split_once('/').map_or(rest, |(_, name)| name), text)
            }
            Some(("direct", rest)) => direct(rest.trim_start_matches('/'), text),
            Some(_) => Err(invalid(text)),
            None if text.contains(':') => direct(text, text),
            None => service(text, text),
        }
    }
}

fn service(name: &str, text: &str) -> Result<Target> {
    // The name goes out as the `:authority` of every call.
    if name.contains([':', '@', '/']) || Authority::try_from(name).is_err() {
        return Err(invalid(text));
    }
    Ok(Target::Service(name.to_owned()))
}

fn direct(addresses: &str, text: &str) -> Result<Target> {
    let mut endpoints = Vec::new();
    for address in addresses.split(',') {
        let endpoint: Endpoint =
            format!("grpc://{}", address.trim()).parse().map_err(|_unread| invalid(text))?;
        if Authority::try_from(endpoint.authority()).is_err() || address.contains(['/', '?', '#']) {
            return Err(invalid(text));
        }
        if !endpoints.contains(&endpoint) {
            endpoints.push(endpoint);
        }
    }
    Ok(Target::Direct(endpoints))
}

fn invalid(text: &str) -> Error {
    Error::bad_request(
        "TARGET_INVALID",
        format!(
            "cannot call {text:?}: write the name of a service (user-service or \
             discovery:///user-service) or addresses (host:port or direct:///host:port,host:port)"
        ),
    )
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => f.write_str(name),
            Self::Direct(endpoints) => {
                for (place, endpoint) in endpoints.iter().enumerate() {
                    let comma = if place == 0 { "" } else { "," };
                    write!(f, "{comma}{}", endpoint.authority())?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_people_write_them() {
        let table = [
            ("user-service", Some("user-service")),
            ("discovery:///user-service", Some("user-service")),
            ("discovery://default/user-service", Some("user-service")),
            ("127.0.0.1:9000", Some("127.0.0.1:9000")),
            ("[::1]:9000", Some("[::1]:9000")),
            ("direct:///a:1,b:2", Some("a:1,b:2")),
            ("direct:///a:1, b:2,a:1", Some("a:1,b:2")),
            ("direct://a:1", Some("a:1")),
            ("", None),
            ("discovery:///", None),
            ("discovery:///a/b", None),
            ("direct:///", None),
            ("direct:///a", None),
            ("direct:///a:1/x", None),
            ("http://a:1", None),
            ("a:b", None),
            ("user service", None),
        ];
        for (text, expected) in table {
            let target = text.parse::<Target>().ok().map(|target| target.to_string());
            assert_eq!(target.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_called_is_told_what_can() {
        let error = "http://a:1".parse::<Target>().unwrap_err();
        assert_eq!(error.reason(), "TARGET_INVALID");
        assert!(error.message().contains("direct:///host:port"), "{error}");
    }
}

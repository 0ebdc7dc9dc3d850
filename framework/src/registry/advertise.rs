//! Under which address an instance is announced, and whether that is known or guessed.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::error::{BoxError, Error, Result};

/// How the address that others call is found: the setting `server.advertise`.
///
/// | written | advertised |
/// |---|---|
/// | nothing, `auto` | the bound address if it is one; else the one that the routing table leads out by, **as a guess** |
/// | `10.1.2.3`, `users.internal`, `2001:db8::1` | that host with the bound port |
/// | `10.1.2.3:443`, `[2001:db8::1]:443` | that host and port: behind a port mapping |
/// | `interface:eth0` | the first address of that interface, IPv4 before IPv6 |
/// | `variable:POD_IP` | what that variable holds, read as a host or `host:port` |
/// | `route`, `route:10.0.0.1` | the address from which the routing table reaches the internet, or that address |
///
/// `auto` looks at nothing outside the machine and sends no packet. On a machine with several
/// networks or behind address translation it can be wrong: say which one then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advertise {
    /// The bound address, or a guess.
    #[default]
    Auto,
    /// This host, and this port instead of the bound one.
    Host(String, Option<u16>),
    /// An address of the interface of this name.
    Interface(String),
    /// What the variable of this name holds.
    Variable(String),
    /// The address from which the routing table reaches this one.
    Route(IpAddr),
}

/// An address to announce.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advertised {
    /// A name or an address, IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// If nobody said so: how it was guessed and what to set if it is wrong, to be logged as a warning.
    pub guess: Option<String>,
}

/// Addresses of the documentation: a route to them is the route to anywhere.
const ANYWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

impl Advertise {
    /// Finds the address to announce for a server bound to `bound`.
    ///
    /// `variable` gives the value of an environment variable; only `variable:…` asks.
    ///
    /// # Errors
    ///
    /// `ADVERTISE_INVALID` if there is no such interface, variable or route, with what there is.
    pub fn resolve(
        &self,
        bound: SocketAddr,
        variable: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Advertised> {
        let port = bound.port();
        match self {
            Self::Auto => auto(bound),
            Self::Host(host, own) => Ok(known(host.clone(), own.unwrap_or(port))),
            Self::Interface(name) => Ok(known(of_interface(name)?.to_string(), port)),
            Self::Route(target) => match routed(*target) {
                Ok(address) => Ok(known(address.to_string(), port)),
                Err(source) => Err(invalid(format!(
                    "no route to {target}: name an address that can be reached"
                ))
                .with_source(source)),
            },
            Self::Variable(name) => {
                let value = variable(name).filter(|value| !value.trim().is_empty());
                let value = value.ok_or_else(|| {
                    invalid(format!(
                        "variable {name} is not set: set it, or set server.advertise to an address"
                    ))
                })?;
                match host_and_port(&value) {
                    Some((host, own)) => Ok(known(host, own.unwrap_or(port))),
                    None => Err(invalid(format!(
                        "variable {name} holds {value:?}, which is no host or host:port"
                    ))),
                }
            }
        }
    }
}

fn known(host: String, port: u16) -> Advertised {
    Advertised { host, port, guess: None }
}

fn auto(bound: SocketAddr) -> Result<Advertised> {
    if !bound.ip().is_unspecified() {
        return Ok(known(bound.ip().to_string(), bound.port()));
    }
    // A socket bound to `::` takes IPv4 too, and more peers can reach that.
    let routed = ANYWHERE.into_iter().filter(|target| bound.is_ipv6() || target.is_ipv4());
    let routed = routed.filter_map(|target| routed_by(target).ok()).next();
    let all = interfaces()?;
    let (address, how) = match (routed, all.iter().find(|(_, address)| !address.is_loopback())) {
        (Some(address), _) => (address, "the routing table".to_owned()),
        (None, Some((name, address))) => {
            (*address, format!("interface {name}, there being no route"))
        }
        (None, None) => (IpAddr::V4(Ipv4Addr::LOCALHOST), "there being only loopback".to_owned()),
    };
    let others: Vec<_> = all
        .iter()
        .filter(|(_, other)| *other != address && !other.is_loopback() && !is_link_local(*other))
        .map(|(name, other)| format!("{other} on {name}"))
        .collect();
    let others = match others.is_empty() {
        true => String::new(),
        false => format!(" (there is also {})", others.join(", ")),
    };
    let guess = format!(
        "advertised address {address} is a guess from {how}{others}: set server.advertise if others cannot reach it"
    );
    Ok(Advertised { host: address.to_string(), port: bound.port(), guess: Some(guess) })
}

/// The routed address if it is one that others can call.
fn routed_by(target: IpAddr) -> Result<IpAddr, BoxError> {
    let address = routed(target)?;
    if address.is_unspecified() || is_link_local(address) {
        return Err(format!("route to {target} leads through {address}").into());
    }
    Ok(address)
}

/// Connecting a datagram socket sends nothing; it only makes the kernel choose an address.
fn routed(target: IpAddr) -> Result<IpAddr, BoxError> {
    let any: IpAddr = match target {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((target, 9))?;
    Ok(socket.local_addr()?.ip())
}

fn of_interface(name: &str) -> Result<IpAddr> {
    let all = interfaces()?;
    let own = all.iter().filter(|(own, _)| own == name).map(|(_, address)| *address);
    own.min_by_key(|address| (is_link_local(*address), address.is_ipv6())).ok_or_else(|| {
        let mut names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        invalid(format!("interface {name} has no address: there are {}", names.join(", ")))
    })
}

fn interfaces() -> Result<Vec<(String, IpAddr)>> {
    let all = if_addrs::get_if_addrs().map_err(|error| {
        invalid("cannot list the interfaces: set it to an address").with_source(error)
    })?;
    Ok(all.into_iter().map(|it| (it.name.clone(), it.ip())).collect())
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn invalid(what: impl fmt::Display) -> Error {
    Error::bad_request("ADVERTISE_INVALID", format!("cannot tell the address to advertise: {what}"))
}

fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((address.to_string(), None));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some((address.ip().to_string(), Some(address.port())));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (text, None),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (!host.is_empty() && host.chars().all(is_name)).then(|| (host.to_owned(), port))
}

impl FromStr for Advertise {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let form = match text.split_once(':') {
            _ if text.is_empty() || text == "auto" => Some(Self::Auto),
            _ if text == "route" => Some(Self::Route(ANYWHERE[0])),
            Some(("interface", name)) if !name.is_empty() => Some(Self::Interface(name.to_owned())),
            Some(("variable", name)) if !name.is_empty() => Some(Self::Variable(name.to_owned())),
            Some(("route", target)) => target.parse().ok().map(Self::Route),
            Some(("interface" | "variable", _)) => None,
            _ => host_and_port(text).map(|(host, port)| Self::Host(host, port)),
        };
        form.ok_or_else(|| {
            Error::bad_request(
                "ADVERTISE_INVALID",
                format!(
                    "{text:?} is no address to advertise: write a host, host:port, interface:NAME, variable:NAME, route or auto"
                ),
            )
        })
    }
}

impl fmt::Display for Advertise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Host(host, None) => f.write_str(host),
            Self::Host(host, Some(port)) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Host(host, Some(port)) => write!(f, "{host}:{port}"),
            Self::Interface(name) => write!(f, "interface:{name}"),
            Self::Variable(name) => write!(f, "variable:{name}"),
            Self::Route(target) if *target == ANYWHERE[0] => f.write_str("route"),
            Self::Route(target) => write!(f, "route:{target}"),
        }
    }
}

impl serde::Serialize for Advertise {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Advertise {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error: Error| serde::de::Error::custom(error.message()))
    }
}

impl JsonSchema for Advertise {
    fn schema_name() -> Cow<'static, str> {
        "Advertise".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::Advertise").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "examples": ["auto", "10.1.2.3", "interface:eth0", "variable:POD_IP", "route"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(setting: &str, bound: &str) -> Result<Advertised> {
        setting.parse::<Advertise>()?.resolve(bound.parse().unwrap(), |name| {
            (name == "POD_IP").then(|| "10.9.8.7".to_owned())
        })
    }

    #[test]
    fn a_setting_says_the_address() {
        let table = [
            ("10.1.2.3", "0.0.0.0:8000", "10.1.2.3", 8000),
            ("10.1.2.3:443", "0.0.0.0:8000", "10.1.2.3", 443),
            ("2001:db8::1", "[::]:8000", "2001:db8::1", 8000),
            ("[2001:db8::1]:443", "[::]:8000", "2001:db8::1", 443),
            ("users.internal", "0.0.0.0:8000", "users.internal", 8000),
            ("users.internal:443", "0.0.0.0:8000", "users.internal", 443),
            ("variable:POD_IP", "0.0.0.0:8000", "10.9.8.7", 8000),
            ("interface:lo", "0.0.0.0:8000", "127.0.0.1", 8000),
            ("route:127.0.0.1", "0.0.0.0:8000", "127.0.0.1", 8000),
        ];
        for (setting, bound, host, port) in table {
            let expected = known(host.to_owned(), port);
            assert_eq!(resolve(setting, bound).unwrap(), expected, "{setting}");
            let again = setting.parse::<Advertise>().unwrap().to_string();
            assert_eq!(again, setting, "written as it is read");
        }
    }

    #[test]
    fn a_server_bound_to_an_address_advertises_it() {
        for bound in ["127.0.0.1:8000", "[::1]:8000", "10.1.2.3:8000"] {
            let bound: SocketAddr = bound.parse().unwrap();
            let expected = known(bound.ip().to_string(), 8000);
            assert_eq!(resolve("auto", &bound.to_string()).unwrap(), expected);
            assert_eq!(resolve("", &bound.to_string()).unwrap(), expected);
        }
    }

    #[test]
    fn a_guess_is_called_one() {
        for bound in ["0.0.0.0:8000", "[::]:8000"] {
            let advertised = resolve("auto", bound).unwrap();
            let host: IpAddr = advertised.host.parse().unwrap();
            assert!(!host.is_unspecified(), "{advertised:?}");
            assert!(host.is_ipv4() || bound.starts_with('['), "{advertised:?}");
            let guess = advertised.guess.unwrap();
            assert!(guess.contains(&advertised.host), "{guess}");
            assert!(guess.ends_with("set server.advertise if others cannot reach it"), "{guess}");
        }
    }

    #[test]
    fn what_cannot_be_found_is_named_with_a_remedy() {
        let table = [
            ("interface:nope0", "interface nope0 has no address: there are "),
            ("variable:NOPE", "variable NOPE is not set: set it"),
            ("interface:", "write a host, host:port, interface:NAME"),
            ("route:nowhere", "write a host, host:port, interface:NAME"),
            ("host:port", "write a host, host:port, interface:NAME"),
            ("http://h:1", "write a host, host:port, interface:NAME"),
        ];
        for (setting, expected) in table {
            let error = resolve(setting, "0.0.0.0:1").unwrap_err();
            assert_eq!(error.reason(), "ADVERTISE_INVALID");
            assert!(error.message().contains(expected), "{setting}: {}", error.message());
        }
    }
}

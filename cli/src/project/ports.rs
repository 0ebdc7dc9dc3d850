//! Whether two services listen on one port.

use bia::Settings;

/// An address that a service listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listening {
    /// The setting that says so.
    pub(crate) setting: &'static str,
    pub(crate) address: String,
}

impl Listening {
    /// Where a service with these settings listens.
    pub(crate) fn of(settings: &Settings) -> Vec<Self> {
        [("server.address", &settings.server.address), ("admin.address", &settings.admin.address)]
            .into_iter()
            .filter(|(_, address)| !address.is_empty())
            .map(|(setting, address)| Self { setting, address: address.clone() })
            .collect()
    }

    /// Its port; none if any free one will do.
    pub(crate) fn port(&self) -> Option<u16> {
        let (_, port) = self.address.rsplit_once(':')?;
        port.parse().ok().filter(|port| *port != 0)
    }

    /// Whether only one of the two is to be had on one machine.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let is_any = |it: &Self| ["", "0.0.0.0", "[::]"].contains(&it.host());
        self.port().is_some()
            && self.port() == other.port()
            && (is_any(self) || is_any(other) || self.host() == other.host())
    }

    fn host(&self) -> &str {
        match self.address.rsplit_once(':') {
            Some(("localhost", _)) => "127.0.0.1",
            Some((host, _)) => host,
            None => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_meet_where_one_port_of_one_machine_is_meant() {
        let at = |address: &str| Listening { setting: "server.address", address: address.into() };
        for (one, other, meet) in [
            ("0.0.0.0:8001", "127.0.0.1:8001", true),
            ("127.0.0.1:8001", ":8001", true),
            ("localhost:8001", "127.0.0.1:8001", true),
            ("127.0.0.1:8001", "127.0.0.2:8001", false),
            ("0.0.0.0:8000", "127.0.0.1:8001", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
        ] {
            assert_eq!(at(one).meets(&at(other)), meet, "{one} {other}");
            assert_eq!(at(other).meets(&at(one)), meet, "{other} {one}");
        }
    }
}

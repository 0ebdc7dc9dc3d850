use std::fmt::Display;

use crate::balance::is_lane;
use crate::config::{Invalid, Variables, duration};
use crate::registry::{Advertise, LANE};
use crate::rules;
use crate::telemetry;
use crate::transport::{self, ServerSettings};

use super::{RegistryKind, Settings};

impl Settings {
    /// Looks at what the types cannot say, and tells everything that is wrong.
    pub(in crate::app) fn check(&self, variables: &Variables) -> Result<(), Invalid> {
        let mut faults: Vec<Invalid> = Vec::new();
        faults.extend(telemetry::check(&self.telemetry).err());
        faults.extend(self.config.check().err());
        faults.extend(self.rollout.check().err());
        faults.extend(self.server.tls.check().err());
        rules::check(&self.operations, &mut faults);
        self.check_addresses(variables, &mut faults);
        self.check_numbers(&mut faults);
        if self.registry.kind == RegistryKind::Consul && cfg!(not(feature = "consul")) {
            let what = "this program was built without Consul: add the feature \"consul\" to bia in its Cargo.toml";
            faults.push(Invalid::new("registry.kind", what));
        }
        faults.extend(self.server.cors.check().err());
        if self.stop.timeout <= self.stop.drain_delay {
            let what = format!(
                "expected more than stop.drain_delay ({}), which is part of it, found {}",
                duration::format(self.stop.drain_delay),
                duration::format(self.stop.timeout)
            );
            faults.push(Invalid::new("stop.timeout", what));
        }
        for (key, name) in [("app.name", &self.app.name), ("app.id", &self.app.id)] {
            if name.as_ref().is_some_and(|name| name.trim().is_empty()) {
                faults.push(Invalid::new(key, "expected a name, found an empty text"));
            }
        }
        if let Some(lane) = self.app.metadata.get(LANE).filter(|lane| !is_lane(lane)) {
            let what = format!(
                "expected a word of printable ASCII, which a header can carry, found {lane:?}: no call could name it"
            );
            faults.push(Invalid::new("app.metadata.lane", what));
        }
        Invalid::of(faults).map_or(Ok(()), Err)
    }

    fn check_addresses(&self, variables: &Variables, faults: &mut Vec<Invalid>) {
        let (server, admin) = (self.server.address.as_str(), self.admin.address.as_str());
        let table = [
            ("server.address", server),
            ("admin.address", if admin.is_empty() { ":0" } else { admin }),
        ];
        for (key, address) in table {
            if !transport::has_port(address) {
                let what = format!("expected host:port, such as 127.0.0.1:8000, found {address:?}");
                faults.push(Invalid::new(key, what));
            }
        }
        // Nobody is told an address where there is no registry.
        if let Advertise::Variable(name) = &self.server.advertise
            && self.registry.kind != RegistryKind::None
            && variables.get(name).is_none_or(|value| value.trim().is_empty())
        {
            let what = format!("variable {name} is not set: set it, or write an address");
            faults.push(Invalid::new("server.advertise", what));
        }
    }

    /// Looks at the numbers with which nothing could be served, or nobody called.
    fn check_numbers(&self, faults: &mut Vec<Invalid>) {
        let ServerSettings { connection, headers, .. } = &self.server;
        let mut tls = Vec::new();
        let mut at_least = |section: &dyn Display, key: &str, found: usize| {
            if found == 0 {
                let key = format!("{section}.{key}");
                faults.push(Invalid::new(key, "expected at least 1, found 0"));
            }
        };
        at_least(&"server", "max_message_size", self.server.max_message_size);
        at_least(&"server", "connection.max", connection.max);
        at_least(&"server", "headers.max_count", headers.max_count);
        let clients = self.clients.iter().map(|(name, client)| (format!("clients.{name}"), client));
        let clients: Vec<_> = clients.chain([("client".to_owned(), &self.client)]).collect();
        for (section, client) in &clients {
            tls.extend(client.tls.check(section).err());
            at_least(section, "max_message_size", client.max_message_size);
            at_least(section, "max_connections_per_node", client.max_connections_per_node);
            let most = client.http.max_connections_per_node;
            at_least(section, "http.max_connections_per_node", most);
        }
        let mut window = |section: &dyn Display, key: &str, found: u32| {
            // What HTTP/2 takes as the size of a window (RFC 9113 §6.9.1), and what is of use.
            const MOST: u32 = (1 << 31) - 1;
            if !(1..=MOST).contains(&found) {
                let what = format!("expected 1 to {MOST}, found {found}");
                faults.push(Invalid::new(format!("{section}.{key}"), what));
            }
        };
        window(&"server.connection", "max_streams", connection.max_streams);
        window(&"server.connection", "stream_window", connection.stream_window);
        window(&"server.connection", "window", connection.window);
        for (section, client) in &clients {
            window(section, "stream_window", client.stream_window);
            window(section, "window", client.window);
        }
        faults.extend(tls);
    }
}

//! The Consul agent that the settings name: reachable, with a leader, and whether it knows the token.

use std::time::Duration;

use bia::Settings;
use bia::app::RegistryKind;
use bia::backend::consul::{AgentStatus, Consul};

use crate::runtime::block_on;

use super::super::finding::Finding;

const CHECK: &str = "consul";

/// Somebody waits for it at a terminal.
const PATIENCE: Duration = Duration::from_secs(3);

/// None where nothing is asked of Consul.
pub(super) fn look(settings: &Settings) -> Option<Finding> {
    let is_registry = settings.registry.kind == RegistryKind::Consul;
    if !is_registry && !settings.config.consul.is_set() {
        return None;
    }
    let mut consul = settings.registry.consul.clone();
    consul.timeout = consul.timeout.min(PATIENCE);
    let source = &settings.config.consul;
    let mut section = "registry.consul";
    if !is_registry {
        section = "config.consul";
        if let Some(address) = source.address.clone() {
            consul.address = address;
        }
        if let Some(token) = source.token.clone() {
            consul.token = token;
        }
    }
    let address = consul.address.clone();
    let status = block_on(async { Ok(Consul::new(&consul)?.status().await?) });
    let has_token = !consul.token.is_empty();
    Some(judged(status.map_err(|it| it.to_string()), section, &address, has_token))
}

fn judged(
    status: Result<AgentStatus, String>,
    section: &str,
    address: &str,
    has_token: bool,
) -> Finding {
    match status {
        Err(error) => Finding::bad(
            CHECK,
            error,
            format!(
                "start the agent, or correct {section}; the local registry needs none: registry.kind=local"
            ),
        ),
        Ok(AgentStatus { leader: None, .. }) => Finding::bad(
            CHECK,
            format!("{address} answers, and its servers have no leader: nothing can be registered"),
            "see the servers' logs (`consul operator raft list-peers`)",
        ),
        Ok(status) => {
            let version = match status.version.as_str() {
                "" => "of a version that the token may not know (agent:read)".to_owned(),
                version => format!("{version}, {}", status.datacenter),
            };
            let token = if has_token { ", the token is known" } else { ", no token is set" };
            Finding::ok(CHECK, format!("{address} {version}{token}"))
        }
    }
}

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

#[cfg(test)]
mod tests {
    use bia::config::Variables;

    use super::super::super::finding::Mark;
    use super::*;
    use crate::project::settings;

    fn looked(yaml: &str) -> Option<Finding> {
        let folder = tempfile::tempdir().expect("a folder");
        let configs = folder.path().join("configs");
        std::fs::create_dir(&configs).expect("made");
        std::fs::write(configs.join("app.yaml"), yaml).expect("written");
        look(&settings(folder.path(), &Variables::of_process()).expect("they are right"))
    }

    #[test]
    fn nothing_is_asked_of_a_consul_that_nobody_named() {
        assert_eq!(looked("registry: {kind: local}"), None);
    }

    #[test]
    fn an_agent_that_is_away_is_told_with_the_setting_that_names_it() {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = gone.local_addr().expect("it has one");
        drop(gone);
        let registry =
            format!("registry: {{kind: consul, consul: {{address: 'http://{address}'}}}}");
        let found = looked(&registry).expect("it is asked");
        assert_eq!(found.mark, Mark::Bad);
        assert!(found.what.contains(&address.to_string()), "{found:?}");
        assert!(found.remedy.contains("registry.consul"), "{found:?}");
        let source = format!("config: {{consul: {{address: 'http://{address}', prefix: users}}}}");
        let found = looked(&source).expect("it is asked");
        assert!(found.remedy.contains("config.consul"), "{found:?}");
    }

    #[test]
    fn a_cluster_without_a_leader_is_bad_and_one_with_is_not() {
        let judged = |status| judged(Ok(status), "registry.consul", "http://c:8500", true);
        assert_eq!(judged(AgentStatus::default()).mark, Mark::Bad);
        let mut well = AgentStatus::default();
        well.leader = Some("10.0.0.1:8300".to_owned());
        assert_eq!(judged(well.clone()).mark, Mark::Ok);
        well.version = "1.20.1".to_owned();
        well.datacenter = "dc1".to_owned();
        assert_eq!(judged(well).what, "http://c:8500 1.20.1, dc1, the token is known");
    }
}

//! How an instance looks in Consul: what Kratos writes, and what it reads.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::registry::{Endpoint, Instance, Listed};

use super::settings::ConsulSettings;

/// Kratos gives the agent this long to connect to an endpoint.
const TCP_TIMEOUT: Duration = Duration::from_secs(5);

/// How the tag that carries the version begins.
const VERSION: &str = "version=";

/// The addresses that Consul itself puts among the tagged ones.
const OF_CONSUL: [&str; 4] = ["lan_ipv4", "wan_ipv4", "lan_ipv6", "wan_ipv6"];

/// The body of a registration (`AgentServiceRegistration` of Consul's API).
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Registration {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) name: String,
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    tagged_addresses: BTreeMap<String, TaggedAddress>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    meta: BTreeMap<String, String>,
    /// The one check of old; always `null`.
    check: (),
    checks: Vec<Check>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TaggedAddress {
    #[serde(default)]
    address: String,
    #[serde(default)]
    port: u16,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Check {
    #[serde(rename = "CheckID", skip_serializing_if = "Option::is_none")]
    check_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<String>,
    #[serde(rename = "TCP", skip_serializing_if = "Option::is_none")]
    tcp: Option<String>,
    #[serde(rename = "TTL", skip_serializing_if = "Option::is_none")]
    ttl: Option<String>,
    /// How it stands before the first look; Consul takes nothing said for `critical`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    deregister_critical_service_after: String,
}

impl Registration {
    pub(super) fn new(instance: &Instance, settings: &ConsulSettings) -> Self {
        let first = instance.endpoints.first();
        let mut tags = vec![format!("{VERSION}{}", instance.version)];
        tags.extend(settings.tags.iter().cloned());
        // Of two endpoints with one scheme the later stays, as in Kratos.
        let tagged_addresses = instance.endpoints.iter().map(|endpoint| {
            let tagged = TaggedAddress { address: endpoint.to_string(), port: endpoint.port() };
            (endpoint.scheme().to_owned(), tagged)
        });
        Self {
            id: instance.id.clone(),
            name: instance.name.clone(),
            tags,
            port: first.map(Endpoint::port),
            address: first.map(|endpoint| endpoint.host().to_owned()),
            tagged_addresses: tagged_addresses.collect(),
            meta: instance.metadata.clone(),
            check: (),
            checks: checks(instance, settings),
        }
    }
}

fn checks(instance: &Instance, settings: &ConsulSettings) -> Vec<Check> {
    let interval = settings.heartbeat();
    let blank = || Check {
        check_id: None,
        interval: None,
        timeout: None,
        tcp: None,
        ttl: None,
        status: None,
        deregister_critical_service_after: go_duration(settings.deregister_after),
    };
    let tcp = instance.endpoints.iter().filter(|_| settings.tcp_checks).map(|endpoint| Check {
        interval: Some(go_duration(interval)),
        timeout: Some(go_duration(TCP_TIMEOUT)),
        tcp: Some(endpoint.authority()),
        // A service registers when it serves: others need not wait up to an interval for the look.
        status: Some("passing"),
        ..blank()
    });
    let ttl = Check {
        check_id: Some(check_id(&instance.id)),
        ttl: Some(go_duration(interval * 2)),
        ..blank()
    };
    tcp.chain([ttl]).collect()
}

/// The id of an instance's TTL check.
pub(super) fn check_id(id: &str) -> String {
    format!("service:{id}")
}

/// A duration in seconds, as Kratos writes it, or in milliseconds where those do not suffice.
fn go_duration(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

/// One entry of `/v1/health/service/…`, as far as it concerns us. Go writes `null` for what is empty.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    node: Option<Node>,
    service: Service,
    checks: Option<Vec<State>>,
}

/// How a check stands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    output: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    #[serde(default)]
    address: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    #[serde(rename = "ID")]
    id: String,
    #[serde(default)]
    service: String,
    tags: Option<Vec<String>>,
    meta: Option<BTreeMap<String, String>>,
    #[serde(default)]
    address: String,
    #[serde(default)]
    port: u16,
    tagged_addresses: Option<BTreeMap<String, TaggedAddress>>,
    #[serde(default)]
    modify_index: u64,
}

/// The instances of an answer, in an order of their own: of two with one id, left over by an agent
/// that is gone, the one that was changed last comes later.
pub(super) fn read(service: &str, body: &[u8]) -> serde_json::Result<Vec<Instance>> {
    let mut entries: Vec<Entry> = serde_json::from_slice(body)?;
    entries.sort_by_key(|entry| entry.service.modify_index);
    Ok(entries.into_iter().map(|entry| instance(service, entry)).collect())
}

/// The instances of an answer by their ids, with what is wrong with those whose checks do not pass.
pub(super) fn read_all(service: &str, body: &[u8]) -> serde_json::Result<Vec<Listed>> {
    let entries: Vec<Entry> = serde_json::from_slice(body)?;
    let mut all: Vec<Listed> = entries
        .into_iter()
        .map(|mut entry| {
            let fault = fault(&entry.checks.take().unwrap_or_default());
            Listed { instance: instance(service, entry), fault }
        })
        .collect();
    all.sort_by(|a, b| a.instance.id.cmp(&b.instance.id));
    Ok(all)
}

/// What the checks that do not pass say: `Service 'users' check is critical: TTL expired`.
fn fault(checks: &[State]) -> Option<String> {
    let failing = checks.iter().filter(|check| check.status != "passing");
    let told: Vec<String> = failing
        .map(|State { name, status, output }| match output.trim() {
            "" => format!("{name} is {status}"),
            output => format!("{name} is {status}: {output}"),
        })
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn instance(service: &str, entry: Entry) -> Instance {
    let Entry { node, service: found, checks: _ } = entry;
    let tags = found.tags.unwrap_or_default();
    let version = tags.iter().rev().find_map(|tag| tag.strip_prefix(VERSION)).unwrap_or_default();
    let name = if found.service.is_empty() { service.to_owned() } else { found.service };
    let mut instance = Instance::new(found.id, name, version);
    instance.metadata = found.meta.unwrap_or_default();
    // In the order of their schemes: Consul keeps none.
    instance.endpoints = found
        .tagged_addresses
        .unwrap_or_default()
        .into_iter()
        .filter(|(tag, _)| !OF_CONSUL.contains(&tag.as_str()))
        .filter_map(|(_, tagged)| tagged.address.parse().ok())
        .collect();
    if instance.endpoints.is_empty() && found.port != 0 {
        // Registered by other hands. A service without an address has its node's.
        let host = match found.address.is_empty() {
            true => node.map(|node| node.address).unwrap_or_default(),
            false => found.address,
        };
        if !host.is_empty() {
            instance.endpoints.push(Endpoint::new("http", host, found.port));
        }
    }
    instance
}

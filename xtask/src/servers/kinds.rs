//! How each kind of server is started, and what tells that it is ready.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::time::Duration;

use super::daemon::Group;
use super::postgres;
use crate::error::{Error, Result};
use crate::net::{self, LOOPBACK, free_ports};
use crate::root::Cache;

pub(super) const KINDS: &[(&str, &str)] = &[
    ("consul", "one agent that is its own server; gives BIA_CONSUL_ADDRESS"),
    ("consul-acl", "the same with everything denied by default; gives BIA_CONSUL_TOKEN too"),
    ("consul-cluster", "three servers on 127.0.0.1 to 127.0.0.3; gives BIA_CONSUL_ADDRESS_1 to _3"),
    ("postgres", "an empty database; gives BIA_POSTGRES_URL"),
    (
        "rotel",
        "a collector of OTLP; gives BIA_OTLP_ADDRESS, and BIA_OTLP_LOG, where it prints what it is sent",
    ),
    ("grpc-go", "grpc-go's interop server; gives BIA_INTEROP_ADDRESS"),
];

/// Starts a server of `kind` as `name` on free ports of this machine and waits until it is ready.
///
/// # Errors
///
/// There is no such kind, it is not installed, the name is taken, or it is not ready in time.
pub(crate) fn start(cache: &Cache, kind: &str, name: &str) -> Result<Group> {
    match kind {
        "consul" => consul(cache, name, None),
        "consul-acl" => {
            let id = std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_default();
            consul(cache, name, Some(id.trim()))
        }
        "consul-cluster" => consul_cluster(cache, name),
        "postgres" => postgres::start(cache, name),
        "rotel" => rotel(cache, name),
        "grpc-go" => grpc_go(cache, name),
        _ => Err(Error::usage(format!("there is no kind `{kind}`\n\n{}", super::usage()))),
    }
}

fn program(cache: &Cache, binary: &str, part: &str) -> Result<Command> {
    cache.find(binary).map(Command::new).ok_or_else(|| {
        Error::new(format!("{binary} is not installed"))
            .with_hint(format!("`cargo xtask servers install {part}`"))
    })
}

fn consul(cache: &Cache, name: &str, token: Option<&str>) -> Result<Group> {
    let mut agent = program(cache, "consul", "consul")?;
    let mut group = Group::create(cache, name)?;
    let ports = free_ports(6, &[LOOPBACK])?;
    agent.args(["agent", "-dev", "-bind", "127.0.0.1", "-client", "127.0.0.1", "-node", name]);
    for (flag, port) in ["http", "grpc", "dns", "server", "serf-lan", "serf-wan"].iter().zip(&ports)
    {
        agent.args([format!("-{flag}-port"), port.to_string()]);
    }
    agent.args(["-log-level", "warn", "-hcl", "disable_update_check = true"]);
    if let Some(token) = token {
        let file = group.folder().join("acl.hcl");
        let tokens = format!("tokens {{ master = \"{token}\" agent = \"{token}\" }}");
        let text = format!("acl {{ enabled = true default_policy = \"deny\" {tokens} }}\n");
        crate::root::write(&file, text)?;
        agent.arg("-config-file").arg(file);
        group.set("BIA_CONSUL_TOKEN", token)?;
    }
    group.spawn("consul", &mut agent)?;
    group.set("BIA_CONSUL_ADDRESS", format!("http://127.0.0.1:{}", ports[0]))?;
    let token = token.unwrap_or_default().to_owned();
    group.until_ready(Duration::from_secs(30), |_| takes_writes(LOOPBACK, ports[0], &token))
}

/// Consul answers HTTP before it has a leader; only a write that succeeds tells that it is ready.
fn takes_writes(address: Ipv4Addr, port: u16, token: &str) -> bool {
    let headers = [("x-consul-token", token)];
    let answer = net::http("PUT", (IpAddr::V4(address), port), "/v1/kv/ready", &headers, "1");
    answer.is_ok_and(|answer| answer.status == 200 && answer.body.contains("true"))
}

fn consul_cluster(cache: &Cache, name: &str) -> Result<Group> {
    program(cache, "consul", "consul")?;
    let mut group = Group::create(cache, name)?;
    let addresses = [1, 2, 3].map(|last| Ipv4Addr::new(127, 0, 0, last));
    let ports = free_ports(3, &addresses)?;
    let settings = group.folder().join("fast.hcl");
    // Elections and suspicion in seconds, as on a good network.
    crate::root::write(
        &settings,
        "performance { raft_multiplier = 1 }\n\
         gossip_lan { probe_interval = \"200ms\" probe_timeout = \"100ms\" gossip_interval = \"50ms\" }\n\
         disable_update_check = true\nleave_on_terminate = false\n",
    )?;
    for (index, address) in addresses.iter().enumerate() {
        let number = index + 1;
        let mut server = program(cache, "consul", "consul")?;
        server.args(["agent", "-server", "-bootstrap-expect", "3", "-log-level", "warn"]);
        server.arg("-node").arg(format!("{name}-{number}"));
        server.arg(format!("-bind={address}")).arg(format!("-client={address}"));
        server.arg("-data-dir").arg(group.folder().join(format!("data-{number}")));
        for (flag, port) in ["http", "server", "serf-lan"].iter().zip(&ports) {
            server.args([format!("-{flag}-port"), port.to_string()]);
        }
        server.args(["-grpc-port=-1", "-dns-port=-1", "-serf-wan-port=-1", "-retry-interval=1s"]);
        for peer in &addresses {
            server.arg(format!("-retry-join={peer}:{}", ports[2]));
        }
        server.arg("-config-file").arg(&settings);
        group.spawn(&format!("consul-{number}"), &mut server)?;
        group.set(
            &format!("BIA_CONSUL_ADDRESS_{number}"),
            format!("http://{address}:{}", ports[0]),
        )?;
    }
    group.until_ready(Duration::from_secs(60), |_| takes_writes(LOOPBACK, ports[0], ""))
}

fn rotel(cache: &Cache, name: &str) -> Result<Group> {
    let mut collector = program(cache, "rotel", "rotel")?;
    let mut group = Group::create(cache, name)?;
    let ports = free_ports(2, &[LOOPBACK])?;
    collector.args(["start", "--exporter", "blackhole", "--debug-log-verbosity", "detailed"]);
    for kind in ["traces", "metrics", "logs"] {
        collector.args(["--debug-log", kind]);
    }
    for (face, port) in ["grpc", "http"].iter().zip(&ports) {
        collector.args([format!("--otlp-{face}-endpoint"), format!("127.0.0.1:{port}")]);
    }
    group.spawn("rotel", &mut collector)?;
    group.set("BIA_OTLP_ADDRESS", format!("http://127.0.0.1:{}", ports[0]))?;
    group.set("BIA_OTLP_HTTP_ADDRESS", format!("http://127.0.0.1:{}", ports[1]))?;
    let log = group.folder().join("rotel.log").display().to_string();
    group.set("BIA_OTLP_LOG", log)?;
    group.until_ready(Duration::from_secs(10), |_| {
        ports.iter().all(|port| std::net::TcpStream::connect((LOOPBACK, *port)).is_ok())
    })
}

fn grpc_go(cache: &Cache, name: &str) -> Result<Group> {
    let mut server = program(cache, "grpc-go-interop-server", "interop")?;
    let mut group = Group::create(cache, name)?;
    let port = free_ports(1, &[LOOPBACK])?[0];
    group.spawn("server", server.args(["-port", &port.to_string()]))?;
    group.set("BIA_INTEROP_ADDRESS", format!("127.0.0.1:{port}"))?;
    group.until_ready(Duration::from_secs(10), |_| {
        std::net::TcpStream::connect((LOOPBACK, port)).is_ok()
    })
}

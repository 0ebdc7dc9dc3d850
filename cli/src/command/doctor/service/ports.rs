//! Whether the ports of a service are to be had.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs as _};

use bia::Settings;
use bia::config::Variables;

use crate::command::run::plan;
use crate::project::{self, Listening, Member, Project};

use super::super::finding::Finding;

pub(super) fn look(settings: &Settings) -> Vec<Finding> {
    let all = Listening::of(settings);
    all.iter().map(|it| judged(it.setting, &it.address, bind(&it.address))).collect()
}

/// What a service wants that a neighbour in its workspace wants too.
pub(super) fn shared(project: &Project, member: &Member, settings: &Settings) -> Vec<Finding> {
    let all = plan::plan(project, &project.root, &[], true).unwrap_or_default();
    let (own, others): (Vec<_>, Vec<_>) = all.iter().partition(|it| it.name == member.name);
    if own.is_empty() {
        // It calls others, and listens nowhere.
        return Vec::new();
    }
    // Variables that say more are meant for the service that is looked at.
    let environment = Variables::of_process().environment().map(|it| ("BIA_ENV", it.to_owned()));
    let variables = Variables::new(environment);
    let mut findings = Vec::new();
    for other in others {
        // What is wrong with its settings is told where it is looked at.
        let Ok(theirs) = project::settings(&other.folder, &variables) else { continue };
        for theirs in Listening::of(&theirs) {
            let own = Listening::of(settings);
            let met = own.into_iter().filter(|it| it.meets(&theirs));
            findings.extend(met.map(|it| both(&it, &other.name, &theirs)));
        }
    }
    findings
}

fn both(own: &Listening, other: &str, theirs: &Listening) -> Finding {
    let Listening { setting, address } = own;
    let which = match theirs.setting == *setting {
        true => "too".to_owned(),
        false => format!("as {} {}", theirs.setting, theirs.address),
    };
    Finding::warn(
        "ports",
        format!(
            "{setting} {address} is a port that {other} has, {which}: only one of them can run"
        ),
        "set another in configs/app.yaml of one, or start both with `bia run --free-ports`",
    )
}

fn bind(address: &str) -> io::Result<()> {
    let addresses: Vec<SocketAddr> = match address.strip_prefix(':').and_then(|it| it.parse().ok())
    {
        Some(port) => vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))],
        None => address.to_socket_addrs()?.collect(),
    };
    TcpListener::bind(addresses.as_slice()).map(drop)
}

fn judged(setting: &str, address: &str, bound: io::Result<()>) -> Finding {
    let Err(error) = bound else {
        return Finding::ok("ports", format!("{setting} {address} is free"));
    };
    match error.kind() {
        ErrorKind::AddrInUse => Finding::warn(
            "ports",
            format!(
                "{setting} {address} is taken: by the service itself, if it runs, or by another"
            ),
            "stop what has it, set another, or use `bia run --free-ports`",
        ),
        ErrorKind::PermissionDenied => Finding::bad(
            "ports",
            format!("this user may not listen on {setting} {address}"),
            "set a port of 1024 or above",
        ),
        ErrorKind::AddrNotAvailable => Finding::bad(
            "ports",
            format!("this machine has no address {address} ({setting})"),
            "0.0.0.0 listens on all that it has",
        ),
        _ => Finding::bad(
            "ports",
            format!("cannot listen on {setting} {address}: {error}"),
            "write host:port, 0.0.0.0:8000",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Mark;
    use super::*;

    #[test]
    fn a_port_that_somebody_has_is_told() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = taken.local_addr().expect("it has one").to_string();
        let mark = |address: &str| judged("server.address", address, bind(address)).mark;
        assert_eq!(mark(&address), Mark::Warn);
        assert_eq!(mark("127.0.0.1:0"), Mark::Ok);
        assert_eq!(mark(":0"), Mark::Ok);
        assert_eq!(mark("192.0.2.1:0"), Mark::Bad, "an address of nobody");
        assert_eq!(mark("no address"), Mark::Bad);
        let denied = Err(io::Error::from(ErrorKind::PermissionDenied));
        assert!(judged("server.address", ":80", denied).remedy.contains("1024"));
    }
}

//! Whether the ports of a service are to be had.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs as _};

use bia::Settings;

use super::super::finding::Finding;

pub(super) fn look(settings: &Settings) -> Vec<Finding> {
    let all =
        [("server.address", &settings.server.address), ("admin.address", &settings.admin.address)];
    let all = all.into_iter().filter(|(_, address)| !address.is_empty());
    all.map(|(setting, address)| judged(setting, address, bind(address))).collect()
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

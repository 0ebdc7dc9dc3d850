//! Free ports, and one plain HTTP request to a server on this machine.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use crate::error::{About as _, Error, Result};

pub(crate) const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// A server on this machine that has not answered by then never will.
const PATIENCE: Duration = Duration::from_secs(10);

/// `count` ports that nobody listens on now, for TCP and UDP alike, on every one of `addresses`.
///
/// Nobody keeps them for the caller: use them at once.
///
/// # Errors
///
/// The system has no such ports.
pub(crate) fn free_ports(count: usize, addresses: &[Ipv4Addr]) -> Result<Vec<u16>> {
    let mut held = Vec::new();
    let mut ports = Vec::new();
    for _ in 0..count * 20 {
        let probe = TcpListener::bind((LOOPBACK, 0)).about(|| "find a free port".to_owned())?;
        let port = probe.local_addr().about(|| "find a free port".to_owned())?.port();
        drop(probe);
        let bound: std::io::Result<Vec<_>> = addresses
            .iter()
            .map(|address| {
                Ok((TcpListener::bind((*address, port))?, UdpSocket::bind((*address, port))?))
            })
            .collect();
        if let Ok(bound) = bound {
            held.push(bound);
            ports.push(port);
        }
        if ports.len() == count {
            return Ok(ports);
        }
    }
    Err(Error::new(format!("there are not {count} free ports on {addresses:?}")))
}

/// A port whose next is free too, as a new service has them, for whoever uses them a while from now: none that
/// the system gives to who connects. Who asks such a one again and again whether somebody is there yet comes
/// to be answered by itself.
///
/// # Errors
///
/// There are none.
pub(crate) fn free_pair() -> Result<u16> {
    let found = (8000..9000).step_by(2).find(|port| is_free(*port) && is_free(port + 1));
    found.ok_or_else(|| Error::new("there are no two free ports in a row from 8000 to 9000"))
}

/// Whether nobody listens on `port` of this machine.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((LOOPBACK, port)).is_ok()
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Sends one HTTP/1.1 request and reads the whole answer.
///
/// # Errors
///
/// Nobody listens, nobody answers within ten seconds, or the answer is not HTTP.
pub(crate) fn http(
    method: &str,
    address: (IpAddr, u16),
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer> {
    let address = SocketAddr::from(address);
    let about = || format!("{method} {path} on {address}");
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).about(about)?;
    stream.set_read_timeout(Some(PATIENCE)).about(about)?;
    stream.set_write_timeout(Some(PATIENCE)).about(about)?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()));
    request.push_str(body);
    stream.write_all(request.as_bytes()).about(about)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).about(about)?;
    parse(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| Error::new(format!("cannot {}: the answer is not HTTP", about())))
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{LOOPBACK, free_ports, parse};

    #[test]
    fn free_ports_are_distinct_and_can_be_bound() {
        let ports = free_ports(6, &[LOOPBACK]).expect("ports");
        let mut distinct = ports.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 6);
        for port in ports {
            std::net::TcpListener::bind((LOOPBACK, port)).expect("bind");
        }
    }

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let answer =
            parse("HTTP/1.1 503 Service Unavailable\r\na: b\r\n\r\n{}").expect("an answer");
        assert_eq!((answer.status, answer.body.as_str()), (503, "{}"));
        assert!(parse("SSH-2.0\r\n\r\n").is_none());
    }
}

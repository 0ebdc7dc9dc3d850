//! Ports that nobody has.

use std::net::{Ipv4Addr, TcpListener};

use crate::error::{About as _, Result};

/// `count` free ports of 127.0.0.1, all of them different. Nobody keeps them until they are used.
pub(super) fn free(count: usize) -> Result<Vec<u16>> {
    let about = || "find free ports".to_owned();
    // All are held at once, so that none comes twice.
    let held: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<std::io::Result<_>>()
        .about(about)?;
    held.iter()
        .map(|it| it.local_addr().map(|it| it.port()))
        .collect::<std::io::Result<_>>()
        .about(about)
}

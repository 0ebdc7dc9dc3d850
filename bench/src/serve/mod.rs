//! The servers that are measured, each in a process of its own on one thread.

mod axum;
mod bia;
mod hyper;
mod tonic;

use std::fmt::Display;
use std::io::{self, Read, Write};

use tokio::net::TcpListener;

use crate::peer::Peer;

/// Serves until standard input ends. Prints the address first.
///
/// # Errors
///
/// If there is no port, or the server fails.
pub fn run(peer: Peer, gzip: bool) -> io::Result<()> {
    // Who started it holds the other end: a server never outlives its measurement.
    std::thread::spawn(|| {
        io::stdin().read_to_end(&mut Vec::new()).ok();
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match peer {
            Peer::Bia | Peer::BiaJson => bia::serve(gzip).await,
            Peer::Axum => axum::serve(listen().await?).await,
            Peer::Tonic => tonic::serve(listen().await?, gzip).await,
            Peer::Hyper => hyper::serve(listen().await?).await,
        }
    })
}

async fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(listener.local_addr()?)?;
    Ok(listener)
}

fn announce(address: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{address}")
}

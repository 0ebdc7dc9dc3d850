//! A wire that can fall silent: what is sent into it is taken and never arrives.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    silent: watch::Sender<bool>,
    _task: AbortOnDropHandle<()>,
}

impl Proxy {
    pub(crate) async fn to(peer: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silent, heard) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut wires = JoinSet::new();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let far = TcpStream::connect(peer).await.unwrap();
                let ((from_near, to_near), (from_far, to_far)) =
                    (near.into_split(), far.into_split());
                wires.spawn(carry(from_near, to_far, heard.clone()));
                wires.spawn(carry(from_far, to_near, heard.clone()));
            }
        });
        Self { address, silent, _task: AbortOnDropHandle::new(task) }
    }

    /// From now on nothing arrives, and nothing says so: what was sent meanwhile is lost for good.
    pub(crate) fn fall_silent(&self) {
        self.silent.send_replace(true);
    }

    /// New connections are carried again; those that were silenced stay silent.
    pub(crate) fn speak(&self) {
        self.silent.send_replace(false);
    }
}

pub(crate) async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    silent: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 * 1024];
    let mut swallows = false;
    // Reads on when silent: the peer's kernel must see all acknowledged.
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        swallows |= *silent.borrow();
        if !swallows && to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
    if swallows {
        // Not even the end gets through.
        std::future::pending::<()>().await;
    }
}

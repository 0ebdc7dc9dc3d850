//! The port for operators: whether it is alive and ready, and what goes on inside.
//!
//! Plain HTTP/1.1 beside the port for calls, so that it answers when that one is full.

mod answer;
mod calls;
mod guard;
mod health;
mod log;
mod metrics;
mod pages;
mod patience;
mod profile;
mod query;
mod registry;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::error::{Error, Result};
use crate::health::Health;
use crate::registry::Endpoint;
use crate::server::{Server, Stop};
use crate::telemetry::Telemetry;

use super::announce::Announced;
use super::channels::Channels;
use super::live::{Configured, Latest};

use self::pages::Pages;
use self::patience::Patience;
use self::profile::Profiler;

pub(super) use self::pages::paths;

/// What it is called in logs.
pub(super) const NAME: &str = "admin";

/// The most connections at one time: operators and probes are few, and one that leaks connections
/// must not take the process's files.
const CONNECTIONS: usize = 64;

/// How long a peer may take to send the head of a request.
const HEAD: Duration = Duration::from_secs(5);

/// How long a page may still be written once the server stops: probes are short.
const GRACE: Duration = Duration::from_secs(1);

pub(super) struct AdminServer {
    address: String,
    pages: Arc<Pages>,
    listener: Option<TcpListener>,
}

impl AdminServer {
    pub(super) fn new(
        settings: Latest,
        health: Health,
        announced: watch::Receiver<Announced>,
        channels: Channels,
        telemetry: Telemetry,
        config: Configured,
    ) -> Self {
        let address = settings.get().admin.address.clone();
        let profiler = Profiler::new();
        let pages =
            Arc::new(Pages { settings, health, announced, channels, telemetry, config, profiler });
        Self { address, pages, listener: None }
    }
}

impl Server for AdminServer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn bind(&mut self) -> BoxFuture<'_, Result<Vec<Endpoint>>> {
        Box::pin(async move {
            let cannot = |error| {
                Error::internal(
                    "ADMIN_BIND_FAILED",
                    format!(
                        "cannot listen on {} for the admin pages: set admin.address to another \
                         address, or to \"\" to do without",
                        self.address
                    ),
                )
                .with_source(error)
            };
            let address = match self.address.strip_prefix(':') {
                Some(port) => format!("0.0.0.0:{port}"),
                None => self.address.clone(),
            };
            let listener = TcpListener::bind(&address).await.map_err(cannot)?;
            let address = listener.local_addr().map_err(Error::from_source)?;
            self.listener = Some(listener);
            Ok(vec![Endpoint::new("http", address.ip().to_string(), address.port())])
        })
    }

    fn serve(self: Box<Self>, stop: Stop) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let Some(listener) = self.listener else {
                return Err(Error::internal("SERVER_NOT_BOUND", "the admin server was not bound"));
            };
            let mut connections = JoinSet::new();
            loop {
                // What has ended is taken in, so that it frees its place.
                while connections.try_join_next().is_some() {}
                let accepted = tokio::select! {
                    () = stop.begun() => break,
                    accepted = listener.accept() => accepted,
                    Some(_) = connections.join_next() => continue,
                };
                match accepted {
                    Ok((socket, _)) if connections.len() < CONNECTIONS => {
                        connections.spawn(connection(
                            socket,
                            Arc::clone(&self.pages),
                            stop.clone(),
                        ));
                    }
                    // Closed at once: a probe tries again.
                    Ok(_) => tracing::debug!("too many connections to the admin port"),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept on the admin port");
                        sleep(Duration::from_millis(100)).await;
                    }
                }
            }
            drop(listener);
            let all = async { while connections.join_next().await.is_some() {} };
            tokio::select! {
                () = all => {}
                () = sleep(GRACE) => {}
                () = stop.cut_off() => {}
            }
            connections.shutdown().await;
            Ok(())
        })
    }
}

async fn connection(socket: TcpStream, pages: Arc<Pages>, stop: Stop) {
    let Ok(peer) = socket.peer_addr() else { return };
    let service = service_fn(move |request| {
        let pages = Arc::clone(&pages);
        async move {
            let answer = pages.answer(request, peer.ip()).await;
            Ok::<_, std::convert::Infallible>(answer.into_response())
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(Patience::new(socket)), service);
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = &mut connection => outcome,
        () = stop.begun() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%peer, %error, "admin connection broken");
    }
}

impl fmt::Debug for AdminServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminServer").field("address", &self.address).finish_non_exhaustive()
    }
}

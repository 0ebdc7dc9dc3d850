//! The server of an app's services: binds the one port, and stops without losing a call.

use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use crate::dispatch::{Limits, Routes, Service};
use crate::error::{Error, Result};
use crate::middleware::UserLayer;
use crate::middleware::deadline::Times;
use crate::registry::Endpoint;
use crate::server::{Server, Stop};
use crate::telemetry::Telemetry;

use super::accept::Connections;
use super::listen::Listener;
use super::pipeline::Pipeline;
use super::settings::ServerSettings;

/// How many files a process keeps for other things than connections: logs, databases, the registry.
const RESERVED: usize = 64;

/// Serves services on one port: gRPC over HTTP/2, and HTTP/1.1 beside it.
///
/// An app makes one of the services that it is given. Make another for a port of its own, and give
/// it to the app as a [`Server`].
///
/// ```
/// use bia::transport::{ApiServer, ServerSettings};
///
/// # fn services() -> Vec<bia::Service> { Vec::new() }
/// let settings = ServerSettings { address: "127.0.0.1:0".to_owned(), ..Default::default() };
/// let server = ApiServer::new(settings, services())?;
/// # Ok::<(), bia::Error>(())
/// ```
pub struct ApiServer {
    name: String,
    settings: Arc<ServerSettings>,
    pipeline: Pipeline,
    listener: Option<Listener>,
}

impl ApiServer {
    /// A server of `services`, called `api`.
    ///
    /// # Errors
    ///
    /// If two services have the same name.
    pub fn new(settings: ServerSettings, services: Vec<Service>) -> Result<Self> {
        Self::layered(settings, services, &[], Telemetry::off())
    }

    /// The same with the layers of a user, outermost first, seen by the telemetry of an app.
    pub(crate) fn layered(
        settings: ServerSettings,
        services: Vec<Service>,
        layers: &[UserLayer],
        telemetry: Telemetry,
    ) -> Result<Self> {
        let pipeline = pipeline(&settings, services, layers, telemetry)?;
        Ok(Self { name: "api".to_owned(), settings: Arc::new(settings), pipeline, listener: None })
    }

    /// Replaces what it is called in logs.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

/// The pipeline that `settings` ask for.
pub(crate) fn pipeline(
    settings: &ServerSettings,
    services: Vec<Service>,
    layers: &[UserLayer],
    telemetry: Telemetry,
) -> Result<Pipeline> {
    let some = |time: std::time::Duration| (!time.is_zero()).then_some(time);
    let times = Times { unary: some(settings.timeout), idle: some(settings.stream_idle_timeout) };
    let limits = Limits {
        max_receive: settings.max_message_size,
        max_send: settings.max_send_message_size.unwrap_or(usize::MAX),
        compress: settings.compress,
    };
    Ok(Pipeline::new(Routes::new(services)?, times, limits, layers, telemetry))
}

impl Server for ApiServer {
    fn name(&self) -> &str {
        &self.name
    }

    fn bind(&mut self) -> BoxFuture<'_, Result<Vec<Endpoint>>> {
        Box::pin(async move {
            let listener =
                Listener::bind(&self.settings.address, self.settings.socket.clone()).await?;
            let address = listener.address()?;
            self.listener = Some(listener);
            let host = address.ip().to_string();
            Ok(["grpc", "http"].map(|face| Endpoint::new(face, &host, address.port())).into())
        })
    }

    fn serve(self: Box<Self>, stop: Stop) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let Some(listener) = self.listener else {
                return Err(Error::internal(
                    "SERVER_NOT_BOUND",
                    format!("the server {} was asked to serve before it was bound", self.name),
                ));
            };
            let max = affordable(self.settings.connection.max, open_files_limit());
            Connections::new(self.pipeline, self.settings, max).serve(listener, &stop).await;
            Ok(())
        })
    }
}

impl fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiServer")
            .field("name", &self.name)
            .field("address", &self.settings.address)
            .field("pipeline", &self.pipeline)
            .finish_non_exhaustive()
    }
}

/// How many connections there may be where each takes one of `files`.
///
/// A process without a free descriptor cannot answer for its health or find its database either.
fn affordable(max: usize, files: Option<usize>) -> usize {
    let Some(files) = files else { return max };
    let spare = files.saturating_sub(RESERVED).max(files / 2);
    if spare < max {
        tracing::info!(
            connections = spare,
            files,
            "taking fewer connections than server.connection.max: each is an open file (ulimit -n)"
        );
    }
    spare.min(max)
}

/// How many files this process may open, where the system tells.
#[cfg(target_os = "linux")]
fn open_files_limit() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn open_files_limit() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_files_are_kept_for_what_is_not_a_connection() {
        let table = [
            (20_000, None, 20_000),
            (20_000, Some(1_000_000), 20_000),
            (20_000, Some(1024), 960),
            (20_000, Some(100), 50),
            (10, Some(1024), 10),
        ];
        for (max, files, expected) in table {
            assert_eq!(affordable(max, files), expected, "{max} of {files:?}");
        }
    }

    #[tokio::test]
    async fn a_server_that_was_not_bound_says_so() {
        let server = ApiServer::new(ServerSettings::default(), Vec::new()).unwrap();
        let error = Box::new(server).serve(Stop::new()).await.unwrap_err();
        assert_eq!(error.reason(), "SERVER_NOT_BOUND");
    }
}

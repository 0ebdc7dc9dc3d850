//! The server of an app's services: binds the one port, and stops without losing a call.

use std::fmt;
use std::time::Duration;

use futures_core::future::BoxFuture;

use crate::config::Live;
use crate::dispatch::{Limits, Routes, Service};
use crate::error::{Error, Result};
use crate::middleware::UserLayer;
use crate::middleware::auth::{self, Guard};
use crate::middleware::deadline::Times;
use crate::operation::{Auth, Operation};
use crate::registry::Endpoint;
use crate::rules::Rules;
use crate::server::{Server, Stop};
use crate::telemetry::Telemetry;

use super::accept::{Connections, Room};
use super::cors::Cors;
use super::listen::Listener;
use super::pipeline::Pipeline;
use super::secure::Secure;
use super::settings::ServerSettings;

/// What a server goes by while it runs. Cloning is cheap; all clones are one.
#[derive(Clone, Debug)]
pub(crate) struct InForce {
    settings: Live<ServerSettings>,
    times: Live<Times>,
    limits: Live<Limits>,
    guard: Guard,
    cors: Live<Cors>,
    secure: Option<Secure>,
}

impl InForce {
    /// # Errors
    ///
    /// If a file of `server.tls` cannot be read or used.
    pub(crate) fn new(settings: ServerSettings) -> Result<Self> {
        Ok(Self {
            secure: Secure::of(&settings.tls)?,
            times: Live::new(times(&settings)),
            limits: Live::new(limits(&settings)),
            guard: Guard::default(),
            cors: Live::new(Cors::new(&settings.cors)),
            settings: Live::new(settings),
        })
    }

    pub(crate) fn settings(&self) -> &Live<ServerSettings> {
        &self.settings
    }

    /// What the settings say of operations, of those that are called too.
    pub(crate) fn rules(&self) -> &Live<Rules> {
        &self.guard.rules
    }

    /// Replaces who tells who calls. Before anything is served.
    pub(crate) fn set_authenticator(&mut self, authenticator: auth::Authenticator) {
        self.guard.authenticator = Some(authenticator);
    }

    /// Replaces them: for calls and for connections that come from now on.
    pub(crate) fn set(&self, settings: ServerSettings) {
        self.times.set(times(&settings));
        self.limits.set(limits(&settings));
        self.cors.set(Cors::new(&settings.cors));
        self.settings.set(settings);
    }
}

fn times(settings: &ServerSettings) -> Times {
    let some = |time: Duration| (!time.is_zero()).then_some(time);
    Times { unary: some(settings.timeout), idle: some(settings.stream_idle_timeout) }
}

fn limits(settings: &ServerSettings) -> Limits {
    Limits {
        max_receive: settings.max_message_size,
        max_send: settings.max_send_message_size.unwrap_or(usize::MAX),
        compress: settings.compress,
        http: settings.http.rules(),
    }
}

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
    in_force: InForce,
    pipeline: Pipeline,
    listener: Option<Listener>,
}

impl ApiServer {
    /// A server of `services`, called `api`.
    ///
    /// # Errors
    ///
    /// If two services have the same name, a file of `server.tls` cannot be read or used, or an
    /// operation asks who calls, which only an app's server can find out.
    pub fn new(settings: ServerSettings, services: Vec<Service>) -> Result<Self> {
        Self::layered(InForce::new(settings)?, services, &[], Telemetry::off())
    }

    /// The same with the layers of a user, outermost first, seen by the telemetry of an app.
    pub(crate) fn layered(
        in_force: InForce,
        services: Vec<Service>,
        layers: &[UserLayer],
        telemetry: Telemetry,
    ) -> Result<Self> {
        let pipeline = pipeline(&in_force, services, layers, telemetry)?;
        Ok(Self { name: "api".to_owned(), in_force, pipeline, listener: None })
    }

    /// Replaces what it is called in logs.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

/// The pipeline of a server that goes by `in_force`.
pub(crate) fn pipeline(
    in_force: &InForce,
    services: Vec<Service>,
    layers: &[UserLayer],
    telemetry: Telemetry,
) -> Result<Pipeline> {
    let json = in_force.settings.get().json.clone();
    let routes = Routes::new(services, |options| json.over(options))?;
    let (times, limits) = (in_force.times.clone(), in_force.limits.clone());
    let guard = in_force.guard.clone();
    if guard.authenticator.is_none() {
        let rules = guard.rules.get();
        let asks = |operation: &&'static Operation| rules.auth(operation) != Auth::Open;
        if let Some(operation) = routes.iter().map(|route| route.operation).find(asks) {
            return Err(auth::missing(operation.name()));
        }
    }
    let pipeline = Pipeline::new(routes, times, limits, guard, layers, telemetry);
    Ok(pipeline.with_cors(in_force.cors.clone()))
}

impl Server for ApiServer {
    fn name(&self) -> &str {
        &self.name
    }

    fn bind(&mut self) -> BoxFuture<'_, Result<Vec<Endpoint>>> {
        Box::pin(async move {
            let listener = Listener::bind(self.in_force.settings.clone()).await?;
            let address = listener.address()?;
            self.listener = Some(listener);
            let host = address.ip().to_string();
            let faces = match self.in_force.secure {
                None => ["grpc", "http"],
                Some(_) => ["grpcs", "https"],
            };
            Ok(faces.map(|face| Endpoint::new(face, &host, address.port())).into())
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
            let room = Room::new(open_files_limit());
            let InForce { settings, secure, .. } = self.in_force;
            let connections = Connections::new(self.pipeline, settings, secure.clone(), room);
            let renewed = async {
                match secure {
                    Some(secure) => secure.follow().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = connections.serve(listener, &stop) => {}
                () = renewed => {}
            }
            Ok(())
        })
    }
}

impl fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiServer")
            .field("name", &self.name)
            .field("address", &self.in_force.settings.get().address)
            .field("pipeline", &self.pipeline)
            .finish_non_exhaustive()
    }
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

    #[tokio::test]
    async fn a_server_that_was_not_bound_says_so() {
        let server = ApiServer::new(ServerSettings::default(), Vec::new()).unwrap();
        let error = Box::new(server).serve(Stop::new()).await.unwrap_err();
        assert_eq!(error.reason(), "SERVER_NOT_BOUND");
    }
}

//! The course of a service: how it comes up, what ends it, and how it goes down, step by step.
//!
//! Up: the service's own first steps, every port taken, every server serving, ready, registered, the
//! service's own last steps. Down: not ready, own steps, deregistered, a delay in which callers forget
//! us, nothing new taken, what is in flight finished, what is left cut, own steps, the log written
//! out. Every step is bounded and logged with how long it took, and all of going down is within
//! `stop.timeout`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use crate::config::{Variables, duration};
use crate::error::Result;
use crate::registry::{Advertise, Endpoint, Instance, Registrar};
use crate::server::Server;
use crate::telemetry::Telemetry;
use crate::telemetry::metrics::Asked;
use crate::telemetry::{self, millis};

use super::admin;
use super::announce::{Announced, Announcer, Gate};
use super::channels::Channels;
use super::config::{Handle, Reloading};
use super::exit::Exit;
use super::hooks::{self, Hooks};
use super::live::{Follower, Latest};
use super::rollout::{self, Rollout};
use super::servers::Servers;
use super::settings::Settings;
use super::signals::Signal;

/// The part of `stop.timeout` that is kept for cutting, last steps and the log.
const RESERVE: u32 = 10;

/// Why a service goes down.
#[derive(Debug)]
pub(super) enum Cause {
    Signal(Signal),
    /// Whoever runs it said so.
    Asked,
    /// A server ended by itself.
    Ended {
        server: String,
        outcome: Result<()>,
    },
    /// It did not come up.
    Failed(Exit),
}

/// Where a service is once it is up.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    /// By server, where it is bound.
    pub(crate) bound: Vec<(String, Vec<Endpoint>)>,
}

pub(super) struct Life {
    /// For as long as it lives, the metrics tell of it.
    #[expect(dead_code, reason = "held, not read")]
    pub(super) measured: Asked,
    pub(super) config: Handle,
    /// With what it started.
    pub(super) settings: Arc<Settings>,
    pub(super) latest: Latest,
    /// Until it is started.
    pub(super) rollout: Option<rollout::Parts>,
    /// Until it is started.
    pub(super) follower: Option<Follower>,
    pub(super) variables: Arc<Variables>,
    pub(super) instance: Instance,
    pub(super) registrar: Option<Arc<dyn Registrar>>,
    /// Whether only processes of this machine find us.
    pub(super) is_local: bool,
    pub(super) servers: Vec<Box<dyn Server>>,
    pub(super) admin: Option<Box<dyn Server>>,
    pub(super) services: Vec<&'static str>,
    pub(super) hooks: Hooks,
    pub(super) gate: Gate,
    pub(super) announced: watch::Sender<Announced>,
    pub(super) channels: Channels,
    pub(super) telemetry: Telemetry,
    /// Told once, when the service is up.
    pub(super) started: Option<oneshot::Sender<Started>>,
    pub(super) running: Running,
    /// Dropped last, which writes out what it says.
    pub(super) log: Option<telemetry::Running>,
}

/// What there is to stop.
#[derive(Default)]
pub(super) struct Running {
    pub(super) servers: Servers,
    /// Told to stop last, so that it tells how stopping goes.
    admin: Servers,
    announcer: Option<Announcer>,
    /// Dropped last: settings that are accepted while the service stops are heeded too.
    following: Option<AbortOnDropHandle<()>>,
    reloading: Option<Reloading>,
    rollout: Option<Rollout>,
}

impl Life {
    /// Comes up and stays so until something ends it: `stop`, or a server of its own.
    ///
    /// `stop` is heeded during the start too: what has not begun then does not begin.
    pub(super) async fn up(&mut self, stop: impl Future<Output = Cause>) -> Cause {
        tokio::pin!(stop);
        tokio::select! {
            biased;
            cause = &mut stop => return cause,
            outcome = self.start() => {
                if let Err(error) = outcome {
                    return Cause::Failed(error.into());
                }
            }
        }
        tokio::select! {
            cause = stop => cause,
            cause = self.running.ended() => cause,
        }
    }

    async fn start(&mut self) -> Result<()> {
        let begun = Instant::now();
        self.running.reloading = Some(self.config.reloading());
        hooks::run_until_failure("before_start", std::mem::take(&mut self.hooks.before_start))
            .await?;
        let bound = self.bind().await?;
        let follower = self.follower.take().map(Follower::run);
        self.running.following = follower.map(|run| AbortOnDropHandle::new(tokio::spawn(run)));
        self.gate.set_ready(false);
        for server in self.servers.drain(..) {
            self.running.servers.start(server);
        }
        if let Some(server) = self.admin.take() {
            self.running.admin.start(server);
        }
        self.running.rollout = self.rollout.take().map(Rollout::start);
        self.advertise(&bound)?;
        let depends = self.settings.registry.required && self.registrar.is_some();
        if !depends {
            self.gate.set_ready(true);
            tracing::info!(phase = "ready", after_ms = millis(begun.elapsed()), "ready");
        }
        self.announce(depends).await;
        self.tell(&bound);
        hooks::run_until_failure("after_start", std::mem::take(&mut self.hooks.after_start))
            .await?;
        tracing::info!(
            phase = "started",
            took_ms = millis(begun.elapsed()),
            service = self.instance.name,
            version = self.instance.version,
            instance = self.instance.id,
            "started"
        );
        if let Some(started) = self.started.take() {
            // Whoever wanted to know may have gone.
            started.send(Started { bound }).ok();
        }
        Ok(())
    }

    /// Takes every port, before anything is announced.
    async fn bind(&mut self) -> Result<Vec<(String, Vec<Endpoint>)>> {
        let begun = Instant::now();
        let mut bound = Vec::with_capacity(self.servers.len());
        for server in self.servers.iter_mut().chain(&mut self.admin) {
            let endpoints = server.bind().await?;
            bound.push((server.name().to_owned(), endpoints));
        }
        tracing::info!(
            phase = "bind",
            took_ms = millis(begun.elapsed()),
            servers = bound.len(),
            "every port is bound"
        );
        Ok(bound)
    }

    /// Finds the addresses to announce.
    fn advertise(&mut self, bound: &[(String, Vec<Endpoint>)]) -> Result<()> {
        if self.registrar.is_none() {
            return Ok(());
        }
        let is_default = self.settings.server.advertise == Advertise::Auto;
        let setting = match &self.settings.server.advertise {
            // Whoever finds us through a folder of this machine reaches us by loopback.
            Advertise::Auto if self.is_local => Advertise::Host("127.0.0.1".to_owned(), None),
            setting => setting.clone(),
        };
        let mut guess = None;
        for (name, endpoint) in each_endpoint(bound) {
            let Ok(address) = endpoint.host().parse() else {
                self.instance.endpoints.push(endpoint.clone());
                continue;
            };
            let address = std::net::SocketAddr::new(address, endpoint.port());
            let how = match &setting {
                Advertise::Host(host, Some(_)) if name != "api" => {
                    // The port that was set is that of the API.
                    Advertise::Host(host.clone(), None)
                }
                _ if is_default && !address.ip().is_unspecified() => Advertise::Auto,
                setting => setting.clone(),
            };
            let found = how.resolve(address, |name| self.variables.get(name).map(str::to_owned))?;
            self.instance.endpoints.push(Endpoint::new(endpoint.scheme(), found.host, found.port));
            guess = guess.or(found.guess);
        }
        if let Some(guess) = guess {
            tracing::warn!("{guess}");
        }
        Ok(())
    }

    async fn announce(&mut self, depends: bool) {
        let Some(registrar) = self.registrar.clone() else { return };
        let begun = Instant::now();
        let announcer = Announcer::begin(
            registrar,
            self.instance.clone(),
            self.latest.clone(),
            self.announced.clone(),
            depends.then(|| self.gate.clone()),
        );
        self.running.announcer = Some(announcer);
        // An attempt is bounded, and an error would mean that the task is gone.
        self.announced.subscribe().wait_for(Announced::is_tried).await.map(drop).ok();
        tracing::info!(
            phase = "register",
            took_ms = millis(begun.elapsed()),
            held = self.announced.borrow().is_held(),
            "the registry was told"
        );
    }

    /// One line for each address, with what is in force there.
    fn tell(&self, bound: &[(String, Vec<Endpoint>)]) {
        let server = &self.settings.server;
        for (name, endpoints) in bound {
            let Some(first) = endpoints.first() else { continue };
            let faces: Vec<_> = endpoints.iter().map(Endpoint::scheme).collect();
            let (address, faces) = (first.authority(), faces.join(", "));
            match name.as_str() {
                "api" => tracing::info!(
                    phase = "listening",
                    server = name,
                    address,
                    faces,
                    services = self.services.join(", "),
                    timeout = duration::format(server.timeout),
                    max_message_size = server.max_message_size,
                    max_connections = server.connection.max,
                    max_age = duration::format(server.connection.max_age),
                    "listening"
                ),
                admin::NAME => tracing::info!(
                    phase = "listening",
                    server = name,
                    address,
                    pages = admin::paths(),
                    guarded = !self.settings.admin.token.is_empty(),
                    "listening"
                ),
                _ => {
                    tracing::info!(phase = "listening", server = name, address, faces, "listening");
                }
            }
        }
        for channel in self.channels.all() {
            let client = channel.settings();
            tracing::info!(
                channel = channel.target(),
                timeout = duration::format(client.timeout),
                balancer = ?client.balancer,
                "calling"
            );
        }
        tracing::info!(
            registry =
                self.registrar.as_ref().map_or_else(|| "none".to_owned(), |it| it.describe()),
            required = self.settings.registry.required,
            drain_delay = duration::format(self.settings.stop.drain_delay),
            stop_timeout = duration::format(self.settings.stop.timeout),
            "in force"
        );
    }

    /// Goes down in order, whatever the cause.
    ///
    /// # Errors
    ///
    /// If something failed, be it the cause or on the way.
    pub(super) async fn down(mut self, cause: Cause) -> Result<(), Exit> {
        let begun = Instant::now();
        let stop = self.latest.get().stop.clone();
        let total = stop.timeout;
        let reserve = (total / RESERVE).min(Duration::from_secs(2));
        let (until, end) = (begun + total.saturating_sub(reserve), begun + total);
        let (why, mut failure) = cause.told();
        tracing::info!(phase = "stop", why, within_ms = millis(total), "stopping");

        let was_ready = self.gate.shut();
        tracing::info!(phase = "not_ready", "not ready any more");

        if let Some(rollout) = self.running.rollout.take() {
            rollout.stop().await;
        }
        let hooks = std::mem::take(&mut self.hooks.before_stop);
        note(&mut failure, hooks::run_all("before_stop", hooks, until).await);

        self.deregister(until).await;
        if was_ready && !self.running.servers.is_empty() {
            let drained = (Instant::now() + stop.drain_delay).min(until);
            tracing::info!(
                phase = "drain_delay",
                delay_ms = millis(stop.drain_delay),
                "serving on until callers have forgotten us"
            );
            sleep_until(drained).await;
        }
        let (draining, given_up) = (Instant::now(), end - reserve / 2);
        note(&mut failure, self.running.servers.finish(until, given_up).await);
        tracing::info!(
            phase = "drain",
            took_ms = millis(draining.elapsed()),
            "what was in flight has ended"
        );
        note(&mut failure, self.running.admin.finish(given_up, end).await);

        let hooks = std::mem::take(&mut self.hooks.after_stop);
        note(&mut failure, hooks::run_all("after_stop", hooks, end).await);
        if let Some(reloading) = self.running.reloading.take() {
            reloading.stop().await;
        }
        tracing::info!(
            phase = "stopped",
            took_ms = millis(begun.elapsed()),
            failed = failure.is_some(),
            "stopped"
        );
        // What it says of its own stop is sent too.
        self.telemetry.flush(end.saturating_duration_since(Instant::now())).await;
        drop(self.log.take());
        failure.map_or(Ok(()), Err)
    }

    async fn deregister(&mut self, until: Instant) {
        let Some(announcer) = self.running.announcer.take() else { return };
        let begun = Instant::now();
        let limit = self.latest.get().registry.timeout.min(until - begun);
        match announcer.release(limit).await {
            Ok(()) => tracing::info!(
                phase = "deregister",
                took_ms = millis(begun.elapsed()),
                "deregistered"
            ),
            Err(error) => {
                tracing::warn!(
                    phase = "deregister",
                    took_ms = millis(begun.elapsed()),
                    error = &error as &dyn std::error::Error,
                    "cannot deregister"
                );
            }
        }
    }
}

impl Running {
    /// Resolves when a server ends that nobody asked to. Cancel-safe.
    async fn ended(&mut self) -> Cause {
        let (server, outcome) = tokio::select! {
            Some(ended) = self.servers.next() => ended,
            Some(ended) = self.admin.next() => ended,
            // An app without servers runs until it is stopped.
            else => std::future::pending().await,
        };
        Cause::Ended { server, outcome }
    }
}

impl Cause {
    /// What the log is told, and what is to be told at the end.
    fn told(self) -> (String, Option<Exit>) {
        match self {
            Self::Signal(signal) => (signal.name().to_owned(), None),
            Self::Asked => ("asked to".to_owned(), None),
            Self::Failed(exit) => (format!("cannot start: {exit}"), Some(exit)),
            Self::Ended { server, outcome: Ok(()) } => (format!("server {server} ended"), None),
            Self::Ended { outcome: Err(error), .. } => {
                (error.message().to_owned(), Some(error.into()))
            }
        }
    }
}

/// What others may find: the admin port is for those who operate this copy.
fn each_endpoint(bound: &[(String, Vec<Endpoint>)]) -> impl Iterator<Item = (&str, &Endpoint)> {
    let found = bound.iter().filter(|(name, _)| name != admin::NAME);
    found.flat_map(|(name, all)| all.iter().map(move |endpoint| (name.as_str(), endpoint)))
}

/// Keeps the first failure; all of them are in the log.
fn note(failure: &mut Option<Exit>, outcome: Result<()>) {
    if let Err(error) = outcome {
        failure.get_or_insert_with(|| error.into());
    }
}

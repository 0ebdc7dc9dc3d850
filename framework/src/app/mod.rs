//! An app: what a service is made of, how it runs, and how it stops.
//!
//! `main` reads the settings ([`config`](crate::config())), makes an [`App`] of them, gives it what it serves, and runs
//! it. The app owns the rest: ports, health, registry, channels to others, signals.

mod admin;
mod announce;
mod auth;
mod channels;
pub(crate) mod config;
mod exit;
mod flags;
mod hooks;
mod life;
mod live;
mod measure;
mod rollout;
mod servers;
mod settings;
mod signals;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::sync::{oneshot, watch};
use tower::{Layer, Service as TowerService};

use crate::backend::local::{Local, LocalSettings};
use crate::backend::memory::Memory;
use crate::body::Body;
use crate::builtin;
use crate::client::Channel;
use crate::config::Invalid;
use crate::dispatch::Service;
use crate::error::{BoxError, Error, Result};
use crate::health::Health;
use crate::middleware::{Selector, UserLayer, UserService};
use crate::registry::{Discovery, Instance, Registrar};
use crate::rules::Rules;
use crate::server::Server;
use crate::telemetry::{Speaker, Surroundings, Telemetry};
use crate::transport::{self, ApiServer};

pub use self::config::{Config, ConfigBuilder, ConfigSettings, Current, Held, Reloading, Watch};
pub use self::exit::Exit;
pub(crate) use self::life::Started;
pub use self::settings::{
    AdminSettings, AppSettings, RegistryKind, RegistrySettings, Settings, StopSettings,
};

use self::admin::AdminServer;
use self::announce::{Announced, Gate};
use self::channels::Channels;
use self::config::Handle;
use self::hooks::{Hook, Hooks};
use self::life::{Cause, Life, Running};
use self::live::{Configured, Follower, Latest, Pending};
use self::signals::Signals;

/// A service on its way to run.
///
/// ```no_run
/// # fn user_service() -> bia::Service { unimplemented!() }
/// #[tokio::main]
/// async fn main() -> Result<(), bia::Exit> {
///     let config = bia::config::<()>().await?;
///     let app = bia::App::new("user-service", env!("CARGO_PKG_VERSION"), &config)?;
///     app.check("database", || async { Ok(()) });
///     app.serve(user_service()).run().await
/// }
/// ```
pub struct App {
    config: Handle,
    /// With what it was made.
    settings: Arc<Settings>,
    latest: Latest,
    variables: Arc<crate::config::Variables>,
    instance: Instance,
    health: Health,
    registrar: Option<Arc<dyn Registrar>>,
    is_local: bool,
    discovery: Option<Arc<dyn Discovery>>,
    services: Vec<Service>,
    layers: Vec<UserLayer>,
    servers: Vec<Box<dyn Server>>,
    hooks: Hooks,
    channels: Channels,
    telemetry: Telemetry,
    server: transport::InForce,
}

impl App {
    /// Makes an app of its name in the registry, its version and its settings, and begins the log.
    ///
    /// It opens the registry that the settings name; nothing is announced and no port taken before it
    /// runs.
    ///
    /// # Errors
    ///
    /// If the settings cannot be used: the folder of the local registry, a certificate that is not
    /// there. With the process's own settings (of [`config`](crate::config())) that ends the process
    /// with code 78, see [`Exit`].
    pub fn new<T>(name: &str, version: &str, config: &Config<T>) -> Result<Self, Exit> {
        if config.handle.answers.only_version {
            config::print(&format!("{name} {version}"));
            exit::leave(0);
        }
        let answers = config.handle.answers;
        let accepted = config.handle.subscribe();
        let built = Self::build(name, version, config.handle.clone(), accepted);
        if answers.of_process
            && let Ok(app) = &built
        {
            app.telemetry.metrics().become_global();
        }
        built.map_err(|invalid| {
            let exit = Exit::configuration(invalid);
            if answers.of_process {
                exit.leave();
            }
            exit
        })
    }

    fn build(
        name: &str,
        version: &str,
        config: Handle,
        accepted: watch::Receiver<Arc<Settings>>,
    ) -> Result<Self, Invalid> {
        let (latest, variables) = (Latest::new(accepted), Arc::clone(&config.variables));
        let settings = latest.get();
        let name = settings.app.name.as_deref().unwrap_or(name);
        let id = settings.app.id.clone();
        let id = id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        let mut instance = Instance::new(id, name, version);
        instance.metadata.clone_from(&settings.app.metadata);
        let speaker = Speaker {
            service: instance.name.clone(),
            instance: instance.id.clone(),
            version: instance.version.clone(),
        };
        let surroundings = Surroundings {
            over: variables.get("RUST_LOG"),
            without_colours: variables.get("NO_COLOR").is_some_and(|set| !set.is_empty()),
            environment: variables.environment(),
            is_own: config.answers.of_process,
        };
        let telemetry = Telemetry::begin(&settings.telemetry, &surroundings, &speaker)?;
        for warning in config.warnings() {
            tracing::warn!(target: "bia::config", "{warning}");
        }
        let server = transport::InForce::new(settings.server.clone())
            .map_err(|error| in_setting("server.tls", &error))?;
        server.rules().set(Rules::new(&settings.operations));
        let (registrar, discovery) = match registry(&settings, &variables)? {
            Some((registrar, discovery)) => (Some(registrar), Some(discovery)),
            // A service that calls others can be tested as a whole without them.
            None if config.answers.of_test => (None, Some(Arc::new(Memory::new()) as _)),
            None => (None, None),
        };
        Ok(Self {
            is_local: settings.registry.kind == RegistryKind::Local,
            config,
            settings,
            latest,
            variables,
            instance,
            health: Health::new(),
            registrar,
            discovery,
            services: Vec::new(),
            layers: Vec::new(),
            servers: Vec::new(),
            hooks: Hooks::default(),
            channels: Channels::default(),
            telemetry,
            server,
        })
    }

    /// Adds a service to the port that calls come in by. Without any, that port is not opened.
    #[must_use]
    pub fn serve(mut self, service: Service) -> Self {
        self.health.set_service(service.name(), true);
        self.services.push(service);
        self
    }

    /// Adds a layer around every operation, inside the layers of the framework and those added before.
    ///
    /// Its requests have the call's [`Context`](crate::Context) among their extensions. Costs a box
    /// for each call.
    #[must_use]
    pub fn layer<L, B>(self, layer: L) -> Self
    where
        L: Layer<UserService> + Send + Sync + 'static,
        L::Service:
            TowerService<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as TowerService<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as TowerService<Request<Body>>>::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.layer_for(Selector::all(), layer)
    }

    /// Adds a layer around the operations that a selector names: `"/user.v1.UserService/GetUser"`,
    /// `"/user.v1.UserService/*"`, or [`Selector::regex`].
    #[must_use]
    pub fn layer_for<L, B>(mut self, operations: impl Into<Selector>, layer: L) -> Self
    where
        L: Layer<UserService> + Send + Sync + 'static,
        L::Service:
            TowerService<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as TowerService<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as TowerService<Request<Body>>>::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.layers.push(UserLayer::new(operations.into(), layer));
        self
    }

    /// Adds a server of its own kind, which starts and stops with the app: another port, a consumer of
    /// a queue, a timer.
    #[must_use]
    pub fn server(mut self, server: impl Server) -> Self {
        self.servers.push(Box::new(server));
        self
    }

    /// Adds a check that `/readyz` runs whenever it is asked, replacing one of the same name.
    ///
    /// It must be cheap, a ping; it may take `admin.check_timeout`. A failing check takes the instance
    /// out of an orchestrator's rotation. It does not change what `grpc.health.v1` answers, which tells
    /// whether the app is up: a database that is away must not close the connections of every caller.
    pub fn check<F, Fut>(&self, name: impl Into<String>, check: F) -> &Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        self.health.add_check(name, check);
        self
    }

    /// The channel to a service, by its name in the registry (`order-service`) or by addresses
    /// (`direct:///10.1.2.3:9000,10.1.2.4:9000`), with the settings `client` and `clients.<service>`.
    ///
    /// There is one for each target, whoever asks for it. It begins to connect at once; calls wait
    /// for it. `/registry` shows what it sees.
    ///
    /// # Errors
    ///
    /// If the target cannot be read, or is a service while `registry.kind` is `none`; in a test it then is
    /// a service without instances.
    pub fn channel(&self, target: &str) -> Result<Channel> {
        self.channels.get_or_make(target, || {
            let settings = self.latest.get().client_of(channels::callee(target)).clone();
            let rules = self.server.rules().clone();
            let builder = Channel::builder(target).settings(settings).rules(rules);
            let builder = builder.telemetry(self.telemetry.clone());
            match &self.discovery {
                Some(discovery) => builder.discovery(Arc::clone(discovery)),
                None => builder,
            }
            .build()
        })
    }

    /// What the service measures of its own: instruments of OpenTelemetry, in the name of the service.
    /// What they count is shown by `/metrics` and sent by OTLP, beside what the framework measures.
    ///
    /// ```no_run
    /// # fn example(app: &bia::App) {
    /// let placed = app.meter().u64_counter("orders.placed").build();
    /// placed.add(1, &[bia::opentelemetry::KeyValue::new("country", "CH")]);
    /// # }
    /// ```
    ///
    /// Libraries that measure through `opentelemetry::global` are heard too, from [`App::new`] on. An
    /// instrument has at most 2,000 series; further ones are counted together.
    #[must_use]
    pub fn meter(&self) -> opentelemetry::metrics::Meter {
        self.telemetry.metrics().meter(self.instance.name.clone())
    }

    /// Adds a step before anything else of the start: a migration, a warm-up. Steps run in their order.
    ///
    /// One that fails, or takes longer than `limit`, ends the start: exit code 1.
    #[must_use]
    pub fn before_start<F, Fut, E>(
        mut self,
        name: impl Into<String>,
        limit: Duration,
        run: F,
    ) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.hooks.before_start.push(Hook::new(name, limit, run));
        self
    }

    /// Adds a step once the service serves and the first attempt to register is over.
    ///
    /// One that fails, or takes longer than `limit`, stops the service in order: exit code 1.
    #[must_use]
    pub fn after_start<F, Fut, E>(
        mut self,
        name: impl Into<String>,
        limit: Duration,
        run: F,
    ) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.hooks.after_start.push(Hook::new(name, limit, run));
        self
    }

    /// Adds a step once the service is not ready any more, while it still serves.
    ///
    /// It may take `limit` and what is left of `stop.timeout`. One that fails stops nothing, and the
    /// exit code is 1. It is run also if the start did not get far: it must not take for granted that
    /// the other steps were.
    #[must_use]
    pub fn before_stop<F, Fut, E>(
        mut self,
        name: impl Into<String>,
        limit: Duration,
        run: F,
    ) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.hooks.before_stop.push(Hook::new(name, limit, run));
        self
    }

    /// Adds a step after the last call has ended: to close what calls use. As [`App::before_stop`].
    #[must_use]
    pub fn after_stop<F, Fut, E>(mut self, name: impl Into<String>, limit: Duration, run: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.hooks.after_stop.push(Hook::new(name, limit, run));
        self
    }

    /// Adds what the instance says of itself in the registry, replacing an entry of the same key, also
    /// one of the setting `app.metadata`.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.instance.metadata.insert(key.into(), value.into());
        self
    }

    /// Replaces where the app announces itself, whatever `registry.kind` says.
    #[must_use]
    pub fn registrar(mut self, registrar: impl Registrar) -> Self {
        self.registrar = Some(Arc::new(registrar));
        self.is_local = false;
        self
    }

    /// Replaces where the app finds others, whatever `registry.kind` says. Before the first channel is
    /// made: those that are there keep what they had.
    #[must_use]
    pub fn discovery(mut self, discovery: impl Discovery) -> Self {
        self.discovery = Some(Arc::new(discovery));
        self
    }

    /// The health of the app, to say that one of its services does not serve.
    ///
    /// Whether the app as a whole is ready is said by its course.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The instance as it will be announced; its endpoints are known once it runs.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Sends the traces, metrics and logs that wait to be sent. Returns when they have arrived, or after
    /// `limit`.
    ///
    /// An app that [runs](App::run) does it when it stops. This is for a program that only makes calls:
    /// without it, what it did last is not seen.
    pub async fn flush(&self, limit: Duration) {
        self.telemetry.flush(limit).await;
    }

    /// Runs until SIGTERM, SIGINT (Ctrl-C), or the end of one of its servers, then stops in order.
    ///
    /// A second signal ends the process at once, with code 130 (SIGINT) or 143 (SIGTERM).
    ///
    /// # Errors
    ///
    /// If it cannot start (a port is taken, a step fails), a server ends with an error, or a step of
    /// the stop fails. It has stopped in order then too.
    pub async fn run(self) -> Result<(), Exit> {
        let mut signals = Signals::listen()?;
        let mut life = Box::new(self.into_life(None)?);
        let cause = life.up(async { Cause::Signal(signals.next().await) }).await;
        tokio::select! {
            outcome = life.down(cause) => outcome,
            signal = signals.next() => {
                tracing::warn!(signal = signal.name(), "a second signal: ending at once");
                exit::leave(signal.exit_code())
            }
        }
    }

    /// Runs until `stop` resolves or one of its servers ends, then stops in order. Signals are left
    /// alone.
    ///
    /// # Errors
    ///
    /// As [`App::run`].
    pub async fn run_until(self, stop: impl Future<Output = ()> + Send) -> Result<(), Exit> {
        self.run_telling(stop, None).await
    }

    /// The same, telling when it is up.
    pub(crate) async fn run_telling(
        self,
        stop: impl Future<Output = ()> + Send,
        started: Option<oneshot::Sender<Started>>,
    ) -> Result<(), Exit> {
        let mut life = Box::new(self.into_life(started)?);
        let cause = life
            .up(async {
                stop.await;
                Cause::Asked
            })
            .await;
        life.down(cause).await
    }

    fn into_life(self, started: Option<oneshot::Sender<Started>>) -> Result<Life> {
        let announced = watch::Sender::new(Announced::nothing());
        let names = self.services.iter().map(Service::name).collect();
        let mut servers = Vec::with_capacity(self.servers.len() + 1);
        let running = Running::default();
        let mut in_force = None;
        let log = self.telemetry.logs().run();
        let rules = self.server.rules().clone();
        if !self.services.is_empty() {
            let server = in_force.insert(self.server);
            let own = builtin::services(
                server.settings(),
                &self.services,
                &self.instance,
                &self.health,
                running.servers.stop(),
            );
            let services: Vec<_> = self.services.into_iter().chain(own).collect();
            auth::warn_of_unknown(&self.settings, &services);
            let server =
                ApiServer::layered(server.clone(), services, &self.layers, self.telemetry.clone())?;
            servers.push(Box::new(server) as Box<dyn Server>);
        }
        servers.extend(self.servers);
        let pending = Pending::none();
        let admin = (!self.settings.admin.address.is_empty()).then(|| {
            let admin = AdminServer::new(
                self.latest.clone(),
                self.health.clone(),
                announced.subscribe(),
                self.channels.clone(),
                self.telemetry.clone(),
                Configured { config: self.config.clone(), pending: pending.clone() },
            );
            Box::new(admin) as Box<dyn Server>
        });
        let follower = Follower {
            latest: self.latest.clone(),
            started: Arc::clone(&self.settings),
            pending,
            server: in_force,
            rules,
            channels: self.channels.clone(),
            telemetry: self.telemetry.clone(),
        };
        let measured = measure::measure(
            self.telemetry.metrics(),
            &self.instance,
            self.health.clone(),
            announced.subscribe(),
            self.channels.clone(),
            self.config.clone(),
        );
        let rollout = rollout::Parts {
            instance: self.instance.id.clone(),
            settings: self.config.subscribe(),
            stage: self.config.stage.clone(),
            in_force: {
                let config = self.config.clone();
                Box::new(move || config.staged())
            },
            vitals: Arc::new(rollout::Served(self.telemetry.metrics().clone())),
            board: rollout::board(&self.settings)?,
        };
        Ok(Life {
            rollout: Some(rollout),
            measured,
            config: self.config,
            telemetry: self.telemetry,
            settings: self.settings,
            latest: self.latest,
            follower: Some(follower),
            variables: self.variables,
            instance: self.instance,
            registrar: self.registrar,
            is_local: self.is_local,
            servers,
            admin,
            services: names,
            hooks: self.hooks,
            gate: Gate::new(self.health),
            announced,
            channels: self.channels,
            started,
            running,
            log,
        })
    }
}

type Joints = (Arc<dyn Registrar>, Arc<dyn Discovery>);

/// The registry that the settings name.
fn registry(
    settings: &Settings,
    variables: &crate::config::Variables,
) -> Result<Option<Joints>, Invalid> {
    let settings = &settings.registry;
    match settings.kind {
        RegistryKind::Local => {
            let mut local = settings.local.clone();
            local.path.get_or_insert_with(|| {
                let runtime = variables.get("XDG_RUNTIME_DIR").map(std::path::Path::new);
                LocalSettings::default_path(runtime)
            });
            let local =
                Arc::new(Local::new(&local).map_err(|error| in_setting("registry.local", &error))?);
            Ok(Some((Arc::clone(&local) as _, local)))
        }
        RegistryKind::None => Ok(None),
        #[cfg(feature = "consul")]
        RegistryKind::Consul => {
            let consul = crate::backend::consul::Consul::new(&settings.consul)
                .map_err(|error| in_setting("registry.consul", &error))?;
            let consul = Arc::new(consul);
            Ok(Some((Arc::clone(&consul) as _, consul)))
        }
        #[cfg(not(feature = "consul"))]
        RegistryKind::Consul => {
            Err(Invalid::new("registry.kind", "this program was built without Consul"))
        }
    }
}

/// The fault of a setting that shows when it is used, with its causes.
fn in_setting(key: &str, error: &Error) -> Invalid {
    let mut what = error.message().to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        what.push_str(&format!(": {error}"));
        cause = error.source();
    }
    Invalid::new(key, what)
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("instance", &self.instance)
            .field("services", &self.services)
            .field("health", &self.health)
            .finish_non_exhaustive()
    }
}

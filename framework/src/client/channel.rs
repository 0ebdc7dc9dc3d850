use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use futures_core::Stream;
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

use crate::balance::Balancer;
use crate::body::Body;
use crate::config::Live;
use crate::error::{Error, Result};
use crate::operation::Operation;
use crate::registry::{Discovery, Endpoint};
use crate::rules::Rules;
use crate::telemetry::{ClientCalls, Sent, Telemetry};
use crate::wire::{self, Streaming};

use super::call::{self, Call, Told};
use super::owner;
use super::pool::{InForce, Pool};
use super::pump::Payload;
use super::requests::Requests;
use super::retry::Budget;
use super::secure::Secure;
use super::settings::{ClientSettings, Protocol, Terms};
use super::socket::{Connector, Way};
use super::state::ChannelState;
use super::target::Target;

/// The way to a service: its nodes, connected and balanced. Cloning is cheap; all clones are one.
///
/// Generated clients stand on it. It is also a [`tower::Service`] of HTTP requests, for clients that
/// tonic generated. Dropping the last clone closes its connections, once the streams that are still
/// read have ended.
#[derive(Clone)]
pub struct Channel(Arc<Shared>);

struct Shared {
    pool: Arc<Pool>,
    calls: ClientCalls,
    rules: Live<Rules>,
    budget: Budget,
    _owner: AbortOnDropHandle<()>,
    /// Its watches may end with it.
    _discovery: Option<Arc<dyn Discovery>>,
}

/// Makes a [`Channel`].
pub struct ChannelBuilder {
    target: String,
    settings: ClientSettings,
    discovery: Option<Arc<dyn Discovery>>,
    balancer: Option<Arc<dyn Balancer>>,
    connector: Connector,
    telemetry: Telemetry,
    rules: Live<Rules>,
}

impl Channel {
    /// Begins a channel to `target`: the name of a service, `user-service` or
    /// `discovery:///user-service`, for which [`ChannelBuilder::discovery`] is needed; or addresses,
    /// `host:port` or `direct:///host:port,host:port`.
    ///
    /// A host is looked up at every connect, and the first of its addresses that answers is taken.
    #[must_use]
    pub fn builder(target: impl Into<String>) -> ChannelBuilder {
        ChannelBuilder {
            target: target.into(),
            settings: ClientSettings::default(),
            discovery: None,
            balancer: None,
            connector: Connector::Tcp,
            telemetry: Telemetry::off(),
            rules: Live::new(Rules::default()),
        }
    }

    /// Calls a method of one message each way.
    #[expect(clippy::needless_pass_by_value, reason = "a request is used up by its call")]
    pub fn unary<Req, Res>(&self, operation: &'static Operation, request: Req) -> Call<Res>
    where
        Req: Message,
        Res: Message + Default + 'static,
    {
        let terms = self.pool().terms();
        let told = self.speaks_grpc(operation.name()).and_then(|()| encode(&request, terms));
        Call::new(self.clone(), terms, operation, told, call::one)
    }

    /// Calls a method that streams to the caller.
    #[expect(clippy::needless_pass_by_value, reason = "a request is used up by its call")]
    pub fn server_stream<Req, Res>(
        &self,
        operation: &'static Operation,
        request: Req,
    ) -> Call<Streaming<Res>>
    where
        Req: Message,
        Res: Message + Default + 'static,
    {
        let terms = self.pool().terms();
        let told = self.speaks_grpc(operation.name()).and_then(|()| encode(&request, terms));
        Call::new(self.clone(), terms, operation, told, call::many)
    }

    /// Calls a method that the caller streams to.
    pub fn client_stream<Req, Res, S>(
        &self,
        operation: &'static Operation,
        requests: S,
    ) -> Call<Res>
    where
        Req: Message + 'static,
        Res: Message + Default + 'static,
        S: Stream<Item = Req> + Send + 'static,
    {
        let terms = self.pool().terms();
        let told = self.speaks_grpc(operation.name()).map(|()| stream(requests, terms));
        Call::new(self.clone(), terms, operation, told, call::one)
    }

    /// Calls a method that streams both ways.
    pub fn bidi<Req, Res, S>(
        &self,
        operation: &'static Operation,
        requests: S,
    ) -> Call<Streaming<Res>>
    where
        Req: Message + 'static,
        Res: Message + Default + 'static,
        S: Stream<Item = Req> + Send + 'static,
    {
        let terms = self.pool().terms();
        let told = self.speaks_grpc(operation.name()).map(|()| stream(requests, terms));
        Call::new(self.clone(), terms, operation, told, call::many)
    }

    /// What it calls, as it was given.
    #[must_use]
    pub fn target(&self) -> String {
        self.pool().target.to_string()
    }

    /// The settings in force now. Those of an app's channel change when its configuration does.
    #[must_use]
    pub fn settings(&self) -> Arc<ClientSettings> {
        self.pool().settings()
    }

    /// Replaces the settings: for the next call, for connections that are made from now on, and at
    /// once for what keeps the nodes connected. What is known of the nodes stays.
    pub(crate) fn set_settings(&self, settings: &ClientSettings) {
        self.pool().set_settings(settings);
    }

    /// Who is there and how they do, for `/registry` and for tests.
    #[must_use]
    pub fn state(&self) -> ChannelState {
        ChannelState::of(self.pool())
    }

    /// Whether its nodes are spoken to in gRPC.
    pub(super) fn speaks_grpc(&self, operation: &str) -> Result<()> {
        match self.pool().way.protocol {
            Protocol::Grpc => Ok(()),
            Protocol::Http => Err(only_grpc(operation, &self.target())),
        }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// What holds for operations.
    pub(super) fn rules(&self) -> &Live<Rules> {
        &self.0.rules
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.0.budget
    }

    pub(super) fn calls(&self) -> &ClientCalls {
        &self.0.calls
    }
}

fn only_grpc(operation: &str, target: &str) -> Error {
    Error::unimplemented(
        "PROTOCOL_UNSUITED",
        format!(
            "cannot call {operation} over HTTP, which {target} is spoken to in: only a method that \
             takes one message can be, through the client that was generated of its proto; set \
             client.protocol to grpc for others"
        ),
    )
}

fn encode(request: &impl Message, terms: Terms) -> Result<Told> {
    let mut data = BytesMut::new();
    let sent = wire::encode(request, terms.compress, terms.max_send, &mut data)?;
    let (payload, sent) = (Payload::whole(data.freeze()), Sent::Whole(sent as u64));
    Ok(Told { payload, sent, spoken: None })
}

fn stream<Req, S>(requests: S, terms: Terms) -> Told
where
    Req: Message + 'static,
    S: Stream<Item = Req> + Send + 'static,
{
    let sent = Arc::default();
    let count = Arc::clone(&sent);
    let body = Requests::new(requests, terms.compress, terms.max_send, count);
    Told { payload: Payload::stream(Body::new(body)), sent: Sent::Counted(sent), spoken: None }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("target", &self.target())
            .field("ready", &self.pool().nodes())
            .finish_non_exhaustive()
    }
}

impl ChannelBuilder {
    /// Sets where the service's instances are found. Addresses need none.
    #[must_use]
    pub fn discovery(mut self, discovery: Arc<dyn Discovery>) -> Self {
        self.discovery = Some(discovery);
        self
    }

    /// Replaces the settings.
    #[must_use]
    pub fn settings(mut self, settings: ClientSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Replaces the balancer that the settings name with one of your own.
    #[must_use]
    pub fn balancer(mut self, balancer: Arc<dyn Balancer>) -> Self {
        self.balancer = Some(balancer);
        self
    }

    /// Replaces how connections are made, TCP otherwise: over a Unix socket, or within the process.
    ///
    /// ```
    /// # async fn example() -> bia::Result<()> {
    /// let channel = bia::Channel::builder("user-service:80")
    ///     .connect_with(|_| tokio::net::UnixStream::connect("/run/user-service.sock"))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn connect_with<F, Fut, Io>(mut self, connect: F) -> Self
    where
        F: Fn(&Endpoint) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<Io>> + Send + 'static,
        Io: AsyncRead + AsyncWrite + Send + 'static,
    {
        self.connector = Connector::custom(connect);
        self
    }

    /// Has the calls go by what the settings of an app say of operations.
    #[must_use]
    pub(crate) fn rules(mut self, rules: Live<Rules>) -> Self {
        self.rules = rules;
        self
    }

    /// Has the calls be seen by an app's telemetry.
    #[must_use]
    pub(crate) fn telemetry(mut self, telemetry: Telemetry) -> Self {
        self.telemetry = telemetry;
        self
    }

    /// Makes the channel and begins to connect. Does not wait for it: calls do.
    ///
    /// # Errors
    ///
    /// If the target cannot be read, if it is a service and no discovery was given, if a file of
    /// `client.tls` cannot be read or used, or outside of a tokio runtime.
    pub fn build(self) -> Result<Channel> {
        let target: Target = self.target.parse()?;
        let calls = ClientCalls::new(self.telemetry, &target.to_string());
        let runtime = Handle::try_current().map_err(|error| {
            Error::internal("NO_RUNTIME", "a channel is made inside a tokio runtime, as in `main`")
                .with_source(error)
        })?;
        let discovery = match &target {
            Target::Direct(_) => None,
            Target::Service(name) => Some(self.discovery.ok_or_else(|| no_discovery(name))?),
        };
        let watch = match (&target, &discovery) {
            (Target::Service(name), Some(discovery)) => Some(discovery.watch(name)),
            _ => None,
        };
        let source = discovery.as_ref().map(|discovery| discovery.describe());
        let in_force = InForce::new(self.settings, self.balancer);
        let secure = Secure::of(&in_force.settings, &target)?;
        let protocol = in_force.settings.protocol;
        let way = Way { protocol, connector: self.connector, secure };
        let pool = Arc::new(Pool::new(target, in_force, way, source));
        let task = runtime.spawn(owner::run(Arc::clone(&pool), watch));
        let owner = AbortOnDropHandle::new(task);
        let (rules, budget) = (self.rules, Budget::new());
        let shared = Shared { pool, calls, rules, budget, _owner: owner, _discovery: discovery };
        Ok(Channel(Arc::new(shared)))
    }
}

fn no_discovery(name: &str) -> Error {
    Error::bad_request(
        "DISCOVERY_MISSING",
        format!(
            "cannot find {name} without a registry: give the channel a discovery (set \
             registry.kind), or call addresses (direct:///host:port)"
        ),
    )
}

impl fmt::Debug for ChannelBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBuilder")
            .field("target", &self.target)
            .field("connector", &self.connector)
            .finish_non_exhaustive()
    }
}

/// Whoever holds a channel may call from any task.
const _: fn() = || {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Channel>();
};

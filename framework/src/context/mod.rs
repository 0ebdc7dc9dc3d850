//! What is known of the call being served: operation, deadline, peer, metadata, and what is answered beside the message.
//!
//! A [`Context`] is made where a call arrives and handed to the handler. While the handler runs, and
//! while a stream that it returned is read, it is also the *current* context of the task, which is
//! where clients find the deadline and the metadata to send on. A task that a handler spawns has
//! none: give it one with [`Context::scope`].

mod identity;
mod inbound;
mod over_http;
mod reply;
mod sizes;
mod trace;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::metadata::Metadata;
use crate::operation::{Kind, Operation};

pub use identity::Identity;
pub(crate) use inbound::Inbound;
pub(crate) use over_http::HttpCall;
pub(crate) use reply::ReplyHeaders;
pub(crate) use sizes::Sizes;
use trace::Within;
pub(crate) use trace::{Ambient, B3, Formats};
pub use trace::{Baggage, SpanId, Trace, TraceId};

/// Which protocol a call came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Face {
    /// gRPC over HTTP/2.
    Grpc,
    /// gRPC-Web: the same for browsers, over any version of HTTP.
    GrpcWeb,
    /// A WebSocket, with messages as JSON.
    WebSocket,
    /// HTTP, with JSON bodies.
    Http,
}

/// Who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// The far end of the connection; none for a call within the process.
    pub address: Option<SocketAddr>,
    names: Option<Arc<[String]>>,
}

impl Peer {
    /// A peer at an address.
    #[must_use]
    pub fn new(address: Option<SocketAddr>) -> Self {
        Self { address, names: None }
    }

    /// The same, whose certificate was verified and bears these names.
    pub(crate) fn with_names(mut self, names: Vec<String>) -> Self {
        self.names = (!names.is_empty()).then(|| names.into());
        self
    }

    /// Whom the caller's certificate names: hosts and URIs (SPIFFE), hosts first. None, unless callers
    /// must show one that is verified (`server.tls.client_ca`).
    #[must_use]
    pub fn names(&self) -> &[String] {
        self.names.as_deref().unwrap_or_default()
    }
}

/// The call being served. Cloning is cheap.
#[derive(Clone)]
pub struct Context(Arc<Facts>);

/// What a context holds.
pub(crate) struct Facts {
    operation: &'static Operation,
    /// The operation's place among those of its server, where one has been found.
    route: Option<usize>,
    face: Face,
    peer: Peer,
    begun: Instant,
    /// Set once, by the layer that knows it, when others hold the context already.
    deadline: OnceLock<Instant>,
    metadata: Metadata,
    trace: Option<Trace>,
    baggage: Baggage,
    /// What libraries that speak OpenTelemetry are told of it.
    ambient: Option<Ambient>,
    request_id: Option<HeaderValue>,
    /// Of a call over HTTP; in a box, so that others carry no more than a pointer of it.
    http: Option<Box<HttpCall>>,
    sizes: Sizes,
    headers: OnceLock<HeaderMap>,
    /// Set once, by the layer that finds it out. In a box: most calls have none.
    identity: OnceLock<Box<Identity>>,
    reply: Mutex<Option<Box<ReplyHeaders>>>,
}

tokio::task_local! {
    static CURRENT: Context;
}

/// The operation of a context that belongs to no call.
static BACKGROUND: Operation = Operation::new("/background/Task", Kind::Unary);

impl Context {
    /// The context of a call of `operation` that came by `face`.
    ///
    /// Transports make these; tests of a handler use it too.
    #[must_use]
    pub fn new(operation: &'static Operation, face: Face) -> Self {
        Self::of_call(operation, face, None, Peer::default())
    }

    /// The context of a call that arrived, made at once: each change of one costs a look at who else
    /// holds it.
    pub(crate) fn of_call(
        operation: &'static Operation,
        face: Face,
        route: Option<usize>,
        peer: Peer,
    ) -> Self {
        Self(Arc::new(Facts {
            operation,
            route,
            face,
            peer,
            begun: Instant::now(),
            deadline: OnceLock::new(),
            metadata: Metadata::new(),
            trace: None,
            baggage: Baggage::new(),
            ambient: None,
            request_id: None,
            http: None,
            sizes: Sizes::default(),
            headers: OnceLock::new(),
            identity: OnceLock::new(),
            reply: Mutex::new(None),
        }))
    }

    /// A context of no call: no deadline, no metadata. For work that a timer or a queue starts.
    #[must_use]
    pub fn background() -> Self {
        Self::new(&BACKGROUND, Face::Grpc)
    }

    /// The context of the call that this task is serving, if it is.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Runs `work` with this as the current context: what a spawned task needs so that the calls it
    /// makes carry deadline and metadata on.
    ///
    /// ```
    /// # async fn notify() {}
    /// # fn handler(cx: &bia::Context) {
    /// tokio::spawn(cx.scope(async { notify().await }));
    /// # }
    /// ```
    pub fn scope<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        CURRENT.scope(self.clone(), Within::new(work, self.0.ambient.clone()))
    }

    /// Runs `work` at once, with this as the current context.
    pub(crate) fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), work)
    }

    /// Replaces who calls.
    #[must_use]
    pub fn with_peer(self, peer: Peer) -> Self {
        self.changed(|facts| facts.peer = peer)
    }

    /// Replaces the instant at which the answer is of no use any more.
    #[must_use]
    pub fn with_deadline(self, deadline: Instant) -> Self {
        self.changed(|facts| facts.deadline = OnceLock::from(deadline))
    }

    /// Replaces what the caller told along.
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        self.changed(|facts| facts.metadata = metadata)
    }

    /// Adds an entry to what travels on with the calls made in its [`scope`](Context::scope), replacing
    /// one of the same key. See [`Baggage::with`] for what cannot be carried.
    ///
    /// ```
    /// # async fn charge() {}
    /// # async fn handler(cx: &bia::Context) {
    /// cx.clone().with_baggage("tenant", "a").scope(charge()).await;
    /// # }
    /// ```
    #[must_use]
    pub fn with_baggage(self, key: &str, value: &str) -> Self {
        self.changed(|facts| {
            facts.baggage = std::mem::take(&mut facts.baggage).with(key, value);
        })
    }

    /// Whether the span of the call being served is recorded; none if none is being served.
    #[cfg(feature = "otlp")]
    pub(crate) fn is_recorded() -> Option<bool> {
        CURRENT.try_with(|cx| cx.0.ambient.is_some()).ok()
    }

    /// The same, of a call over HTTP.
    pub(crate) fn with_http(self, http: HttpCall) -> Self {
        self.changed(|facts| facts.http = Some(Box::new(http)))
    }

    /// What is known of it as a call over HTTP, if it is one.
    pub(crate) fn http(&self) -> Option<&HttpCall> {
        self.0.http.as_deref()
    }

    pub(crate) fn route(&self) -> Option<usize> {
        self.0.route
    }

    /// The method that is called, the same on every face.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.0.operation
    }

    /// The protocol that the call came by. For logs; what a handler does must not depend on it.
    #[must_use]
    pub fn face(&self) -> Face {
        self.0.face
    }

    /// Who calls.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.0.peer
    }

    /// Who calls, if the operation asks for it and an authenticator found it out.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.0.identity.get().map(|identity| &**identity)
    }

    /// Replaces who calls, for tests of a handler.
    #[must_use]
    pub fn with_identity(self, identity: Identity) -> Self {
        self.changed(|facts| facts.identity = OnceLock::from(Box::new(identity)))
    }

    /// When the answer is of no use any more; none for a stream that nobody bounded.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline.get().copied()
    }

    /// When the call came in.
    pub(crate) fn begun(&self) -> Instant {
        self.0.begun
    }

    /// What the call is called in the logs of everybody that it passes: what the caller sent as
    /// `x-request-id`, else made here. It is returned to the caller and sent on to callees.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_ref()?.to_str().ok()
    }

    pub(crate) fn request_id_value(&self) -> Option<&HeaderValue> {
        self.0.request_id.as_ref()
    }

    pub(crate) fn sizes(&self) -> &Sizes {
        &self.0.sizes
    }

    /// What is left until the deadline; zero if it has passed.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// What the caller told along: the headers that start with `x-md-`.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// Where the call stands in a trace; none for work that belongs to no call.
    #[must_use]
    pub fn trace(&self) -> Option<&Trace> {
        self.0.trace.as_ref()
    }

    /// What the request carries through every service that it causes calls to.
    #[must_use]
    pub fn baggage(&self) -> &Baggage {
        &self.0.baggage
    }

    /// A header of the request, whatever its name; the first, if there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&HeaderValue> {
        self.0.headers.get()?.get(name)
    }

    /// Every header of the request.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.headers.get()
    }

    /// Adds a header to the reply. Once a stream's first message is sent it is too late: it is left out.
    pub fn add_header(&self, name: HeaderName, value: HeaderValue) {
        self.reply(|reply| {
            reply.headers.append(name, value);
        });
    }

    /// Adds a trailer to the reply, also to one that fails.
    pub fn add_trailer(&self, name: HeaderName, value: HeaderValue) {
        self.reply(|reply| {
            reply.trailers.append(name, value);
        });
    }

    /// Hands over the headers that the request came with, once.
    pub(crate) fn set_headers(&self, headers: HeaderMap) {
        // A second set would be a second dispatch of one call: the first one's headers stay.
        self.0.headers.set(headers).ok();
    }

    /// Settles who calls, once.
    pub(crate) fn set_identity(&self, identity: Identity) {
        self.0.identity.set(Box::new(identity)).ok();
    }

    /// Settles when the answer is of no use any more, once.
    pub(crate) fn set_deadline(&self, deadline: Instant) {
        self.0.deadline.set(deadline).ok();
    }

    pub(crate) fn take_reply_headers(&self) -> Option<HeaderMap> {
        self.take_reply(|reply| std::mem::take(&mut reply.headers))
    }

    pub(crate) fn take_reply_trailers(&self) -> Option<HeaderMap> {
        self.take_reply(|reply| std::mem::take(&mut reply.trailers))
    }

    fn reply(&self, change: impl FnOnce(&mut ReplyHeaders)) {
        let mut reply = self.0.reply.lock().unwrap_or_else(PoisonError::into_inner);
        change(reply.get_or_insert_default());
    }

    fn take_reply(&self, take: impl FnOnce(&mut ReplyHeaders) -> HeaderMap) -> Option<HeaderMap> {
        let mut reply = self.0.reply.lock().unwrap_or_else(PoisonError::into_inner);
        reply.as_deref_mut().map(take).filter(|headers| !headers.is_empty())
    }

    fn changed(mut self, change: impl FnOnce(&mut Facts)) -> Self {
        self.change(change);
        self
    }

    /// Changes it in place while nobody else holds it, as is so until the handler runs.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Facts)) {
        if let Some(facts) = Arc::get_mut(&mut self.0) {
            return change(facts);
        }
        let mut facts = Facts {
            operation: self.0.operation,
            route: self.0.route,
            face: self.0.face,
            peer: self.0.peer.clone(),
            begun: self.0.begun,
            deadline: self.0.deadline.clone(),
            metadata: self.0.metadata.clone(),
            trace: self.0.trace.clone(),
            baggage: self.0.baggage.clone(),
            ambient: self.0.ambient.clone(),
            request_id: self.0.request_id.clone(),
            http: self.0.http.clone(),
            sizes: self.0.sizes.clone(),
            headers: self.0.headers.clone(),
            identity: self.0.identity.clone(),
            reply: Mutex::new(None),
        };
        change(&mut facts);
        self.0 = Arc::new(facts);
    }
}

impl Facts {
    pub(crate) fn set_metadata(&mut self, metadata: Metadata) {
        self.metadata = metadata;
    }

    pub(crate) fn set_request_id(&mut self, id: HeaderValue) {
        self.request_id = Some(id);
    }

    /// `ambient` is there if its span is recorded.
    pub(crate) fn set_trace(&mut self, trace: Trace, ambient: Option<Ambient>) {
        self.trace = Some(trace);
        self.ambient = ambient;
    }

    pub(crate) fn set_baggage(&mut self, baggage: Baggage) {
        self.baggage = baggage;
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("operation", &self.operation().name())
            .field("face", &self.face())
            .field("peer", &self.peer().address)
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_call_being_served_is_known_to_what_runs_in_its_scope() {
        assert!(Context::current().is_none());
        let cx = Context::background().with_deadline(Instant::now() + Duration::from_secs(1));
        let seen = cx.scope(async { Context::current().and_then(|cx| cx.deadline()) }).await;
        assert_eq!(seen, cx.deadline());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_of_a_deadline_never_goes_below_zero() {
        let cx = Context::background().with_deadline(Instant::now() + Duration::from_secs(1));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(cx.remaining(), Some(Duration::ZERO));
    }

    #[test]
    fn changing_a_shared_context_leaves_the_other_as_it_was() {
        let one = Context::background();
        let two = one.clone().with_peer(Peer::new("127.0.0.1:1".parse().ok()));
        assert_eq!(one.peer().address, None);
        assert!(two.peer().address.is_some());
    }
}

//! Every layer of a server in its order, from a request to a response that never fails.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use tower::util::BoxCloneSyncService;
use tower::{Service as _, ServiceExt};

use crate::body::Body;
use crate::config::Live;
use crate::context::{self, Face, Inbound, Peer};
use crate::dispatch::{Arrival, Limits, Reply, Routes, ServerCall, unknown};
use crate::error::{Error, Result};
use crate::middleware::auth::{Authenticated, Guard};
use crate::middleware::deadline::{Deadline, Times};
use crate::middleware::metadata::ReadMetadata;
use crate::middleware::observe::Observe;
use crate::middleware::recovery::Recovery;
use crate::middleware::rescue::Rescue;
use crate::middleware::{UserLayer, UserService};
use crate::operation::{Kind, Operation};
use crate::telemetry::metrics::connections::ConnectionInstruments;
use crate::telemetry::{ServerCalls, Telemetry};
use crate::wire::web::Web;
use crate::wire::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING};

use super::cors::Cors;
use super::edge::Edge;

/// What all calls to operations that are not here have in common.
static UNKNOWN: Operation = Operation::new("/unknown/Unknown", Kind::Bidi);

type Stack = Rescue<ReadMetadata<Observe<Recovery<Deadline<Authenticated<Inner>>>>>>;

/// The way of a call through a server. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Pipeline {
    routes: Arc<Routes>,
    cors: Live<Cors>,
    calls: ServerCalls,
    connections: ConnectionInstruments,
    stack: Stack,
}

impl Pipeline {
    /// The pipeline of a server's operations. `layers` are the user's, outermost first.
    pub(super) fn new(
        routes: Routes,
        times: Live<Times>,
        limits: Live<Limits>,
        guard: Guard,
        layers: &[UserLayer],
        telemetry: Telemetry,
    ) -> Self {
        let routes = Arc::new(routes);
        let dispatch = Dispatch(Arc::new(Served { routes: Arc::clone(&routes), limits }));
        let inner = if layers.is_empty() {
            Inner::Dispatch(dispatch)
        } else {
            let dispatch = BoxCloneSyncService::new(dispatch);
            Inner::Layered(layers.iter().rev().fold(dispatch, |inner, layer| layer.wrap(inner)))
        };
        // Innermost first; what each is for stands in its own folder.
        let rules = guard.rules.clone();
        let stack = Authenticated::new(inner, guard);
        // So that nobody waits for who tells who calls.
        let stack = Deadline::new(stack, times, rules);
        // So that a panic is observed as the error that it becomes.
        let stack = Recovery::new(stack);
        let operations: Vec<_> = routes.iter().map(|route| route.operation).collect();
        let connections = telemetry.metrics().connections();
        let calls = ServerCalls::new(telemetry, &operations);
        let stack = Observe::new(stack, calls.clone());
        // So that what observes knows what the caller told.
        let stack = ReadMetadata::new(stack);
        let stack = Rescue::new(stack);
        let cors = Live::new(Cors::default());
        Self { routes, cors, calls, connections, stack }
    }

    /// Replaces which pages of other origins may call; none by default.
    pub(super) fn with_cors(mut self, cors: Live<Cors>) -> Self {
        self.cors = cors;
        self
    }

    /// Answers a request, whatever it is.
    pub(crate) fn handle(
        &self,
        request: Request<Body>,
        peer: &Peer,
    ) -> impl Future<Output = Response<Body>> + Send + use<> {
        let (face, web) = face(&request);
        let edge = Edge::of(&request, face, web, &self.cors);
        // Within, a call of gRPC-Web is one of gRPC.
        let request = match web {
            Some(web) => web.unwrapped(request),
            None => request,
        };
        let cx = self.context(&request, face, edge.is_preflight(), peer);
        // No `async` block: it would hold the layers' future twice, once as it is made and once as it
        // is awaited, and every call moves and allocates what it holds.
        self.stack.clone().call(Inbound { cx, request }).map(|outcome| edge.finish(outcome))
    }

    /// Answers a request that is to become a WebSocket: its body is what comes by the socket, and what
    /// it is answered goes out by it, both in the frames of gRPC. One that fails before it has begun
    /// to answer is answered as over HTTP.
    pub(super) fn handle_socket(
        &self,
        mut request: Request<Body>,
        peer: &Peer,
    ) -> impl Future<Output = Response<Body>> + Send + use<> {
        let headers = request.headers_mut();
        // Those of gRPC's own frames, of which a page knows nothing.
        headers.remove(GRPC_ENCODING);
        headers.remove(GRPC_ACCEPT_ENCODING);
        let cx = self.context(&request, Face::WebSocket, false, peer);
        self.stack.clone().call(Inbound { cx, request }).map(|outcome| match outcome {
            Ok(response) => response,
            Err(never) => match never {},
        })
    }

    /// What is known of a request from its head alone.
    fn context(
        &self,
        request: &Request<Body>,
        face: Face,
        is_preflight: bool,
        peer: &Peer,
    ) -> context::Context {
        let (place, http) = match face {
            Face::Grpc | Face::GrpcWeb => (self.routes.find(request.uri().path()), None),
            Face::Http => {
                let Arrival { route, call } = self.routes.arrive(request, is_preflight);
                (route, Some(call))
            }
            Face::WebSocket => {
                let Arrival { route, call } = self.routes.arrive_by_socket(request);
                (route, Some(call))
            }
        };
        let route = place.and_then(|place| self.routes.get(place));
        let operation = route.map_or(&UNKNOWN, |route| route.operation);
        let cx = context::Context::of_call(operation, face, place, peer.clone());
        match http {
            None => cx,
            Some(http) => cx.with_http(http),
        }
    }

    /// What the connections that calls come in by are counted with.
    pub(super) fn connections(&self) -> &ConnectionInstruments {
        &self.connections
    }

    /// The operations that are running, and how many calls of each.
    pub(crate) fn in_flight(&self) -> Vec<(&'static str, usize)> {
        self.calls.in_flight()
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("routes", &self.routes).finish_non_exhaustive()
    }
}

/// `application/grpc`, `application/grpc+proto`, … over HTTP/2 are gRPC; of gRPC-Web is told how it is
/// written.
pub(super) fn face<B>(request: &Request<B>) -> (Face, Option<Web>) {
    let content_type = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    match content_type.and_then(|value| value.strip_prefix(b"application/grpc")) {
        Some([] | [b'+' | b';' | b' ', ..]) if request.version() == Version::HTTP_2 => {
            (Face::Grpc, None)
        }
        _ => match Web::of(request.headers()) {
            Some(web) => (Face::GrpcWeb, Some(web)),
            None => (Face::Http, None),
        },
    }
}

/// What stands inside the layers of the house.
#[derive(Clone)]
enum Inner {
    Dispatch(Dispatch),
    Layered(UserService),
}

impl tower::Service<Inbound> for Inner {
    type Response = Response<Body>;
    type Error = Error;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Inbound) -> Self::Future {
        // Browsers ask without saying who asks: what users put around their methods would refuse.
        if call.cx.http().is_some_and(|http| http.is_preflight) {
            return Box::pin(std::future::ready(Ok(no_content())));
        }
        match self {
            Self::Dispatch(dispatch) => dispatch.run(call),
            Self::Layered(service) => {
                // What a layer logs, opens as a span or calls belongs to the call too.
                let cx = call.cx.clone();
                Box::pin(cx.scope(service.clone().oneshot(call.into_request())))
            }
        }
    }
}

/// The end of the pipeline: hands the call to who runs its operation.
#[derive(Clone)]
struct Dispatch(Arc<Served>);

/// In one place, so that a call counts one owner more of it and not two.
struct Served {
    routes: Arc<Routes>,
    limits: Live<Limits>,
}

impl tower::Service<Request<Body>> for Dispatch {
    type Response = Response<Body>;
    type Error = Error;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.run(Inbound::from_request(request))
    }
}

impl Dispatch {
    fn run(&self, call: Inbound) -> Reply {
        let request = &call.request;
        let Served { routes, limits } = &*self.0;
        let route = call.cx.route().and_then(|place| routes.get(place));
        let limits = *limits.get();
        let refusal = match (call.cx.face(), route) {
            (Face::Grpc | Face::GrpcWeb, Some(route)) if request.method() == Method::POST => {
                return route.handler.call(route.method, ServerCall::new(call, limits, route.json));
            }
            (Face::Grpc | Face::GrpcWeb, Some(_)) => {
                Error::new(405, "METHOD_NOT_ALLOWED", "a gRPC call is a POST")
            }
            (Face::Grpc | Face::GrpcWeb, None) => unknown(request.uri().path()),
            (face @ (Face::Http | Face::WebSocket), route) => {
                match (route, call.cx.http().map(|http| routes.bound(http))) {
                    (Some(route), Some(Ok(bound))) => {
                        let call = ServerCall::over_http(call, limits, bound);
                        return route.handler.call(route.method, call);
                    }
                    (_, Some(Err(error))) if face == Face::WebSocket && error.code() == 405 => {
                        unsuited(request.uri().path())
                    }
                    (_, Some(Err(error))) if request.method() != Method::OPTIONS => error,
                    // Of the server and no path: RFC 9110 §9.3.7.
                    (_, Some(Err(_))) if request.uri().path() == "*" => {
                        return Box::pin(std::future::ready(Ok(no_content())));
                    }
                    (_, Some(Err(error))) => return Box::pin(std::future::ready(may(error))),
                    (_, None | Some(Ok(_))) => unknown(request.uri().path()),
                }
            }
        };
        Box::pin(std::future::ready(Err(refusal)))
    }
}

/// What is said to who asks for a socket where there are only ordinary calls.
fn unsuited(path: &str) -> Error {
    let what =
        format!("no method at {path} takes a stream, so none has a WebSocket; call it by HTTP");
    Error::bad_request("WEBSOCKET_UNSUITED", what)
}

/// The answer to OPTIONS: what a path can be called by, which any other verb that it cannot is told too.
fn may(error: Error) -> Result<Response<Body>> {
    let allowed = error.trailers().and_then(|beside| beside.get(ALLOW)).cloned();
    let Some(allowed) = allowed else { return Err(error) };
    let mut response = no_content();
    response.headers_mut().insert(ALLOW, allowed);
    Ok(response)
}

fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

#[cfg(test)]
mod tests;

use std::pin::Pin;

use bytes::BytesMut;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::body::Body;
use crate::context::{Context, Face, Inbound};
use crate::error::{Error, Result};
use crate::json::Options;
use crate::message::{Request, Response as Answer};
use crate::validate;
use crate::wire::{self, Decoder, Encoding, End, GRPC_ACCEPT_ENCODING, GRPC_ENCODING, Streaming};

use super::form::{Form, Writing};
use super::http::{Bound, Rules, stream};
use super::out::{self, Out};
use super::over_http;

/// What a handler's run comes to.
pub type Reply = Pin<Box<dyn Future<Output = Result<Response<Body>>> + Send>>;

/// What a server lets messages be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_receive: usize,
    pub(crate) max_send: usize,
    /// How replies are compressed, for callers that read it.
    pub(crate) compress: Encoding,
    pub(crate) http: Rules,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_receive: wire::DEFAULT_MAX_MESSAGE,
            max_send: usize::MAX,
            compress: Encoding::Identity,
            http: Rules::default(),
        }
    }
}

/// A call on its way to a handler.
///
/// Each of its methods decodes what the caller sent, runs the handler with the call's context as
/// the current one, and encodes what it answers.
#[derive(Debug)]
pub struct ServerCall {
    pub(super) inbound: Inbound,
    limits: Limits,
    json: Options,
    way: Way,
}

/// How a call's messages come and go.
#[derive(Debug)]
enum Way {
    /// In frames of gRPC.
    Grpc,
    /// As bodies of HTTP, by what was found for the path.
    Http(Box<Bound>),
}

impl ServerCall {
    /// A call in frames of gRPC.
    pub(crate) fn new(inbound: Inbound, limits: Limits, json: Options) -> Self {
        Self { inbound, limits, json, way: Way::Grpc }
    }

    /// A call over HTTP.
    pub(crate) fn over_http(inbound: Inbound, limits: Limits, bound: Bound) -> Self {
        Self { inbound, limits, json: bound.json, way: Way::Http(Box::new(bound)) }
    }

    /// Runs a method of one message each way.
    pub fn unary<Req, Res, F, Fut>(self, handler: F) -> Reply
    where
        Req: Request,
        Res: Answer,
        F: FnOnce(Context, Req) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Res>> + Send + 'static,
    {
        if let Way::Http(bound) = self.way {
            return over_http::unary(self.inbound, *bound, self.limits, handler);
        }
        self.opened(|cx, mut requests, writing| async move {
            let request = wire::read_one(&mut requests).await?;
            drop(requests);
            let reply = cx.scope(handler(cx.clone(), request)).await;
            one(&cx, writing, reply)
        })
    }

    /// Runs a method that a caller streams to.
    pub fn client_stream<Req, Res, F, Fut>(self, handler: F) -> Reply
    where
        Req: Request,
        Res: Answer,
        F: FnOnce(Context, Streaming<Req>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Res>> + Send + 'static,
    {
        if let Some(bound) = self.bound_over_http() {
            return over_http::client_stream(self.inbound, bound, self.limits, handler);
        }
        self.opened(|cx, requests, writing| async move {
            let reply = cx.scope(handler(cx.clone(), requests)).await;
            one(&cx, writing, reply)
        })
    }

    /// Runs a method that streams to the caller.
    pub fn server_stream<Req, Res, F, Fut>(self, handler: F) -> Reply
    where
        Req: Request,
        Res: Answer,
        F: FnOnce(Context, Req, Out<Res>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        if let Some(bound) = self.bound_over_http() {
            return over_http::server_stream(self.inbound, bound, self.limits, handler);
        }
        self.opened(|cx, mut requests, writing| async move {
            let request = wire::read_one(&mut requests).await?;
            drop(requests);
            let (out, slot) = Out::new(cx.clone(), writing);
            let run = Box::pin(cx.scope(handler(cx.clone(), request, out)));
            out::respond(cx, writing, slot, run).await
        })
    }

    /// Runs a method that streams both ways.
    pub fn bidi<Req, Res, F, Fut>(self, handler: F) -> Reply
    where
        Req: Request,
        Res: Answer,
        F: FnOnce(Context, Streaming<Req>, Out<Res>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<()>> + Send + 'static,
    {
        if let Some(bound) = self.bound_over_http() {
            return over_http::bidi(self.inbound, bound, self.limits, handler);
        }
        self.opened(|cx, requests, writing| async move {
            let (out, slot) = Out::new(cx.clone(), writing);
            let run = Box::pin(cx.scope(handler(cx.clone(), requests, out)));
            out::respond(cx, writing, slot, run).await
        })
    }

    /// How the call is bound, if it came over HTTP and not by a socket, whose messages are in frames.
    fn bound_over_http(&self) -> Option<Bound> {
        match &self.way {
            Way::Http(bound) if self.inbound.cx.face() == Face::Http => Some(**bound),
            Way::Grpc | Way::Http(_) => None,
        }
    }

    /// Answers that there is no such method.
    pub fn unknown(self) -> Reply {
        let path = self.inbound.request.uri().path().to_owned();
        Box::pin(async move { Err(unknown(&path)) })
    }

    /// Runs a method once the call is opened, which is done before the run is put into its box: the
    /// box then holds the parts and not the whole call as well.
    fn opened<Req, Run>(self, run: impl FnOnce(Context, Streaming<Req>, Writing) -> Run) -> Reply
    where
        Req: Request,
        Run: Future<Output = Result<Response<Body>>> + Send + 'static,
    {
        match self.open() {
            Ok((cx, requests, writing)) => Box::pin(run(cx, requests, writing)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn open<Req: Request>(self) -> Result<(Context, Streaming<Req>, Writing)> {
        if let Way::Http(bound) = self.way {
            return Ok(stream::by_socket(self.inbound, *bound, self.limits));
        }
        let Inbound { cx, request } = self.inbound;
        let (parts, body) = request.into_parts();
        let encoding = Encoding::of(&parts.headers).map_err(|error| {
            let accepted = HeaderValue::from_static(Encoding::ACCEPTED);
            error.with_trailers(http::HeaderMap::from_iter([(GRPC_ACCEPT_ENCODING, accepted)]))
        })?;
        let form = Form::of(&parts.headers, self.json)?;
        let decoder = Decoder::new(encoding, self.limits.max_receive);
        let compress = self.limits.compress;
        let encoding = if compress != Encoding::Identity && wire::accepted(&parts.headers, compress)
        {
            compress
        } else {
            Encoding::Identity
        };
        cx.set_headers(parts.headers);
        let writing = Writing { encoding, limit: self.limits.max_send, form };
        let requests = Streaming::new(body, decoder, End::Request)
            .metered(cx.clone())
            .read_by(form.reader())
            .checked_by(validate::check::<Req>);
        Ok((cx, requests, writing))
    }
}

pub(crate) fn unknown(path: &str) -> Error {
    Error::unimplemented("OPERATION_UNKNOWN", format!("there is no operation {path} here"))
}

/// The response of a method that answers one message.
fn one<Res: Answer>(cx: &Context, writing: Writing, reply: Result<Res>) -> Result<Response<Body>> {
    let encoded = reply.and_then(|message| {
        let mut data = BytesMut::new();
        let sent = writing.write(message, false, &mut data)?;
        cx.sizes().send(sent);
        Ok(data)
    });
    match encoded {
        Ok(data) => {
            let body = Body::full(data.freeze());
            let body = match cx.take_reply_trailers() {
                None => body.with_trailers_of(wire::status::ok),
                Some(more) => body.with_trailers(with_status(more)),
            };
            Ok(response(cx, writing, None, body))
        }
        Err(error) => Err(failed(cx, error)),
    }
}

/// An error with what the handler answered beside it.
pub(super) fn failed(cx: &Context, error: Error) -> Error {
    let beside = [cx.take_reply_headers(), cx.take_reply_trailers()].into_iter().flatten();
    match beside.reduce(|mut all, more| {
        all.extend(more);
        all
    }) {
        Some(beside) => error.with_trailers(beside),
        None => error,
    }
}

pub(super) fn trailers(cx: &Context) -> http::HeaderMap {
    cx.take_reply_trailers().map_or_else(wire::status::ok, with_status)
}

fn with_status(more: http::HeaderMap) -> http::HeaderMap {
    let mut trailers = wire::status::ok();
    trailers.extend(more);
    trailers
}

/// A response of `body`, which is of the form that is told, or of the kind that it says itself.
pub(super) fn response(
    cx: &Context,
    writing: Writing,
    kind: Option<HeaderValue>,
    body: Body,
) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    if let Some(more) = cx.take_reply_headers() {
        *headers = more;
    }
    headers.insert(CONTENT_TYPE, kind.unwrap_or_else(|| writing.form.content_type()));
    if writing.encoding != Encoding::Identity {
        headers.insert(GRPC_ENCODING, HeaderValue::from_static(writing.encoding.name()));
        headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static(Encoding::ACCEPTED));
    }
    let ending = match writing.form {
        Form::Listed(list) => {
            list.head(headers);
            list.ending()
        }
        Form::Proto => None,
        Form::Json { .. } => (cx.face() == Face::WebSocket).then_some(stream::BY_SOCKET),
    };
    if let Some(ending) = ending {
        response.extensions_mut().insert(ending);
    }
    response
}

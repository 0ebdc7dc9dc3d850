//! A call as it is told over HTTP.

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;

use crate::dispatch::{Binding, Part};
use crate::error::{Error, Result};
use crate::json::{Defaults, Json, Options};
use crate::message;
use crate::operation::{Kind, Operation};
use crate::telemetry::{Outcome, Sent};
use crate::wire::Streaming;

use super::super::call::{Plan, Reply, Running, Told, settled};
use super::super::exchange::{Progress, exchange};
use super::super::pump::Payload;
use super::super::settings::{Dialect, Terms};
use super::answer::Whole;
use super::{events, uri};

/// What a call over HTTP has that one over gRPC has not.
pub(in crate::client) struct Spoken {
    pub(in crate::client) verb: Method,
    pub(in crate::client) target: PathAndQuery,
    pub(in crate::client) dialect: Dialect,
    /// What of the reply is the body of the response.
    response: Part,
    is_stream: bool,
}

impl Spoken {
    /// Adds the headers that say what the body is, and what is wished for.
    pub(in crate::client) fn mark(&self, headers: &mut HeaderMap, body: &Bytes) {
        let json = match self.dialect {
            Dialect::Bia | Dialect::Kratos2 => HeaderValue::from_static("application/json"),
            Dialect::Kratos3 => HeaderValue::from_static("application/protojson"),
        };
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, json.clone());
        }
        let accepted =
            if self.is_stream { HeaderValue::from_static("text/event-stream") } else { json };
        headers.insert(ACCEPT, accepted);
    }
}

/// What needs not be written: whoever reads takes it for granted.
const OPTIONS: Options = Options::new().with_defaults(Defaults::Omitted);

/// Tells a request by the rule that its proto has for it, or else by the one that stands for none.
pub(in crate::client) fn told<M: Json>(
    operation: &'static Operation,
    rule: Option<&'static Binding>,
    request: &M,
    terms: Terms,
) -> Result<Told> {
    let name = operation.name();
    let (verb, target, part, response) = match rule {
        None => (Method::POST, PathAndQuery::from_static(name), Part::Whole, Part::Whole),
        Some(rule) => {
            let verb = match rule.verb {
                // Any will do.
                "*" => Method::POST,
                verb => Method::from_bytes(verb.as_bytes()).map_err(Error::from_source)?,
            };
            (verb, uri::of(name, rule, request)?, rule.body, rule.response)
        }
    };
    let body = body(name, request, part, terms)?;
    let sent = Sent::Whole(body.len() as u64);
    let is_stream = operation.kind() == Kind::ServerStream;
    let spoken = Spoken { verb, target, dialect: terms.dialect, response, is_stream };
    Ok(Told { payload: Payload::whole(body.into()), sent, spoken: Some(Box::new(spoken)) })
}

/// Makes a call that is answered with one message.
pub(in crate::client) fn one<T: message::Response>(
    plan: Plan<T>,
) -> BoxFuture<'static, Result<Reply<T>>> {
    let whole = Whole(plan.spoken().map_or(Part::Whole, |spoken| spoken.response));
    Box::pin(settled(plan, whole))
}

/// Makes a call that is answered with a stream.
pub(in crate::client) fn many<T: message::Response>(
    plan: Plan<Streaming<T>>,
) -> BoxFuture<'static, Result<Reply<Streaming<T>>>> {
    Box::pin(async move {
        let limit = plan.limit();
        let Running { channel, mut call, mut seen } = plan.begin()?;
        let (begun, deadline) = (call.begun, call.deadline);
        let operation = call.operation.clone();
        let mut progress = Progress::default();
        let opening = async {
            let mut response = exchange(&channel, &mut call, &mut progress).await?;
            if let Some(deadline) = deadline {
                response.body_mut().set_deadline(deadline, begun);
            }
            events::stream(response, limit).await
        };
        let opened = match deadline {
            None => opening.await,
            Some(deadline) => match tokio::time::timeout_at(deadline, opening).await {
                Ok(stream) => stream,
                Err(_) => Err(progress.too_late(&operation, begun)),
            },
        };
        seen.set_node(progress.address());
        match opened {
            Ok(stream) => {
                let headers = stream.headers().clone();
                Ok(Reply::new(stream.seen_by(seen), headers))
            }
            Err(error) => {
                seen.end(Outcome::Failed(&error));
                Err(error)
            }
        }
    })
}

/// The body of a request, as JSON; empty if it has none.
fn body<M: Json>(operation: &str, request: &M, part: Part, terms: Terms) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    if part == Part::None {
        return Ok(text);
    }
    let mut out = serde_json::Serializer::new(&mut text);
    let written = match part {
        Part::Field(field) => request.write_field_json(field, &OPTIONS, &mut out),
        Part::Whole | Part::None => request.write_json(&OPTIONS, &mut out),
    };
    written.map_err(|error| {
        let what = format!("cannot write the request of {operation} as JSON: {error}");
        Error::bad_request("REQUEST_UNTELLABLE", what)
    })?;
    if text.len() > terms.max_send {
        let (length, limit) = (text.len(), terms.max_send);
        return Err(Error::too_many_requests(
            "MESSAGE_TOO_LARGE",
            format!("message of {length} bytes is larger than the {limit} that may be sent"),
        ));
    }
    Ok(text)
}

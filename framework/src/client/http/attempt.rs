//! One call over one connection.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use http_body::{Body as _, Frame};
use http_body_util::Full;
use tokio::time::Instant;

use crate::error::{Error, Result};

use super::super::conn::{Conn, Via};
use super::super::exchange::{Attempt, Outgoing};
use super::super::failure::{self, Rounded};
use super::super::guard::Guard;
use super::super::incoming::Incoming;
use super::super::member::Member;
use super::wire::Wire;

/// Sends a call to a node, by a connection that is free or a new one.
pub(in crate::client) async fn attempt(
    call: &mut Outgoing,
    mut guard: Guard,
    member: &Member,
) -> Attempt {
    let mut wire = match wire(&guard, member).await {
        Ok(wire) => wire,
        Err(error) => {
            // The node's keeper finds out whether it is still there.
            guard.conn().retire();
            guard.unsent();
            return Attempt::Unsent(error, false);
        }
    };
    let before = (wire.traffic().read(), wire.traffic().written());
    let mut answer = pin!(wire.send(request(call, member)));
    let outcome = poll_fn(|cx| {
        wire.drive(cx);
        answer.as_mut().poll(cx)
    })
    .await;
    let mut failed = match outcome {
        Ok(response) => {
            guard.answered(is_failure(response.status()));
            let operation = call.operation.clone();
            return Attempt::Answered(response.map(|body| {
                let reading = Reading { wire: Some(wire), body };
                Incoming::http1(reading, operation, guard)
            }));
        }
        Err(failed) => failed,
    };
    let unsent = failed.take_message().is_some() || {
        let silent = wire.traffic().read() == before.0;
        // RFC 9110 §9.2.2: a connection that was kept may be closed just as it is used again, and
        // what does no harm a second time may be sent again then.
        silent && (wire.traffic().written() == before.1 || wire.is_used() && is_safe(&call.verb))
    };
    let error = failure::cut(&failed.into_error(), &call.operation, guard.address());
    if unsent {
        guard.unsent();
        return Attempt::Unsent(error, false);
    }
    guard.end(true);
    Attempt::Failed(error)
}

/// A connection that is free, or a new one.
async fn wire(guard: &Guard, member: &Member) -> Result<Wire> {
    let Via::Http1(wires) = guard.conn().via() else {
        return Err(Error::from_source("a connection of HTTP/2 carries no HTTP/1.1"));
    };
    if let Some(wire) = poll_fn(|cx| Poll::Ready(wires.take(cx))).await {
        return Ok(wire);
    }
    let pool = guard.pool();
    let settings = pool.settings();
    let dialling = Wire::dial(&pool.way, &member.endpoint, &settings);
    let limit = settings.connect_timeout;
    tokio::time::timeout_at(Instant::now() + limit, dialling).await.unwrap_or_else(|_late| {
        let (node, took) = (member.node.address(), Rounded(limit));
        Err(Error::unavailable("CONNECT_FAILED", format!("no answer from {node} within {took}")))
    })
}

fn request(call: &Outgoing, member: &Member) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(call.payload.head.clone()));
    *request.method_mut() = call.verb.clone();
    *request.uri_mut() = Uri::from(call.path.clone());
    *request.headers_mut() = call.headers();
    if let Ok(host) = HeaderValue::from_str(member.authority.as_str()) {
        request.headers_mut().insert(HOST, host);
    }
    request
}

/// Whether a request changes nothing (RFC 9110 §9.2.1).
fn is_safe(verb: &Method) -> bool {
    verb.is_safe()
}

/// Whether a status says that the node is in trouble, rather than that the caller asked something
/// wrong.
fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502..=504)
}

/// A response that is being read, with the connection that it comes by.
pub(in crate::client) struct Reading {
    /// None once it is read.
    wire: Option<Wire>,
    body: hyper::body::Incoming,
}

impl Reading {
    pub(in crate::client) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(wire) = &mut self.wire else { return Poll::Ready(None) };
        wire.drive(cx);
        std::pin::Pin::new(&mut self.body).poll_frame(cx)
    }

    /// All is read: the connection is free for another call, if it is still good.
    pub(in crate::client) fn end(&mut self, cx: &mut Context<'_>, conn: &Conn) {
        if let Some(mut wire) = self.wire.take()
            && let Via::Http1(wires) = conn.via()
            && conn.is_open()
            && wire.is_ready(cx)
        {
            wire.rest();
            wires.put(wire);
        }
    }
}

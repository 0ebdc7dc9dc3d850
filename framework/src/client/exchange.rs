//! One call on the wire: picks a node, sends, fails over as long as no node can have seen the call.
//!
//! What is tried again here was never processed, and so it is no retry: nobody's budget is charged
//! and no policy is asked. Calls that *may* have been processed end here with their error; a policy
//! that sends those again stands above this module.

use std::borrow::Cow;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use ::http::uri::PathAndQuery;
use ::http::{HeaderMap, Method, Response, StatusCode};
use h2::client::ResponseFuture;
use h2::{Reason, RecvStream};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::balance::{Node, Pick};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::wire::timeout::{self, GRPC_TIMEOUT};

use super::channel::Channel;
use super::conn::Via;
use super::failure;
use super::guard::Guard;
use super::head;
use super::http;
use super::incoming::{Incoming, Sending, is_failure};
use super::member::Member;
use super::pump::{Payload, Pump};

/// How often more than there are nodes a call is sent that no node processes: connections may go away
/// faster than they are made.
const MORE: usize = 5;

/// A call as it goes out, ready to be sent again.
pub(super) struct Outgoing {
    pub(super) operation: Cow<'static, str>,
    /// `POST`, unless a rule says another.
    pub(super) verb: Method,
    pub(super) path: PathAndQuery,
    pub(super) headers: HeaderMap,
    pub(super) payload: Payload,
    pub(super) begun: Instant,
    pub(super) deadline: Option<Instant>,
    /// Whether the node is told what is left until the deadline.
    pub(super) tells_time: bool,
}

impl Outgoing {
    /// The headers of an attempt that is made now.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        if let Some(deadline) = self.deadline.filter(|_| self.tells_time) {
            let left = deadline.saturating_duration_since(Instant::now());
            headers.insert(GRPC_TIMEOUT, timeout::write(left));
        }
        headers
    }
}

/// How far a call has come, for the error when the time is up.
#[derive(Default)]
pub(super) struct Progress {
    node: Option<Arc<Node>>,
    /// Set when a node has the call, but the caller's stream gives no more for now and there is no
    /// answer yet: it may be that the caller waits for the answer's stream before it sends more.
    stalled: Option<Arc<AtomicBool>>,
}

impl Progress {
    pub(super) fn telling(stalled: Option<Arc<AtomicBool>>) -> Self {
        Self { node: None, stalled }
    }

    /// The address of the node that has the call, or had it last.
    pub(super) fn address(&self) -> Option<Arc<str>> {
        self.node.as_deref().map(Node::shared_address)
    }

    pub(super) fn too_late(&self, operation: &str, begun: Instant) -> Error {
        failure::too_late(operation, self.node.as_deref().map(Node::address), begun.elapsed())
    }
}

/// What an attempt came to.
#[expect(clippy::large_enum_variant, reason = "the large one is what nearly every call is")]
pub(super) enum Attempt {
    Answered(Response<Incoming>),
    /// No node has processed the call, and it can be sent again; whether the node has refused it.
    Unsent(Error, bool),
    Failed(Error),
}

/// Sends a call and waits for the head of its response. Does not look at the deadline but to tell it.
pub(super) async fn exchange(
    channel: &Channel,
    call: &mut Outgoing,
    progress: &mut Progress,
) -> Result<Response<Incoming>> {
    let pool = channel.pool();
    let mut tried = Vec::new();
    let mut refusals = 0;
    loop {
        let pick = Pick::new(&call.operation, &call.headers);
        let (conn, member) = pool.acquire(&pick, &tried, call.deadline).await?;
        let node = Arc::clone(&member.node);
        let guard = Guard::new(conn, Arc::clone(&node), channel.clone(), call.deadline);
        progress.node = Some(Arc::clone(&node));
        match attempt(call, guard, &member, progress.stalled.as_deref()).await {
            Attempt::Answered(response) => return Ok(response),
            Attempt::Failed(error) => return Err(error),
            Attempt::Unsent(error, refused) => {
                tried.push(node);
                refusals += usize::from(refused);
                let nodes = pool.nodes_for(&Pick::new(&call.operation, &call.headers));
                // A node that refuses is asked once more, if there is no other.
                if refusals > nodes.max(1) || tried.len() > nodes + MORE {
                    return Err(error);
                }
                pool.send_again();
                tracing::debug!(operation = %call.operation, %error, "goes to another node");
            }
        }
    }
}

async fn attempt(
    call: &mut Outgoing,
    guard: Guard,
    member: &Member,
    stalled: Option<&AtomicBool>,
) -> Attempt {
    let whole = call.payload.rest.is_none().then(|| call.payload.head.clone());
    let (written, opened) = match guard.conn().via() {
        Via::Http1(_) => return http::attempt(call, guard, member).await,
        Via::Http2(streams) => {
            let (path, headers) = (call.path.clone(), call.headers());
            let head = head::request(streams.scheme(), &member.authority, path, headers);
            (streams.written(), streams.open(head, whole))
        }
    };
    let (mut response, stream) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            // It may be that nobody knows yet.
            guard.conn().retire();
            let error = broken(call, &guard, error);
            guard.unsent();
            return Attempt::Unsent(error, false);
        }
    };
    let mut pump = match (stream, call.payload.rest.take()) {
        (Some(stream), Some(body)) => Some(Pump::new(call.payload.head.clone(), body, stream)),
        _ => None,
    };
    match answer(&mut response, pump.as_mut(), stalled).await {
        Ok(Ok(response)) => Attempt::Answered(answered(call, response, guard, pump)),
        Ok(Err(error)) => {
            let unsent = is_unsent(&error, &guard, written);
            if !error.is_reset() {
                guard.conn().retire();
            }
            let refused = error.is_reset();
            let error = broken(call, &guard, error);
            if refused || !unsent {
                guard.end(true);
            } else {
                guard.unsent();
            }
            if !unsent {
                return Attempt::Failed(error);
            }
            if let Some(pump) = pump {
                match pump.rewind() {
                    Some(payload) => call.payload = payload,
                    None => return Attempt::Failed(error),
                }
            }
            Attempt::Unsent(error, refused)
        }
        // The caller's own stream has failed; that says nothing of the node.
        Err(error) => {
            guard.unsent();
            Attempt::Failed(error)
        }
    }
}

fn broken(call: &Outgoing, guard: &Guard, error: h2::Error) -> Error {
    if failure::is_too_late(&error, call.deadline) {
        return failure::too_late(&call.operation, Some(guard.address()), call.begun.elapsed());
    }
    failure::broken(error, &call.operation, guard.address(), guard.conn().cause())
}

/// The head of a response, while the request is being sent. The outer error is the request's.
async fn answer(
    response: &mut ResponseFuture,
    mut pump: Option<&mut Pump>,
    stalled: Option<&AtomicBool>,
) -> Result<Result<Response<RecvStream>, h2::Error>> {
    poll_fn(|cx| {
        if let Some(pump) = &mut pump
            && let Poll::Ready(Err(error)) = pump.poll(cx)
        {
            return Poll::Ready(Err(error));
        }
        let answered = Pin::new(&mut *response).poll(cx);
        if let Some(stalled) = stalled
            && answered.is_pending()
            && pump.as_ref().is_some_and(|pump| !pump.is_done())
        {
            stalled.store(true, Ordering::Relaxed);
        }
        answered.map(Ok)
    })
    .await
}

/// Whether it is certain that no node has processed a call that failed.
fn is_unsent(error: &h2::Error, guard: &Guard, written: u64) -> bool {
    if error.is_reset() {
        // RFC 9113 §8.7: a refused stream was not processed.
        return error.is_remote() && error.reason() == Some(Reason::REFUSED_STREAM);
    }
    // A stream learns of the peer's GOAWAY only if it is above the last one that the peer processed.
    // On any other end of the connection, a call is unsent if not a byte was written since it came.
    let silent = match guard.conn().via() {
        Via::Http1(_) => false,
        Via::Http2(streams) => streams.written() == written,
    };
    (error.is_go_away() && error.is_remote()) || silent
}

fn answered(
    call: &Outgoing,
    response: Response<RecvStream>,
    mut guard: Guard,
    pump: Option<Pump>,
) -> Response<Incoming> {
    let failed = response.status() != StatusCode::OK || is_failure(response.headers());
    guard.answered(failed);
    response.map(|stream| {
        let mut body = Incoming::new(stream, call.operation.clone(), guard);
        if let Some(mut pump) = pump.filter(|pump| !pump.is_done()) {
            pump.commit();
            body.set_sending(send_on(pump));
        }
        body
    })
}

/// Goes on sending by itself: a caller may well read a response before it has sent all.
fn send_on(mut pump: Pump) -> Sending {
    let failed = Arc::new(Mutex::new(None));
    let told = Arc::clone(&failed);
    let sending = async move {
        if let Err(error) = poll_fn(|cx| pump.poll(cx)).await {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
    };
    // What the caller streams may make calls itself.
    let task = match Context::current() {
        Some(cx) => tokio::spawn(cx.scope(sending)),
        None => tokio::spawn(sending),
    };
    Sending { failed, _task: AbortOnDropHandle::new(task) }
}

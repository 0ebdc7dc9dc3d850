use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{self, Poll};
use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use prost::Message;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::body::Body;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::operation::{Kind, Operation};
use crate::telemetry::{ClientSeen, Making, Outcome, Sent};
use crate::wire::{self, Decoder, Encoding, End, Streaming};

use super::channel::Channel;
use super::exchange::{Outgoing, Progress, exchange};
use super::head;
use super::pump::Payload;
use super::settings::Terms;

/// A call that is about to be made: await it.
///
/// It is sent when it is first polled, with what remains of the deadline of the call being served
/// ([`Context::current`]) and with its global metadata. Dropping it before it has ended cancels the
/// call at the node.
///
/// ```no_run
/// # async fn example(channel: bia::Channel) -> bia::Result<()> {
/// # static GET: bia::Operation = bia::Operation::new("/user.v1.UserService/GetUser", bia::Kind::Unary);
/// use std::time::Duration;
///
/// let user: String = channel
///     .unary(&GET, "7".to_owned())
///     .timeout(Duration::from_secs(1))
///     .metadata("x-md-global-tenant", "a")
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a call is made only when it is awaited"]
pub struct Call<T>(State<T>);

#[expect(clippy::large_enum_variant, reason = "a box would be an allocation for each call")]
enum State<T> {
    Planned(Plan<T>),
    Running(BoxFuture<'static, Result<Reply<T>>>),
    Done,
}

/// A message, and what came beside it. From [`Call::with_reply`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply<T> {
    /// What the node answered; of a call that streams, the stream.
    pub message: T,
    /// The headers of the response.
    pub headers: HeaderMap,
    /// Its trailers; of a call that streams they come with the stream's end,
    /// [`Streaming::trailers`].
    pub trailers: HeaderMap,
}

/// A call that resolves to a [`Reply`].
#[must_use = "a call is made only when it is awaited"]
pub struct WithReply<T>(Call<T>);

/// All that is needed to make a call.
pub(super) struct Plan<T> {
    channel: Channel,
    terms: Terms,
    operation: &'static Operation,
    payload: Result<(Payload, Sent)>,
    timeout: Option<Duration>,
    metadata: HeaderMap,
    run: fn(Self) -> BoxFuture<'static, Result<Reply<T>>>,
}

impl<T> Call<T> {
    pub(super) fn new(
        channel: Channel,
        terms: Terms,
        operation: &'static Operation,
        payload: Result<(Payload, Sent)>,
        run: fn(Plan<T>) -> BoxFuture<'static, Result<Reply<T>>>,
    ) -> Self {
        let (timeout, metadata) = (None, HeaderMap::new());
        let plan = Plan { channel, terms, operation, payload, timeout, metadata, run };
        Self(State::Planned(plan))
    }

    /// Replaces how long the call may take, with all its attempts; for a stream, up to its end.
    ///
    /// The default is the setting `timeout` for unary calls and no limit for streams. The deadline of
    /// the call being served bounds it too, whichever is earlier.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.planned(|plan| plan.timeout = Some(timeout))
    }

    /// Adds metadata. Keys that start with `x-md-global-` travel on from the callee.
    ///
    /// Instead of sending a key that is no header name or belongs to the protocol (`grpc-*`), or a
    /// value that is not printable ASCII, the call fails with `METADATA_INVALID`.
    pub fn metadata(self, key: &str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).ok();
        self.append(key, value)
    }

    /// Adds metadata of any bytes. The key must end with `-bin`, as in every gRPC, or else the call
    /// fails with `METADATA_INVALID`.
    pub fn metadata_bin(self, key: &str, value: impl AsRef<[u8]>) -> Self {
        let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(value);
        let value = HeaderValue::try_from(text).ok().filter(|_| key.ends_with("-bin"));
        self.append(key, value)
    }

    /// Asks for the headers and trailers of the response too.
    pub fn with_reply(self) -> WithReply<T> {
        WithReply(self)
    }

    fn append(self, key: &str, value: Option<HeaderValue>) -> Self {
        self.planned(|plan| {
            let name = HeaderName::from_bytes(key.as_bytes()).ok();
            match name.filter(|name| !head::is_reserved(name)).zip(value) {
                Some((name, value)) => {
                    plan.metadata.append(name, value);
                }
                None => plan.payload = Err(invalid(key)),
            }
        })
    }

    fn planned(mut self, change: impl FnOnce(&mut Plan<T>)) -> Self {
        if let State::Planned(plan) = &mut self.0 {
            change(plan);
        }
        self
    }

    fn poll_reply(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<Reply<T>>> {
        if let State::Planned(_) = &self.0
            && let State::Planned(plan) = std::mem::replace(&mut self.0, State::Done)
        {
            self.0 = State::Running((plan.run)(plan));
        }
        let State::Running(running) = &mut self.0 else { return Poll::Pending };
        let reply = task::ready!(running.as_mut().poll(cx));
        self.0 = State::Done;
        Poll::Ready(reply)
    }
}

fn invalid(key: &str) -> Error {
    Error::bad_request(
        "METADATA_INVALID",
        format!(
            "cannot send metadata {key:?}: a key is a header name that is not the protocol's own, a \
             value printable ASCII, or bytes under a key that ends with -bin"
        ),
    )
}

impl<T> Future for Call<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Result<T>> {
        self.poll_reply(cx).map_ok(|reply| reply.message)
    }
}

impl<T> Future for WithReply<T> {
    type Output = Result<Reply<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        self.0.poll_reply(cx)
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Call");
        match &self.0 {
            State::Planned(plan) => shown.field("operation", &plan.operation.name()),
            State::Running(_) => shown.field("state", &"running"),
            State::Done => shown.field("state", &"done"),
        };
        shown.finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for WithReply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A call on its way.
struct Running {
    channel: Channel,
    call: Outgoing,
    seen: ClientSeen,
}

impl<T> Plan<T> {
    /// Settles deadline and metadata, now that the call begins.
    fn begin(self) -> Result<Running> {
        let begun = Instant::now();
        let terms = self.terms;
        let default = terms.timeout.filter(|_| self.operation.kind() == Kind::Unary);
        let own = self.timeout.or(default).map(|timeout| begun + timeout);
        let mut headers = head::headers(terms.compress);
        if !self.metadata.is_empty() {
            headers.extend(self.metadata);
        }
        let served = Context::current();
        if let Some(cx) = &served {
            cx.metadata().propagate(&mut headers);
        }
        let within = served.as_ref().and_then(Context::deadline);
        let deadline = [own, within].into_iter().flatten().min();
        let (payload, sent) = self.payload?;
        let seen = self.channel.calls().begin(
            Making { operation: self.operation, begun, deadline, sent },
            served.as_ref(),
            &mut headers,
        );
        let name = self.operation.name();
        let path = PathAndQuery::from_maybe_shared(Bytes::from_static(name.as_bytes()))
            .map_err(Error::from_source)?;
        let operation = Cow::Borrowed(name);
        let call = Outgoing { operation, path, headers, payload, begun, deadline };
        Ok(Running { channel: self.channel, call, seen })
    }
}

/// Makes a call that is answered with one message.
pub(super) fn one<T: Message + Default + 'static>(
    plan: Plan<T>,
) -> BoxFuture<'static, Result<Reply<T>>> {
    Box::pin(async move {
        let limit = plan.terms.max_receive;
        let Running { channel, mut call, mut seen } = plan.begin()?;
        let (begun, deadline) = (call.begun, call.deadline);
        let operation = call.operation.clone();
        let mut progress = Progress::default();
        let answer = async {
            let mut stream = open::<T>(&channel, &mut call, &mut progress, limit, false).await?;
            let message = wire::read_one(&mut stream).await?;
            seen.receive(stream.take_decoded());
            let (headers, trailers) = stream.into_parts();
            Ok(Reply { message, headers, trailers })
        };
        let reply = match deadline {
            None => answer.await,
            Some(deadline) => match tokio::time::timeout_at(deadline, answer).await {
                Ok(reply) => reply,
                Err(_) => Err(progress.too_late(&operation, begun)),
            },
        };
        seen.set_node(progress.address());
        seen.end(reply.as_ref().map_or_else(Outcome::Failed, |_| Outcome::Ok));
        reply
    })
}

/// Makes a call that is answered with a stream.
///
/// A call that streams both ways is handed over as soon as a node has it and the caller's stream
/// gives no more for now: many servers begin to answer only when they have something to say, and
/// the caller may be waiting for the stream of answers before it goes on.
pub(super) fn many<T: Message + Default + 'static>(
    plan: Plan<Streaming<T>>,
) -> BoxFuture<'static, Result<Reply<Streaming<T>>>> {
    Box::pin(async move {
        let both_ways = plan.operation.kind() == Kind::Bidi;
        let limit = plan.terms.max_receive;
        let Running { channel, mut call, mut seen } = plan.begin()?;
        let stalled = both_ways.then(Arc::<AtomicBool>::default);
        let mut progress = Progress::telling(stalled.clone());
        let mut opening = Box::pin(async move {
            let (begun, deadline) = (call.begun, call.deadline);
            let operation = call.operation.clone();
            let opening = open::<T>(&channel, &mut call, &mut progress, limit, true);
            let opened = match deadline {
                None => opening.await,
                Some(deadline) => match tokio::time::timeout_at(deadline, opening).await {
                    Ok(stream) => stream,
                    Err(_) => Err(progress.too_late(&operation, begun)),
                },
            };
            seen.set_node(progress.address());
            match opened {
                Ok(stream) => Ok(stream.seen_by(seen)),
                Err(error) => {
                    seen.end(Outcome::Failed(&error));
                    Err(error)
                }
            }
        });
        let opened = poll_fn(|cx| match opening.as_mut().poll(cx) {
            Poll::Ready(opened) => Poll::Ready(Some(opened)),
            Poll::Pending => {
                let stalled = stalled.as_ref().is_some_and(|it| it.load(Ordering::Relaxed));
                if stalled { Poll::Ready(None) } else { Poll::Pending }
            }
        })
        .await;
        let stream = match opened {
            Some(opened) => opened?,
            None => {
                // What the caller streams is sent on, whether or not it reads already.
                let task = match Context::current() {
                    Some(cx) => tokio::spawn(cx.scope(opening)),
                    None => tokio::spawn(opening),
                };
                let task = AbortOnDropHandle::new(task);
                Streaming::opening(async { task.await.map_err(Error::from_source)? })
            }
        };
        let headers = stream.headers().clone();
        Ok(Reply { message: stream, headers, trailers: HeaderMap::new() })
    })
}

/// Sends a call and opens the stream of what is answered, of messages up to `limit`; `bounded` gives
/// that stream the deadline.
async fn open<T: Message + Default>(
    channel: &Channel,
    call: &mut Outgoing,
    progress: &mut Progress,
    limit: usize,
    bounded: bool,
) -> Result<Streaming<T>> {
    let response = exchange(channel, call, progress).await?;
    let (parts, mut body) = response.into_parts();
    head::check(&parts)?;
    let encoding = Encoding::of(&parts.headers)?;
    if let Some(deadline) = call.deadline.filter(|_| bounded) {
        body.set_deadline(deadline, call.begun);
    }
    let decoder = Decoder::new(encoding, limit);
    Ok(Streaming::new(Body::new(body), decoder, End::Response).with_headers(parts.headers))
}

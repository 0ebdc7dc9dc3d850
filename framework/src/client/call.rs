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
use http::{Method, Response};
use prost::Message;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::body::Body;
use crate::context::{Context, Face};
use crate::error::{Error, Result};
use crate::operation::{Kind, Operation};
use crate::telemetry::{ClientSeen, Making, Outcome, Sent};
use crate::wire::{self, Decoder, Encoding, End, Streaming};

use super::channel::Channel;
use super::exchange::{Outgoing, Progress, exchange};
use super::head;
use super::http::Spoken;
use super::incoming::Incoming;
use super::pump::Payload;
use super::retry::Tries;
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

impl<T> Reply<T> {
    pub(super) fn new(message: T, headers: HeaderMap) -> Self {
        Self { message, headers, trailers: HeaderMap::new() }
    }
}

/// A call that resolves to a [`Reply`].
#[must_use = "a call is made only when it is awaited"]
pub struct WithReply<T>(Call<T>);

/// All that is needed to make a call.
pub(super) struct Plan<T> {
    channel: Channel,
    terms: Terms,
    operation: &'static Operation,
    told: Result<Told>,
    timeout: Option<Duration>,
    metadata: HeaderMap,
    run: fn(Self) -> BoxFuture<'static, Result<Reply<T>>>,
}

/// The request of a call, as it goes out.
pub(super) struct Told {
    pub(super) payload: Payload,
    pub(super) sent: Sent,
    /// How it is told over HTTP; none over gRPC.
    pub(super) spoken: Option<Box<Spoken>>,
}

impl<T> Call<T> {
    pub(super) fn new(
        channel: Channel,
        terms: Terms,
        operation: &'static Operation,
        told: Result<Told>,
        run: fn(Plan<T>) -> BoxFuture<'static, Result<Reply<T>>>,
    ) -> Self {
        let (timeout, metadata) = (None, HeaderMap::new());
        let plan = Plan { channel, terms, operation, told, timeout, metadata, run };
        Self(State::Planned(plan))
    }

    /// Replaces how long the call may take, with all its attempts; for a stream, up to its end.
    ///
    /// The default is what the setting `operations` says, else the proto of the operation, else the setting
    /// `timeout` for unary calls and no limit for streams. The deadline of
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
                None => plan.told = Err(invalid(key)),
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
pub(super) struct Running {
    pub(super) channel: Channel,
    pub(super) call: Outgoing,
    pub(super) seen: ClientSeen,
}

impl<T> Plan<T> {
    /// The largest message that is read.
    pub(super) fn limit(&self) -> usize {
        self.terms.max_receive
    }

    /// How it is told over HTTP; none over gRPC, or if it cannot be told.
    pub(super) fn spoken(&self) -> Option<&Spoken> {
        self.told.as_ref().ok()?.spoken.as_deref()
    }

    /// Settles deadline and metadata, now that the call begins.
    pub(super) fn begin(self) -> Result<Running> {
        let begun = Instant::now();
        let terms = self.terms;
        let default = terms.timeout.filter(|_| self.operation.kind() == Kind::Unary);
        let own =
            self.timeout.or_else(|| self.channel.rules().get().timeout(self.operation, default));
        let own = own.map(|timeout| begun + timeout);
        let Told { payload, sent, spoken } = self.told?;
        let mut headers = match &spoken {
            None => head::headers(terms.compress),
            Some(_) => head::plain(),
        };
        if !self.metadata.is_empty() {
            headers.extend(self.metadata);
        }
        let served = Context::current();
        if let Some(cx) = &served {
            cx.metadata().propagate(&mut headers);
        }
        let within = served.as_ref().and_then(Context::deadline);
        let deadline = [own, within].into_iter().flatten().min();
        let face = if spoken.is_none() { Face::Grpc } else { Face::Http };
        let seen = self.channel.calls().begin(
            Making { operation: self.operation, face, begun, deadline, sent },
            served.as_ref(),
            &mut headers,
        );
        let name = self.operation.name();
        let operation = Cow::Borrowed(name);
        let call = match spoken {
            None => {
                let path = PathAndQuery::from_maybe_shared(Bytes::from_static(name.as_bytes()))
                    .map_err(Error::from_source)?;
                let (verb, tells_time) = (Method::POST, true);
                Outgoing { operation, verb, path, headers, payload, begun, deadline, tells_time }
            }
            Some(spoken) => {
                spoken.mark(&mut headers, &payload.head);
                let Spoken { verb, target: path, dialect, .. } = *spoken;
                let tells_time = dialect.tells_time();
                Outgoing { operation, verb, path, headers, payload, begun, deadline, tells_time }
            }
        };
        Ok(Running { channel: self.channel, call, seen })
    }
}

/// How the answer of a call is read that is one message.
pub(super) trait Answer<T> {
    /// The message, and how many bytes it was.
    fn read(
        self,
        response: Response<Incoming>,
        limit: usize,
    ) -> impl Future<Output = Result<(Reply<T>, usize)>> + Send;
}

/// As gRPC has it.
#[derive(Clone, Copy)]
struct Framed;

impl<T: Message + Default> Answer<T> for Framed {
    async fn read(self, response: Response<Incoming>, limit: usize) -> Result<(Reply<T>, usize)> {
        let mut stream = stream(response, limit)?;
        let message = wire::read_one(&mut stream).await?;
        let received = stream.take_decoded();
        let (headers, trailers) = stream.into_parts();
        Ok((Reply { message, headers, trailers }, received))
    }
}

/// Makes a call that is answered with one message.
pub(super) fn one<T: Message + Default + 'static>(
    plan: Plan<T>,
) -> BoxFuture<'static, Result<Reply<T>>> {
    Box::pin(settled(plan, Framed))
}

/// Makes a call to its end, as often as it takes and its proto and the settings let it.
pub(super) async fn settled<T>(plan: Plan<T>, answer: impl Answer<T> + Copy) -> Result<Reply<T>> {
    let limit = plan.limit();
    let policy = plan.channel.rules().get().retry(plan.operation);
    let Running { channel, mut call, mut seen } = plan.begin()?;
    let (begun, deadline) = (call.begun, call.deadline);
    let operation = call.operation.clone();
    let mut progress = Progress::default();
    let mut tries = Tries::new(policy, channel.budget());
    let answer = async {
        loop {
            tries.mark(&mut call, deadline);
            let late = tries.limit().and(call.deadline);
            let tried = async {
                let response = exchange(&channel, &mut call, &mut progress).await?;
                answer.read(response, limit).await
            };
            let tried = match late {
                None => tried.await,
                Some(late) => match tokio::time::timeout_at(late, tried).await {
                    Ok(tried) => tried,
                    Err(_) => Err(progress.too_late(&operation, begun)),
                },
            };
            let error = match tried {
                Ok((reply, received)) => {
                    seen.receive(received);
                    return Ok(reply);
                }
                Err(error) => error,
            };
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let Some(wait) = tries.next(&error, left, fastrand::f64()) else { return Err(error) };
            tracing::debug!(%operation, %error, before = tries.before(), "is tried again");
            tokio::time::sleep(wait).await;
        }
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
        let limit = plan.limit();
        let Running { channel, mut call, mut seen } = plan.begin()?;
        let stalled = both_ways.then(Arc::<AtomicBool>::default);
        let mut progress = Progress::telling(stalled.clone());
        let mut opening = Box::pin(async move {
            let (begun, deadline) = (call.begun, call.deadline);
            let operation = call.operation.clone();
            let opening = open::<T>(&channel, &mut call, &mut progress, limit);
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

/// Sends a call and opens the stream of what is answered, of messages up to `limit`, with the deadline.
async fn open<T: Message + Default>(
    channel: &Channel,
    call: &mut Outgoing,
    progress: &mut Progress,
    limit: usize,
) -> Result<Streaming<T>> {
    let mut response = exchange(channel, call, progress).await?;
    if let Some(deadline) = call.deadline {
        response.body_mut().set_deadline(deadline, call.begun);
    }
    stream(response, limit)
}

/// What is answered, as a stream of messages up to `limit`.
fn stream<T: Message + Default>(
    response: Response<Incoming>,
    limit: usize,
) -> Result<Streaming<T>> {
    let (parts, body) = response.into_parts();
    head::check(&parts)?;
    let decoder = Decoder::new(Encoding::of(&parts.headers)?, limit);
    Ok(Streaming::new(Body::new(body), decoder, End::Response).with_headers(parts.headers))
}

//! One connection from its first byte to its last: which protocol, how long, and how it is let go.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Either;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::body::Body;
use crate::context::Peer;
use crate::error::BoxError;
use crate::server::Stop;
use crate::telemetry::metrics::connections::Cause;

use super::clock::HeadClock;
use super::heads::{Heads, UNDERSTOOD};
use super::io::{Arrivals, Opened, Protocol};
use super::pipeline::Pipeline;
use super::secure::Secure;
use super::settings::ServerSettings;
use super::socket::{self, Upgraded};

/// How long the calls of a connection that is cut may take to notice.
const NOTICE: Duration = Duration::from_secs(1);

/// Serves the calls that come by one connection until it ends, is too old, or `stop` says so.
///
/// `io` is a socket or the end of an in-process pipe.
pub(crate) async fn serve_io<IO>(
    io: IO,
    pipeline: Pipeline,
    settings: Arc<ServerSettings>,
    peer: Peer,
    stop: Stop,
) -> Cause
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let from = peer.address;
    let opened = tokio::select! {
        opened = Opened::open(io) => opened,
        () = after(settings.headers.read_timeout) => {
            tracing::debug!(peer = ?from, "the peer did not say in time what it speaks");
            return Cause::Silent;
        }
        // Whoever is about to send a call is served: the connection leaves with its first answer.
        () = stop.begun().then(|()| sleep(NOTICE)) => return Cause::Closed,
    };
    let (protocol, io) = match opened {
        Ok(Some(opened)) => opened,
        Ok(None) => return Cause::Silent,
        Err(error) => {
            tracing::debug!(peer = ?from, %error, "connection broken at once");
            return Cause::Broken;
        }
    };
    if io.is_tls() {
        tracing::debug!(peer = ?from, "the peer speaks TLS, which this port does not (server.tls)");
    }
    let life = Life {
        max_age: jittered(settings.connection.max_age, fastrand::f64()),
        arrivals: io.arrivals(),
        streams: Streams::default(),
        protocol,
        settings,
        stop,
    };
    let outcome = match protocol {
        Protocol::Http1 => life.http1(io, pipeline, peer).await,
        Protocol::Http2 => life.http2(io, pipeline, peer).await,
    };
    let cause = match outcome {
        Ok(End::Closed) => {
            tracing::trace!(peer = ?from, "connection closed");
            Cause::Closed
        }
        Ok(End::Cut { open }) => {
            tracing::debug!(peer = ?from, open, "connection cut");
            Cause::Cut
        }
        Err(error) => {
            tracing::debug!(peer = ?from, %error, "connection broken");
            Cause::Broken
        }
    };
    if !life.streams.ended().await {
        tracing::warn!(
            peer = ?from,
            "calls go on although their connection is gone: a handler blocks its thread"
        );
    }
    cause
}

/// The same on a connection that is to be encrypted: shakes hands first.
pub(super) async fn serve_tls<IO>(
    secure: Secure,
    io: IO,
    pipeline: Pipeline,
    settings: Arc<ServerSettings>,
    peer: Peer,
    stop: Stop,
) -> Cause
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let from = peer.address;
    let shaken = tokio::select! {
        shaken = secure.accept(io) => shaken,
        () = after(settings.headers.read_timeout) => {
            tracing::debug!(peer = ?from, "the peer did not finish the handshake of TLS in time");
            return Cause::Silent;
        }
        () = stop.begun().then(|()| sleep(NOTICE)) => return Cause::Closed,
    };
    match shaken {
        Ok((io, names)) => serve_io(io, pipeline, settings, peer.with_names(names), stop).await,
        Err(error) => {
            tracing::debug!(peer = ?from, %error, "no handshake of TLS");
            Cause::Broken
        }
    }
}

/// Runs the calls of an HTTP/2 connection, which waits for them before it ends.
///
/// They end by themselves when the connection does: hyper lets each know that its stream is gone.
#[derive(Clone, Debug, Default)]
struct Streams {
    open: TaskTracker,
    begun: Arc<AtomicU64>,
}

impl Streams {
    fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Whether all have ended soon after their connection did.
    async fn ended(&self) -> bool {
        self.open.close();
        self.open.is_empty() || timeout(NOTICE, self.open.wait()).await.is_ok()
    }
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.open.spawn(call);
    }
}

/// How a connection ended.
enum End {
    Closed,
    Cut { open: usize },
}

/// Why a connection is asked to go.
enum Leaving {
    /// The server stops.
    Stop,
    /// It is old, or has not been used for long.
    Worn,
}

/// What decides over a connection's life.
struct Life {
    settings: Arc<ServerSettings>,
    max_age: Duration,
    protocol: Protocol,
    arrivals: Arrivals,
    streams: Streams,
    stop: Stop,
}

impl Life {
    async fn http1<IO>(&self, io: Opened<IO>, pipeline: Pipeline, peer: Peer) -> hyper::Result<End>
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let settings = &self.settings;
        let (head, quiet) = (settings.headers.read_timeout, settings.keepalive.http1);
        let mut builder = http1::Builder::new();
        builder
            .timer(HeadClock::new(self.arrivals.clone(), head))
            .keep_alive(!quiet.is_zero())
            .header_read_timeout(bound(quiet).or_else(|| bound(head)))
            .max_headers(settings.headers.max_count.saturating_mul(UNDERSTOOD as usize))
            .max_header_size(usize::try_from(self.understood()).unwrap_or(usize::MAX));
        let heads = Heads::new(&settings.headers);
        let upgraded = Upgraded::default();
        let calls = service_fn(|request| {
            if socket::asked(&request) && heads.refuse(&request).is_none() {
                let from = (&peer, &self.stop);
                let opened = socket::open(&pipeline, settings, &upgraded, from, request);
                return Either::Left(opened.map(Ok));
            }
            Either::Right(answer(&pipeline, heads, &peer, request))
        });
        let connection = builder.serve_connection(TokioIo::new(io), calls).with_upgrades();
        let end = self.drive(pin!(connection)).await?;
        if let (End::Closed, Some(socket)) = (&end, upgraded.take()) {
            socket.await;
            if self.stop.is_cut() {
                return Ok(End::Cut { open: 1 });
            }
        }
        Ok(end)
    }

    async fn http2<IO>(&self, io: Opened<IO>, pipeline: Pipeline, peer: Peer) -> hyper::Result<End>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let (keepalive, connection) = (&self.settings.keepalive, &self.settings.connection);
        let mut builder = http2::Builder::new(self.streams.clone());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(bound(keepalive.interval))
            .keep_alive_timeout(keepalive.timeout)
            .max_concurrent_streams(connection.max_streams)
            .max_pending_accept_reset_streams(connection.max_pending_resets)
            .initial_stream_window_size(connection.stream_window)
            .initial_connection_window_size(connection.window)
            .max_header_list_size(self.understood());
        let heads = Heads::new(&self.settings.headers);
        let calls = service_fn(|request| answer(&pipeline, heads, &peer, request));
        self.drive(pin!(builder.serve_connection(TokioIo::new(io), calls))).await
    }

    /// The largest head, in bytes, that is read at all.
    fn understood(&self) -> u32 {
        self.settings.headers.max_size.saturating_mul(UNDERSTOOD)
    }

    /// Polls a connection until it has ended, or must.
    ///
    /// The connection goes first each time: one that is asked to go as soon as it is there has read
    /// what the peer had sent, and tells the peer where it stopped reading.
    async fn drive<C: Connection>(&self, mut connection: Pin<&mut C>) -> hyper::Result<End> {
        // Polled only when woken; a plain future would be polled along with every frame.
        let mut leaving: FuturesUnordered<_> = std::iter::once(self.leaving()).collect();
        let why = tokio::select! {
            biased;
            outcome = &mut connection => return outcome.map(|()| End::Closed),
            why = leaving.next() => why,
        };
        connection.as_mut().leave();
        let mut over: FuturesUnordered<_> = std::iter::once(self.over(why)).collect();
        tokio::select! {
            biased;
            outcome = connection => outcome.map(|()| End::Closed),
            _ = over.next() => Ok(End::Cut { open: self.streams.open.len() }),
        }
    }

    async fn leaving(&self) -> Leaving {
        tokio::select! {
            () = self.stop.begun() => Leaving::Stop,
            () = after(self.max_age) => Leaving::Worn,
            () = self.idle() => Leaving::Worn,
        }
    }

    /// Resolves when a connection that was asked to go has had its time.
    async fn over(&self, why: Option<Leaving>) {
        let grace = match why {
            Some(Leaving::Worn) => self.settings.connection.grace,
            // The stop has a limit of its own.
            Some(Leaving::Stop) | None => Duration::ZERO,
        };
        tokio::select! {
            () = self.stop.cut_off() => {}
            () = after(grace) => {}
            () = self.gone() => {}
        }
    }

    /// Resolves when there was no call for long enough.
    async fn idle(&self) {
        if self.protocol == Protocol::Http1 {
            return pending().await;
        }
        loop {
            let before = self.streams.begun();
            after(self.settings.connection.max_idle).await;
            if self.streams.open.is_empty() && self.streams.begun() == before {
                return;
            }
        }
    }

    /// Resolves when a peer that has no call does not answer the ping of a GOAWAY.
    ///
    /// Without this, a peer that is dead would hold up a stop to its end.
    async fn gone(&self) {
        if self.protocol == Protocol::Http1 {
            return pending().await;
        }
        loop {
            let before = self.arrivals.count();
            after(self.settings.keepalive.timeout).await;
            if self.streams.open.is_empty() && self.arrivals.count() == before {
                return;
            }
        }
    }
}

/// What hyper makes of a connection.
trait Connection: Future<Output = hyper::Result<()>> {
    /// Asks the peer to send its next call elsewhere, and ends when the calls that came have.
    fn leave(self: Pin<&mut Self>);
}

impl<IO, S> Connection for http1::UpgradeableConnection<IO, S>
where
    Self: Future<Output = hyper::Result<()>>,
    IO: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    S: hyper::service::HttpService<Incoming, ResBody = Body>,
    S::Error: Into<BoxError>,
{
    fn leave(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<IO, S> Connection for http2::Connection<IO, S, Streams>
where
    Self: Future<Output = hyper::Result<()>>,
    IO: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: hyper::service::HttpService<Incoming, ResBody = Body>,
    S::Error: Into<BoxError>,
    Streams: hyper::rt::bounds::Http2ServerConnExec<S::Future, Body>,
{
    fn leave(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Answers one request.
fn answer(
    pipeline: &Pipeline,
    heads: Heads,
    peer: &Peer,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send + use<> {
    match heads.refuse(&request) {
        Some(refusal) => Either::Left(ready(Ok(refusal))),
        None => Either::Right(pipeline.handle(request.map(Body::from), peer).map(Ok)),
    }
}

/// Waits as long; for ever, if that is not at all.
async fn after(time: Duration) {
    if time.is_zero() {
        return pending().await;
    }
    sleep(time).await;
}

/// A limit, unless it is zero.
fn bound(limit: Duration) -> Option<Duration> {
    (!limit.is_zero()).then_some(limit)
}

/// 90 to 110 % of an age, so that connections that came together do not go together.
fn jittered(age: Duration, random: f64) -> Duration {
    age.mul_f64(0.9 + 0.2 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;

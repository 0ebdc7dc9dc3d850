//! A connection as calls use it, and one of HTTP/2: made, driven, watched for signs of life.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Ping, PingPong, Reason, SendStream};
use http::Request;
use http::uri::Scheme;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

use crate::error::{Error, Result};
use crate::registry::Endpoint;

use super::failure::{self, Rounded};
use super::http::Wires;
use super::settings::ClientSettings;
use super::socket::{Counted, Traffic, Way};

/// The most bytes of a response's headers, counted as RFC 9113 §6.5.2 does: room for rich errors.
const MAX_HEADERS: u32 = 64 * 1024;

/// How many streams that we have cancelled are remembered, for what the peer still sends of them.
const REMEMBERED_RESETS: usize = 1024;

/// A connection as calls use it; of HTTP/1.1, all those to one node together.
pub(super) struct Conn {
    via: Via,
    /// Calls that have a place here, the health watch among them.
    in_flight: AtomicUsize,
    /// How many streams the peer lets us have at one time, or how many connections the settings.
    limit: AtomicUsize,
    /// Whether new streams are taken: until the peer says GOAWAY, we retire it, or it breaks.
    open: AtomicBool,
    /// The peer found that it was pinged too often.
    annoyed: AtomicBool,
    /// Why we gave it up, if we did.
    cause: OnceLock<String>,
    /// Told when the connection takes no new streams any more, or more than before.
    changed: Arc<Notify>,
}

/// What a connection speaks.
pub(super) enum Via {
    Http1(Wires),
    Http2(Streams),
}

/// A connection of HTTP/2, which carries many calls.
pub(super) struct Streams {
    send: SendRequest<Bytes>,
    /// What requests say of how they came: `http`, or `https` over TLS.
    scheme: Scheme,
    traffic: Arc<Traffic>,
}

/// What keeps a connection going. Owned by one task; it ends when the connection does.
pub(super) struct Driver {
    connection: h2::client::Connection<Counted, Bytes>,
    conn: Weak<Conn>,
    traffic: Arc<Traffic>,
    seen: u64,
    last_read: Instant,
    keepalive: Option<Keepalive>,
    /// The peer has said that it goes away.
    going: bool,
}

struct Keepalive {
    ping_pong: PingPong,
    interval: Duration,
    timeout: Duration,
    sleep: Pin<Box<Sleep>>,
    pinged: Option<Instant>,
}

/// How a connection ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Why, if not in order. What happens after the peer has said that it goes away is in order.
    pub(super) error: Option<String>,
    pub(super) lived: Duration,
}

/// Makes a connection, up to the first frame of the peer: only then it is known to be there.
pub(super) async fn connect(
    way: &Way,
    endpoint: &Endpoint,
    settings: &ClientSettings,
    interval: Duration,
    changed: Arc<Notify>,
) -> Result<(Arc<Conn>, Driver)> {
    let socket = way.connect(endpoint, settings.keepalive.timeout).await.map_err(|error| {
        Error::unavailable("CONNECT_FAILED", error.to_string()).with_source(error)
    })?;
    let scheme = if socket.is_tls() { Scheme::HTTPS } else { Scheme::HTTP };
    let traffic = Arc::<Traffic>::default();
    let io = Counted::new(socket, Arc::clone(&traffic));
    let (send, mut connection) = h2::client::Builder::new()
        .initial_window_size(settings.stream_window)
        .initial_connection_window_size(settings.window)
        .max_header_list_size(MAX_HEADERS)
        .enable_push(false)
        .max_concurrent_reset_streams(REMEMBERED_RESETS)
        // Each of our own cancellations may leave a frame of the peer's behind that is counted here:
        // a limit would end every long-lived connection one day.
        .max_local_error_reset_streams(None)
        .handshake::<_, Bytes>(io)
        .await
        .map_err(not_http2)?;
    poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
        Poll::Ready(Err(error)) => Poll::Ready(Err(not_http2(error))),
        // It speaks HTTP/2, and has said that it goes.
        Poll::Ready(Ok(())) if traffic.read() > 0 => Poll::Ready(Err(failure::going())),
        Poll::Ready(Ok(())) => Poll::Ready(Err(closed_at_once())),
        Poll::Pending if traffic.read() > 0 => Poll::Ready(Ok(())),
        Poll::Pending => Poll::Pending,
    })
    .await?;
    let now = Instant::now();
    let keepalive = connection.ping_pong().filter(|_| !interval.is_zero()).map(|ping_pong| {
        let sleep = Box::pin(tokio::time::sleep_until(now + interval));
        Keepalive { ping_pong, interval, timeout: settings.keepalive.timeout, sleep, pinged: None }
    });
    let via = Via::Http2(Streams { send, scheme, traffic: Arc::clone(&traffic) });
    let conn = Arc::new(Conn::new(via, connection.max_concurrent_send_streams(), changed));
    let driver = Driver {
        connection,
        conn: Arc::downgrade(&conn),
        seen: traffic.read(),
        traffic,
        last_read: now,
        keepalive,
        going: false,
    };
    Ok((conn, driver))
}

fn not_http2(error: h2::Error) -> Error {
    let text = if error.is_io() || error.is_remote() {
        format!("the connection broke before it began: {error}")
    } else {
        format!("the peer does not speak HTTP/2: {error}")
    };
    Error::unavailable("CONNECT_FAILED", text).with_source(error)
}

fn closed_at_once() -> Error {
    Error::unavailable("CONNECT_FAILED", "the peer closed the connection before it began")
}

impl Streams {
    /// Opens a stream, with all of its data if `data` is given. Does not wait.
    ///
    /// # Errors
    ///
    /// If the connection takes no streams any more: nothing was sent.
    pub(super) fn open(
        &self,
        head: Request<()>,
        data: Option<Bytes>,
    ) -> Result<(ResponseFuture, Option<SendStream<Bytes>>), h2::Error> {
        // A clone of its own, because a handle serves one caller at a time once streams are used up.
        let mut send = self.send.clone();
        let Some(data) = data else {
            let (response, stream) = send.send_request(head, false)?;
            return Ok((response, Some(stream)));
        };
        let (response, mut stream) = send.send_request(head, data.is_empty())?;
        if !data.is_empty() {
            // If the stream has ended meanwhile, the response says how.
            stream.send_data(data, true).ok();
        }
        Ok((response, None))
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme.clone()
    }

    /// How many bytes were written: what is sent later than this was asked for is counted on top.
    pub(super) fn written(&self) -> u64 {
        self.traffic.written()
    }
}

impl Conn {
    pub(super) fn new(via: Via, limit: usize, changed: Arc<Notify>) -> Self {
        Self {
            via,
            in_flight: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
            open: AtomicBool::new(true),
            annoyed: AtomicBool::new(false),
            cause: OnceLock::new(),
            changed,
        }
    }

    pub(super) fn via(&self) -> &Via {
        &self.via
    }

    /// Takes a place for a call, if there are fewer than `limit`.
    ///
    /// In one order with the count of those who wait for a place, so that no place is left untold.
    pub(super) fn enter(&self, limit: usize) -> bool {
        if !self.is_open() {
            return false;
        }
        let limit = limit.min(self.limit());
        let taken = self.in_flight.fetch_add(1, Ordering::SeqCst) < limit;
        if !taken {
            self.leave();
        }
        taken
    }

    /// Gives a place back.
    pub(super) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    pub(super) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    pub(super) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Whether the peer found that it was pinged too often.
    pub(super) fn is_annoyed(&self) -> bool {
        self.annoyed.load(Ordering::Acquire)
    }

    /// Takes no new calls; those in flight go on, and the connection ends after the last.
    pub(super) fn retire(&self) {
        self.open.store(false, Ordering::Release);
        self.changed.notify_one();
    }

    /// Why we gave it up, if we did.
    pub(super) fn cause(&self) -> Option<&str> {
        self.cause.get().map(String::as_str)
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn")
            .field("open", &self.is_open())
            .field("in_flight", &self.in_flight())
            .field("limit", &self.limit())
            .finish_non_exhaustive()
    }
}

impl Driver {
    /// Drives the connection to its end.
    pub(super) async fn run(mut self) -> Ended {
        let begun = self.last_read;
        let error = poll_fn(|cx| self.poll(cx)).await;
        if let Some(conn) = self.conn.upgrade() {
            match &error {
                // Nobody else sets it: there is one driver.
                Some(End::Dead(why)) => conn.cause.set(why.clone()).unwrap_or(()),
                Some(End::Broken(error)) if is_too_many_pings(error) => {
                    conn.annoyed.store(true, Ordering::Release);
                }
                Some(End::Broken(_)) | None => {}
            }
            conn.retire();
        }
        let error = error.filter(|_| !self.going).map(|end| match end {
            End::Dead(why) => why,
            End::Broken(error) => error.to_string(),
        });
        Ended { error, lived: begun.elapsed() }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        if let Poll::Ready(outcome) = Pin::new(&mut self.connection).poll(cx) {
            return Poll::Ready(outcome.err().map(End::Broken));
        }
        let read = self.traffic.read();
        if read != self.seen {
            self.seen = read;
            self.last_read = Instant::now();
            self.look(cx);
        }
        match &mut self.keepalive {
            Some(keepalive) => keepalive.poll(self.last_read, cx).map(|()| {
                let timeout = Rounded(keepalive.timeout);
                Some(End::Dead(format!("the peer did not answer a ping within {timeout}")))
            }),
            None => Poll::Pending,
        }
    }

    /// Sees what the frames that came have changed.
    fn look(&mut self, cx: &mut Context<'_>) {
        let Some(conn) = self.conn.upgrade() else { return };
        if !conn.is_open() {
            return;
        }
        let limit = self.connection.max_concurrent_send_streams();
        if conn.limit.swap(limit, Ordering::Relaxed) < limit {
            conn.changed.notify_one();
        }
        let Via::Http2(streams) = &conn.via else { return };
        // Fails once the peer has said GOAWAY, and when the stream numbers are used up.
        if let Poll::Ready(Err(error)) = streams.send.clone().poll_ready(cx) {
            conn.annoyed.store(is_too_many_pings(&error), Ordering::Release);
            self.going = failure::is_orderly(&error);
            conn.retire();
        }
    }
}

enum End {
    /// The peer is not there any more, as far as we can tell.
    Dead(String),
    Broken(h2::Error),
}

/// What servers of gRPC answer to pings that come more often than they like (gRFC A8).
fn is_too_many_pings(error: &h2::Error) -> bool {
    error.is_go_away()
        && error.is_remote()
        && error.reason() == Some(Reason::ENHANCE_YOUR_CALM)
        && error.to_string().contains("too_many_pings")
}

impl Keepalive {
    /// Ready when the peer is taken for dead.
    fn poll(&mut self, last_read: Instant, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.pinged.is_some() && self.ping_pong.poll_pong(cx).is_ready() {
                self.pinged = None;
                self.sleep.as_mut().reset(Instant::now() + self.interval);
            }
            if self.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            match self.pinged {
                // Any frame is a sign of life, not only the answer.
                Some(pinged) if last_read > pinged && now < last_read + self.timeout => {
                    self.sleep.as_mut().reset(last_read + self.timeout);
                }
                Some(_) => return Poll::Ready(()),
                None if now < last_read + self.interval => {
                    self.sleep.as_mut().reset(last_read + self.interval);
                }
                None => {
                    // Fails only when the connection is ending, which it tells itself.
                    self.ping_pong.send_ping(Ping::opaque()).ok();
                    self.pinged = Some(now);
                    self.sleep.as_mut().reset(now + self.timeout);
                }
            }
        }
    }
}

impl Ended {
    /// The driver was lost, with its runtime.
    pub(super) fn aborted(error: &tokio::task::JoinError) -> Self {
        Self { error: Some(error.to_string()), lived: Duration::ZERO }
    }
}

//! One connection of HTTP/1.1, driven by whoever uses it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::registry::Endpoint;

use super::super::settings::ClientSettings;
use super::super::socket::{Counted, Traffic, Way};

/// The most bytes of a response's head: room for rich errors.
const MAX_HEAD: usize = 64 * 1024;

type Http1 = Connection<TokioIo<Counted>, Full<Bytes>>;

/// A connection. Nothing moves on it unless it is polled.
pub(super) struct Wire {
    send: SendRequest<Full<Bytes>>,
    /// None once it has ended.
    connection: Option<Pin<Box<Http1>>>,
    traffic: Arc<Traffic>,
    last_used: Instant,
    /// Whether a call has come by it before.
    used: bool,
}

impl Wire {
    /// Connects. The caller bounds how long that may take.
    pub(super) async fn dial(
        way: &Way,
        endpoint: &Endpoint,
        settings: &ClientSettings,
    ) -> Result<Self> {
        let socket = way.connect(endpoint, settings.keepalive.timeout).await.map_err(|error| {
            Error::unavailable("CONNECT_FAILED", error.to_string()).with_source(error)
        })?;
        let traffic = Arc::<Traffic>::default();
        let io = TokioIo::new(Counted::new(socket, Arc::clone(&traffic)));
        // It sends nothing yet.
        let (send, connection) =
            Builder::new().max_buf_size(MAX_HEAD).handshake(io).await.map_err(|error| {
                Error::unavailable("CONNECT_FAILED", error.to_string()).with_source(error)
            })?;
        let connection = Some(Box::pin(connection));
        Ok(Self { send, connection, traffic, last_used: Instant::now(), used: false })
    }

    /// Whether it can take a call at once.
    pub(super) fn is_ready(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        matches!(self.send.poll_ready(cx), Poll::Ready(Ok(()))) && self.connection.is_some()
    }

    /// Reads and writes what can be read and written now.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection
            // How it ended is told to whoever waits for an answer.
            && connection.as_mut().poll(cx).is_ready()
        {
            self.connection = None;
        }
    }

    /// Sends a request. The connection must be driven for anything to come of it.
    pub(super) fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>>> + use<>
    {
        self.send.try_send_request(request)
    }

    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    pub(super) fn last_used(&self) -> Instant {
        self.last_used
    }

    /// Whether a call has come by it before.
    pub(super) fn is_used(&self) -> bool {
        self.used
    }

    /// A call has come by it, and ended.
    pub(super) fn rest(&mut self) {
        self.used = true;
        self.last_used = Instant::now();
    }
}

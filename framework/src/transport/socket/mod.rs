//! Sockets of the web, by which a page streams to a method: one socket is one call, through the same pipeline.
//!
//! The frames are those of Kratos 3. A text is one message as JSON; a text that begins with the
//! control character `\x1e` steers: `\x1eend` says that the caller has no more to send,
//! `\x1eerror:…` why a call failed. It ends with close code 1000, after an error with 1011, where the
//! server stops with 1001.
//!
//! The socket is opened once the handler wants a message or has begun to answer; what fails before
//! that, a layer that refuses the caller for example, is an ordinary answer of HTTP.

mod answer;
mod drive;
mod handshake;
mod inbox;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

use crate::body::Body;
use crate::context::Peer;
use crate::media::Media;
use crate::server::Stop;
use crate::wire::respond::{self, Telling};

use super::pipeline::Pipeline;
use super::settings::ServerSettings;
use answer::Answer;
use drive::Socket;
use handshake::Handshake;
pub(super) use handshake::asked;

/// The socket that an HTTP/1.1 connection has become: it runs where the connection ran.
#[derive(Clone, Default)]
pub(super) struct Upgraded(Arc<Mutex<Option<BoxFuture<'static, ()>>>>);

impl Upgraded {
    fn set(&self, socket: BoxFuture<'static, ()>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket);
    }

    pub(super) fn take(&self) -> Option<BoxFuture<'static, ()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgraded").finish_non_exhaustive()
    }
}

/// What a socket is held to.
#[derive(Clone, Copy, Debug)]
struct Terms {
    /// The largest message that is read, in bytes.
    max_message: usize,
    /// After how long without a frame the peer is pinged, and how long it may take to answer.
    ping: Duration,
    pong: Duration,
    /// How long the peer may take to read what it is sent.
    patience: Duration,
}

impl Terms {
    fn of(settings: &ServerSettings) -> Self {
        Self {
            max_message: settings.max_message_size,
            ping: settings.keepalive.interval,
            pong: settings.keepalive.timeout,
            patience: settings.stream_idle_timeout,
        }
    }
}

/// Runs a call that asks for a socket, and answers when it is opened or refused.
pub(super) fn open(
    pipeline: &Pipeline,
    settings: &ServerSettings,
    upgraded: &Upgraded,
    (peer, stop): (&Peer, &Stop),
    mut request: Request<Incoming>,
) -> BoxFuture<'static, Response<Body>> {
    let handshake = match Handshake::of(&request) {
        Ok(handshake) => handshake,
        Err(error) => {
            let refusal = respond::error(Telling::Http(Media::Json), &error);
            return Box::pin(std::future::ready(refusal));
        }
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let (body, inbox, wanted) = inbox::inbox();
    let mut call: Pin<Box<dyn Future<Output = Response<Body>> + Send>> =
        Box::pin(pipeline.handle_socket(request.map(|_| body), peer));
    let (terms, stop, upgraded) = (Terms::of(settings), stop.clone(), upgraded.clone());
    Box::pin(async move {
        let answer = tokio::select! {
            biased;
            response = &mut call => match Answer::begun(response) {
                Ok(answer) => answer,
                Err(refusal) => return *refusal,
            },
            () = wanted.notified() => Answer::awaited(call),
        };
        upgraded.set(Box::pin(async move {
            match upgrade.await {
                Ok(io) => Socket::new(TokioIo::new(io), inbox, terms, stop).await.run(answer).await,
                Err(error) => tracing::debug!(%error, "no WebSocket came of a connection"),
            }
        }));
        handshake.response()
    })
}

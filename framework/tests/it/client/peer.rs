//! A node written by hand on raw HTTP/2, so that it can do what a good server never does.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::task::AbortOnDropHandle;

/// What the node answers to a health watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Unimplemented,
    Serving,
    NotServing,
    /// Takes the question and says nothing.
    Silent,
    /// Ends the watch with an error.
    Broken,
}

/// How the node stands to new calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Answer,
    /// `REFUSED_STREAM`.
    Refuse,
    /// The same, but only after the request was read.
    RefuseLater,
    /// Another reset, of which nobody knows what it left behind.
    Reset(Reason),
    /// Closes the connection without a word.
    Cut,
}

pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) shared: Arc<Shared>,
    task: Option<AbortOnDropHandle<()>>,
}

pub(crate) struct Shared {
    name: String,
    max_streams: Option<u32>,
    pub(crate) calls: AtomicUsize,
    pub(crate) connections: AtomicUsize,
    pub(crate) open: AtomicUsize,
    pub(crate) watches: AtomicUsize,
    pub(crate) health: watch::Sender<Health>,
    pub(crate) mode: Mutex<Mode>,
    /// `Slow` and `Hold` wait here.
    pub(crate) gate: Semaphore,
    /// One permit for each call that has reached `Slow` or `Hold`.
    pub(crate) entered: Semaphore,
    /// One permit for each call that was cancelled in `Slow` or `Hold`.
    pub(crate) cancelled: Semaphore,
    goaway: watch::Sender<usize>,
}

impl Peer {
    pub(crate) async fn start() -> Self {
        Self::build("127.0.0.1:0", None, Health::Serving).await
    }

    pub(crate) async fn with_max_streams(max: u32) -> Self {
        Self::build("127.0.0.1:0", Some(max), Health::Unimplemented).await
    }

    pub(crate) async fn build(address: &str, max_streams: Option<u32>, health: Health) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared::new(address.to_string(), max_streams, health);
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, task: Some(AbortOnDropHandle::new(task)) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.shared.name
    }

    pub(crate) fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        *self.shared.mode.lock().unwrap() = mode;
    }

    pub(crate) fn set_health(&self, health: Health) {
        self.shared.set_health(health);
    }

    /// Sends GOAWAY on every connection; calls in flight are finished.
    pub(crate) fn go_away(&self) {
        self.shared.goaway.send_modify(|times| *times += 1);
    }

    /// Dies: the port is closed, every connection is cut.
    pub(crate) fn kill(&mut self) {
        self.task = None;
    }
}

impl Shared {
    pub(crate) fn new(name: String, max_streams: Option<u32>, health: Health) -> Arc<Self> {
        Arc::new(Self {
            name,
            max_streams,
            calls: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            watches: AtomicUsize::new(0),
            health: watch::Sender::new(health),
            mode: Mutex::new(Mode::Answer),
            gate: Semaphore::new(0),
            entered: Semaphore::new(0),
            cancelled: Semaphore::new(0),
            goaway: watch::Sender::new(0),
        })
    }

    pub(crate) fn set_health(&self, health: Health) {
        self.health.send_replace(health);
    }

    /// A connection to the node that never leaves the process.
    pub(crate) fn connect(self: &Arc<Self>) -> DuplexStream {
        let (near, far) = tokio::io::duplex(256 * 1024);
        tokio::spawn(serve(far, Arc::clone(self)));
        near
    }
}

struct Open<'a>(&'a AtomicUsize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (socket, _) = accepted.unwrap();
                socket.set_nodelay(true).unwrap();
                let connection = tokio::spawn(serve(socket, Arc::clone(&shared)));
                connections.push(AbortOnDropHandle::new(connection));
            }
            Some(_) = connections.next() => {}
        }
    }
}

async fn serve(socket: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>) {
    shared.connections.fetch_add(1, Ordering::SeqCst);
    shared.open.fetch_add(1, Ordering::SeqCst);
    let _open = Open(&shared.open);
    let mut builder = h2::server::Builder::new();
    if let Some(max) = shared.max_streams {
        builder.max_concurrent_streams(max);
    }
    let Ok(mut connection) = builder.handshake::<_, Bytes>(socket).await else { return };
    let mut goaway = shared.goaway.subscribe();
    let mut calls = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                let mode = *shared.mode.lock().unwrap();
                let health = request.uri().path().starts_with("/grpc.health");
                match mode {
                    _ if health => {}
                    Mode::Answer | Mode::RefuseLater => {}
                    Mode::Refuse => {
                        let mut respond = respond;
                        respond.send_reset(Reason::REFUSED_STREAM);
                        continue;
                    }
                    Mode::Reset(reason) => {
                        shared.calls.fetch_add(1, Ordering::SeqCst);
                        let mut respond = respond;
                        respond.send_reset(reason);
                        continue;
                    }
                    Mode::Cut => {
                        shared.calls.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                }
                let shared = Arc::clone(&shared);
                calls.push(AbortOnDropHandle::new(tokio::spawn(answer(request, respond, shared))));
            }
            Some(_) = calls.next() => {}
            _ = goaway.changed() => connection.graceful_shutdown(),
        }
    }
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    shared: Arc<Shared>,
) -> Option<()> {
    let (parts, mut body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if path == "/grpc.health.v1.Health/Watch" {
        return health(respond, &shared).await;
    }
    let mode = *shared.mode.lock().unwrap();
    if mode == Mode::RefuseLater {
        read(&mut body).await?;
        respond.send_reset(Reason::REFUSED_STREAM);
        return None;
    }
    shared.calls.fetch_add(1, Ordering::SeqCst);
    match path.as_str() {
        "/t.T/Who" => {
            read(&mut body).await?;
            one(respond, &shared.name)
        }
        "/t.T/Echo" => {
            let text = read(&mut body).await?.concat();
            one(respond, &text)
        }
        "/t.T/Head" => {
            let mut names: Vec<_> = parts
                .headers
                .iter()
                .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
                .collect();
            names.push(format!(":authority={}", parts.uri.authority().unwrap()));
            one(respond, &names.join("\n"))
        }
        "/t.T/Slow" => {
            shared.entered.add_permits(1);
            tokio::select! {
                permit = shared.gate.acquire() => permit.unwrap().forget(),
                _ = std::future::poll_fn(|cx| respond.poll_reset(cx)) => {
                    shared.cancelled.add_permits(1);
                    return None;
                }
            }
            one(respond, &shared.name)
        }
        // Answers one message, then nothing until the gate lets it end.
        "/t.T/Hold" => {
            let mut stream = respond.send_response(head(), false).ok()?;
            stream.send_data(frame(&shared.name), false).ok()?;
            shared.entered.add_permits(1);
            tokio::select! {
                permit = shared.gate.acquire() => permit.unwrap().forget(),
                _ = std::future::poll_fn(|cx| stream.poll_reset(cx)) => {
                    shared.cancelled.add_permits(1);
                    return None;
                }
            }
            stream.send_trailers(ok()).ok()
        }
        "/t.T/Chat" => {
            let mut stream = respond.send_response(head(), false).ok()?;
            while let Some(data) = body.data().await {
                let data = data.ok()?;
                body.flow_control().release_capacity(data.len()).ok()?;
                stream.send_data(data, false).ok()?;
            }
            stream.send_trailers(ok()).ok()
        }
        "/t.T/Fail" => {
            let mut response = head();
            let headers = response.headers_mut();
            headers.insert("grpc-status", "5".parse().unwrap());
            headers.insert("grpc-message", "no user 7".parse().unwrap());
            respond.send_response(response, true).ok().map(drop)
        }
        // Half an answer, then a reset.
        "/t.T/Break" => {
            let mut stream = respond.send_response(head(), false).ok()?;
            stream.send_data(frame("half"), false).ok()?;
            // sleeps: the data must be on its way before the reset replaces what is not.
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.send_reset(Reason::INTERNAL_ERROR);
            Some(())
        }
        "/t.T/Http" => {
            let mut response = Response::new(());
            *response.status_mut() = http::StatusCode::BAD_GATEWAY;
            response.headers_mut().insert("content-type", "text/html".parse().unwrap());
            respond.send_response(response, true).ok().map(drop)
        }
        _ => {
            let mut response = head();
            response.headers_mut().insert("grpc-status", "12".parse().unwrap());
            respond.send_response(response, true).ok().map(drop)
        }
    }
}

async fn health(mut respond: SendResponse<Bytes>, shared: &Shared) -> Option<()> {
    shared.watches.fetch_add(1, Ordering::SeqCst);
    let mut health = shared.health.subscribe();
    if *health.borrow() == Health::Unimplemented {
        let mut response = head();
        response.headers_mut().insert("grpc-status", "12".parse().unwrap());
        return respond.send_response(response, true).ok().map(drop);
    }
    let mut stream = respond.send_response(head(), false).ok()?;
    loop {
        let status: &[u8] = match *health.borrow_and_update() {
            Health::Serving => &[8, 1],
            Health::NotServing => &[8, 2],
            Health::Silent | Health::Unimplemented => &[],
            Health::Broken => {
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", "14".parse().unwrap());
                return stream.send_trailers(trailers).ok();
            }
        };
        if !status.is_empty() {
            stream.send_data(framed(status), false).ok()?;
        }
        tokio::select! {
            changed = health.changed() => changed.ok()?,
            _ = std::future::poll_fn(|cx| stream.poll_reset(cx)) => return None,
        }
    }
}

fn head() -> Response<()> {
    let mut response = Response::new(());
    response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    response
}

fn ok() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    trailers
}

fn one(mut respond: SendResponse<Bytes>, text: &str) -> Option<()> {
    let mut stream = respond.send_response(head(), false).ok()?;
    stream.send_data(frame(text), false).ok()?;
    stream.send_trailers(ok()).ok()
}

fn frame(text: &str) -> Bytes {
    framed(&text.to_owned().encode_to_vec())
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(message);
    frame.freeze()
}

/// Every message of a request.
async fn read(body: &mut RecvStream) -> Option<Vec<String>> {
    let mut all = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data.ok()?;
        body.flow_control().release_capacity(data.len()).ok()?;
        all.extend_from_slice(&data);
    }
    let mut messages = Vec::new();
    while all.len() >= 5 {
        let length = u32::from_be_bytes([all[1], all[2], all[3], all[4]]) as usize;
        let frame = all.split_to(5 + length);
        messages.push(String::decode(&frame[5..]).unwrap());
    }
    Some(messages)
}

//! The one port as peers see it that were not written here: raw frames, raw bytes, real sockets.

mod age;
mod bad_input;
mod crowd;
mod heads;
mod http1;
mod peers;
mod raw;
mod socket;
mod stop;
mod web;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bia::__codegen::{Facts, Handler, Reply, ServerCall};
use bia::transport::{ApiServer, ServerSettings};
use bia::{Error, Kind, Operation, Server as _, Service, Stop, Streaming};
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use prost::Message;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

static ECHO: Operation = Operation::new("/t.Echo/Echo", Kind::Unary);
static SLOW: Operation = Operation::new("/t.Echo/Slow", Kind::Unary);
static STUCK: Operation = Operation::new("/t.Echo/Stuck", Kind::Unary);
static CHAT: Operation = Operation::new("/t.Echo/Chat", Kind::Bidi);
static SUM: Operation = Operation::new("/t.Echo/Sum", Kind::ClientStream);
static FACTS: Facts = Facts::new("t.Echo", &[&ECHO, &SLOW, &STUCK, &CHAT, &SUM], &[]);

/// No wait in these tests takes so long unless what is awaited does not happen.
const LONG: Duration = Duration::from_secs(20);

/// `Slow` ends when the gate lets it through, `Stuck` never.
struct Echo {
    gate: Arc<Semaphore>,
    entered: Arc<Semaphore>,
}

impl Handler for Echo {
    fn call(&self, method: usize, call: ServerCall) -> Reply {
        let (gate, entered) = (Arc::clone(&self.gate), Arc::clone(&self.entered));
        match method {
            0 => call.unary(|_, text: String| async move { Ok(text) }),
            1 => call.unary(|_, text: String| async move {
                entered.add_permits(1);
                gate.acquire().await.map_err(Error::from_source)?.forget();
                Ok(text)
            }),
            2 => call.unary(|_, _: String| async move {
                entered.add_permits(1);
                std::future::pending::<bia::Result<String>>().await
            }),
            3 => call.bidi(|_, texts: Streaming<String>, out| out.send_all(texts)),
            4 => call.client_stream(|_, mut texts: Streaming<String>| async move {
                let mut all = String::new();
                while let Some(text) = texts.message().await? {
                    all.push_str(&text);
                }
                Ok(all)
            }),
            _ => call.unknown(),
        }
    }
}

/// A server of `t.Echo` on a port of its own.
struct Served {
    address: SocketAddr,
    stop: Stop,
    task: JoinHandle<bia::Result<()>>,
    gate: Arc<Semaphore>,
    entered: Arc<Semaphore>,
}

async fn serve(change: impl FnOnce(&mut ServerSettings)) -> Served {
    let mut settings = ServerSettings { address: "127.0.0.1:0".to_owned(), ..Default::default() };
    change(&mut settings);
    let (gate, entered) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let echo = Echo { gate: Arc::clone(&gate), entered: Arc::clone(&entered) };
    let mut server = ApiServer::new(settings, vec![Service::new(&FACTS, echo)]).unwrap();
    let endpoints = server.bind().await.unwrap();
    let address = endpoints[0].authority().parse().unwrap();
    let stop = Stop::new();
    let task = tokio::spawn(Box::new(server).serve(stop.clone()));
    Served { address, stop, task, gate, entered }
}

impl Served {
    /// Waits until `calls` calls of `Slow` or `Stuck` have come to their handler.
    async fn entered(&self, calls: u32) {
        timeout(LONG, self.entered.acquire_many(calls)).await.unwrap().unwrap().forget();
    }

    /// Lets calls of `Slow` end.
    fn let_through(&self, calls: usize) {
        self.gate.add_permits(calls);
    }

    async fn call(&self, path: &str, text: &str) -> Answer {
        let client = Client::connect(self.address).await;
        client.call(path, framed(text)).await.unwrap()
    }

    /// A call of a caller who knows nothing of what others do.
    async fn still_serves(&self) {
        let answer = timeout(LONG, self.call("/t.Echo/Echo", "still here")).await.unwrap();
        assert_eq!(answer.text(), "still here");
    }

    /// Waits until the server has ended by itself.
    async fn ended(self) {
        timeout(LONG, self.task).await.unwrap().unwrap().unwrap();
    }
}

/// A caller that speaks HTTP/2 with prior knowledge.
#[derive(Clone)]
struct Client(h2::client::SendRequest<Bytes>);

/// What came back.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    trailers: HeaderMap,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let io = TcpStream::connect(address).await.unwrap();
        let (send, connection) = h2::client::handshake(io).await.unwrap();
        // Ends when the last sender is dropped, or with the test's runtime.
        tokio::spawn(connection);
        Self(send)
    }

    async fn call(&self, path: &str, body: Bytes) -> Result<Answer, h2::Error> {
        self.send(grpc(path), [body]).await
    }

    async fn send(
        &self,
        request: Request<()>,
        body: impl IntoIterator<Item = Bytes>,
    ) -> Result<Answer, h2::Error> {
        let mut ready = self.0.clone().ready().await?;
        let (response, mut out) = ready.send_request(request, false)?;
        for chunk in body {
            // What was answered before all was sent ends the sending.
            if out.send_data(chunk, false).is_err() {
                break;
            }
        }
        out.send_data(Bytes::new(), true).ok();
        answer(response).await
    }
}

async fn answer(response: h2::client::ResponseFuture) -> Result<Answer, h2::Error> {
    let (head, mut incoming) = response.await?.into_parts();
    let mut body = BytesMut::new();
    while let Some(chunk) = incoming.data().await {
        let chunk = chunk?;
        incoming.flow_control().release_capacity(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    let trailers = incoming.trailers().await?.unwrap_or_default();
    Ok(Answer { status: head.status, headers: head.headers, body: body.freeze(), trailers })
}

impl Answer {
    /// The status of gRPC, by its number.
    fn grpc(&self) -> &str {
        let status = self.trailers.get("grpc-status").or_else(|| self.headers.get("grpc-status"));
        status.and_then(|status| status.to_str().ok()).unwrap_or("none")
    }

    fn message(&self) -> &str {
        let message =
            self.trailers.get("grpc-message").or_else(|| self.headers.get("grpc-message"));
        message.and_then(|message| message.to_str().ok()).unwrap_or_default()
    }

    fn text(&self) -> String {
        assert_eq!(self.grpc(), "0", "{self:?}");
        String::decode(&self.body[5..]).unwrap()
    }
}

fn grpc(path: &str) -> Request<()> {
    Request::post(format!("http://here{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap()
}

/// A message in its frame.
fn framed(text: &str) -> Bytes {
    let text = text.to_owned();
    let mut out = BytesMut::new();
    out.put_u8(0);
    out.put_u32(u32::try_from(text.encoded_len()).unwrap());
    text.encode(&mut out).unwrap();
    out.freeze()
}

//! A client that tonic's own runtime drives, over our channel, against our server.

use std::marker::PhantomData;

use bia::__codegen::{Facts, Handler, Reply, ServerCall};
use bia::transport::{ApiServer, ServerSettings};
use bia::{Context, Encoding, Error, Server as _, Service, Stop, Streaming};
use bytes::Buf;
use futures_util::{StreamExt, stream};
use http::uri::PathAndQuery;
use prost::Message;
use tokio_util::task::AbortOnDropHandle;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};

use super::*;

static UNARY: Operation = Operation::new("/t.Words/Unary", Kind::Unary);
static JOIN: Operation = Operation::new("/t.Words/Join", Kind::ClientStream);
static SPLIT: Operation = Operation::new("/t.Words/Split", Kind::ServerStream);
static CHAT: Operation = Operation::new("/t.Words/Chat", Kind::Bidi);
static FAIL: Operation = Operation::new("/t.Words/Fail", Kind::Unary);
static STUCK: Operation = Operation::new("/t.Words/Stuck", Kind::Unary);
static FACTS: Facts = Facts::new("t.Words", &[&UNARY, &JOIN, &SPLIT, &CHAT, &FAIL, &STUCK], &[]);

struct Words;

impl Handler for Words {
    fn call(&self, method: usize, call: ServerCall) -> Reply {
        match method {
            // Tells how the request was compressed.
            0 => call.unary(|cx: Context, text: String| async move {
                let encoding = cx.header("grpc-encoding").map_or("none", |it| it.to_str().unwrap());
                Ok(format!("{encoding} {text}"))
            }),
            1 => call.client_stream(|_, words: Streaming<String>| async move {
                Ok(words.map(Result::unwrap).collect::<Vec<_>>().await.join(" "))
            }),
            2 => call.server_stream(|_, text: String, out| async move {
                let words: Vec<_> = text.split(' ').map(|word| Ok(word.to_owned())).collect();
                out.send_all(stream::iter(words)).await
            }),
            3 => call.bidi(|_, words: Streaming<String>, out| out.send_all(words)),
            4 => call.unary(|_, _: String| async move {
                Err::<String, _>(Error::not_found("USER_NOT_FOUND", "no user 7").with("id", 7))
            }),
            5 => call.unary(|_, _: String| std::future::pending::<bia::Result<String>>()),
            _ => call.unknown(),
        }
    }
}

async fn served() -> (String, AbortOnDropHandle<bia::Result<()>>) {
    let settings = ServerSettings {
        address: "127.0.0.1:0".to_owned(),
        compress: Encoding::Gzip,
        ..ServerSettings::default()
    };
    let mut server = ApiServer::new(settings, vec![Service::new(&FACTS, Words)]).unwrap();
    let address = server.bind().await.unwrap()[0].authority();
    let task = tokio::spawn(Box::new(server).serve(Stop::new()));
    (address, AbortOnDropHandle::new(task))
}

/// What tonic generates for each method, with its codec.
struct Prost<T>(PhantomData<T>);

impl<T> Prost<T> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Message + Default + 'static> Codec for Prost<T> {
    type Encode = T;
    type Decode = T;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self::new()
    }

    fn decoder(&mut self) -> Self {
        Self::new()
    }
}

impl<T: Message> Encoder for Prost<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(out).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<T: Message + Default> Decoder for Prost<T> {
    type Item = T;
    type Error = Status;

    fn decode(&mut self, input: &mut DecodeBuf<'_>) -> Result<Option<T>, Status> {
        let data = input.copy_to_bytes(input.remaining());
        T::decode(data).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

fn path(operation: &'static Operation) -> PathAndQuery {
    PathAndQuery::from_static(operation.name())
}

#[tokio::test]
async fn a_client_of_tonic_calls_every_kind_of_method_compressed_or_not() {
    let (address, _server) = served().await;
    let channel = Channel::builder(&address).settings(settings()).build().unwrap();
    for gzip in [false, true] {
        let mut client = Grpc::new(channel.clone());
        if gzip {
            client = client
                .send_compressed(CompressionEncoding::Gzip)
                .accept_compressed(CompressionEncoding::Gzip);
        }
        client.ready().await.unwrap();
        // Long enough to shrink.
        let text = "word ".repeat(500);
        let text = text.trim();

        let request = Request::new(text.to_owned());
        let reply = client.unary(request, path(&UNARY), Prost::<String>::new()).await.unwrap();
        let encoding = reply.metadata().get("grpc-encoding").map(|it| it.to_str().unwrap());
        assert_eq!(encoding, gzip.then_some("gzip"));
        let expected = if gzip { "gzip" } else { "none" };
        assert_eq!(reply.into_inner(), format!("{expected} {text}"));

        let words = stream::iter(text.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let request = Request::new(words.clone());
        let reply = client.client_streaming(request, path(&JOIN), Prost::<String>::new()).await;
        assert_eq!(reply.unwrap().into_inner(), text);

        let request = Request::new(text.to_owned());
        let reply = client.server_streaming(request, path(&SPLIT), Prost::<String>::new()).await;
        let got: Vec<_> = reply.unwrap().into_inner().map(Result::unwrap).collect().await;
        assert_eq!(got.join(" "), text);

        let request = Request::new(words);
        let reply = client.streaming(request, path(&CHAT), Prost::<String>::new()).await;
        let got: Vec<_> = reply.unwrap().into_inner().map(Result::unwrap).collect().await;
        assert_eq!(got.join(" "), text);
    }
}

#[tokio::test]
async fn a_client_of_tonic_sees_every_failure_as_the_status_that_it_is() {
    let (address, server) = served().await;
    let channel = Channel::builder(&address).settings(settings()).build().unwrap();
    let mut client = Grpc::new(channel.clone());
    let call = async |client: &mut Grpc<Channel>, operation, timeout| {
        let mut request = Request::new("x".to_owned());
        if let Some(timeout) = timeout {
            request.set_timeout(timeout);
        }
        client.ready().await.unwrap();
        client.unary(request, path(operation), Prost::<String>::new()).await.unwrap_err()
    };

    let status = call(&mut client, &FAIL, None).await;
    assert_eq!((status.code(), status.message()), (tonic::Code::NotFound, "no user 7"));
    assert!(!status.details().is_empty());

    let status = call(&mut client, &STUCK, Some(Duration::from_millis(50))).await;
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded, "{status:?}");

    // The deadline of the call being served bounds this one too.
    let cx = Context::background().with_deadline(Instant::now() + Duration::from_millis(50));
    let status = cx.scope(call(&mut client, &STUCK, None)).await;
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded, "{status:?}");

    drop(server);
    phases(&channel, &[NodePhase::Unreachable]).await;
    let status = call(&mut client, &UNARY, None).await;
    assert_eq!(status.code(), tonic::Code::Unavailable, "{status:?}");
    assert!(status.message().contains("1 unreachable"), "{status:?}");
    // The reason is in the details, as from a node.
    assert!(String::from_utf8_lossy(status.details()).contains("NODE_NOT_FOUND"), "{status:?}");
}

#[tokio::test]
async fn a_stream_of_tonic_that_breaks_ends_in_a_status_too() {
    let peer = Peer::start().await;
    let channel = direct(&[&peer], settings());
    let mut client = Grpc::new(channel);
    client.ready().await.unwrap();
    let reply = client
        .server_streaming(Request::new(String::new()), path(&BREAK), Prost::<String>::new())
        .await;
    let mut stream = reply.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().as_deref(), Some("half"));
    let status = stream.message().await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Internal, "{status:?}");
    assert!(status.message().contains("INTERNAL_ERROR"), "{status:?}");
}

#[tokio::test]
async fn a_request_of_tonic_that_one_node_refuses_goes_to_another() {
    let (refusing, answering) = (Peer::start().await, Peer::start().await);
    let channel = direct(&[&refusing, &answering], settings());
    phases(&channel, &[NodePhase::Ready; 2]).await;
    refusing.set_mode(Mode::Refuse);
    let mut client = Grpc::new(channel);
    for _ in 0..20 {
        client.ready().await.unwrap();
        let request = Request::new(String::new());
        let reply = client.unary(request, path(&WHO), Prost::<String>::new()).await.unwrap();
        assert_eq!(reply.into_inner(), answering.name());
    }
}

#[tokio::test]
async fn our_own_calls_are_compressed_by_setting_and_read_what_is_compressed() {
    let (address, _server) = served().await;
    let settings = ClientSettings { compress: Encoding::Gzip, ..settings() };
    let channel = Channel::builder(&address).settings(settings).build().unwrap();
    let text = "word ".repeat(500);
    let reply = channel.unary::<_, String>(&UNARY, text.clone()).with_reply().await.unwrap();
    assert_eq!(reply.message, format!("gzip {text}"));
    assert_eq!(reply.headers["grpc-encoding"], "gzip");
    let words = stream::iter(text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let replies: Streaming<String> = channel.bidi(&CHAT, words).await.unwrap();
    assert_eq!(replies.count().await, 500);
}

#[tokio::test]
async fn an_error_of_our_server_arrives_whole_at_our_client() {
    let (address, _server) = served().await;
    let channel = Channel::builder(&address).settings(settings()).build().unwrap();
    let error = channel.unary::<_, String>(&FAIL, String::new()).await.unwrap_err();
    assert_eq!(error, Error::not_found("USER_NOT_FOUND", "no user 7").with("id", 7));
}

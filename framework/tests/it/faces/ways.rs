//! One call, as it looks on each face.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bia::error::details::{BadRequest, ErrorInfo};
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use serde_json::Value;
use tokio::net::TcpStream;

use super::socket;

/// A way to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Grpc,
    GrpcJson,
    GrpcWeb,
    /// By the method's own name.
    Post,
    /// By the rule of its proto.
    Rule,
    /// As a stream of events.
    Events,
    /// Over a WebSocket.
    Socket,
}

pub(super) const WAYS: [Way; 7] =
    [Way::Grpc, Way::GrpcJson, Way::GrpcWeb, Way::Post, Way::Rule, Way::Events, Way::Socket];

/// What is asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) text: String,
    pub(super) timeout: Option<&'static str>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Asked {
    pub(super) fn json(&self) -> String {
        Value::from(self.text.as_str()).to_string()
    }

    pub(super) fn all_headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let timeout = self.timeout.map(|timeout| ("grpc-timeout", timeout));
        timeout.into_iter().chain(self.headers.iter().map(|(name, value)| (*name, value.as_str())))
    }
}

/// What the caller is told, whatever it looked like.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// That of HTTP on the wire.
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    pub(super) code: u16,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) violations: Vec<String>,
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// `bia.rpc.HttpStatus`.
#[derive(Clone, PartialEq, Message)]
struct HttpStatus {
    #[prost(uint32, tag = "1")]
    code: u32,
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Way {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Grpc => "gRPC",
            Self::GrpcJson => "gRPC with JSON",
            Self::GrpcWeb => "gRPC-Web",
            Self::Post => "HTTP",
            Self::Rule => "HTTP by a rule",
            Self::Events => "events",
            Self::Socket => "WebSocket",
        }
    }

    /// What it is called where calls are told of.
    pub(super) fn face(self) -> &'static str {
        match self {
            Self::Grpc | Self::GrpcJson => "grpc",
            Self::GrpcWeb => "grpc-web",
            Self::Post | Self::Rule | Self::Events => "http",
            Self::Socket => "websocket",
        }
    }

    /// Whether what is called is a stream, of one message or not.
    pub(super) fn is_stream(self) -> bool {
        matches!(self, Self::Events | Self::Socket)
    }

    /// What is called.
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Post => "test.Faces/Tell",
            Self::Events => "test.Faces/Watch",
            Self::Socket => "test.Faces/Chat",
            Self::Grpc | Self::GrpcJson | Self::GrpcWeb | Self::Rule => "test.Faces/Say",
        }
    }

    /// The status on the wire of a call that came to `code`.
    pub(super) fn status_of(self, code: u16) -> u16 {
        match self {
            Self::Grpc | Self::GrpcJson | Self::GrpcWeb => 200,
            Self::Post | Self::Rule | Self::Events => code,
            // It is open by then, but for what only its head was looked at.
            Self::Socket if code == 431 => code,
            Self::Socket => 101,
        }
    }

    pub(super) async fn ask(self, address: SocketAddr, asked: &Asked) -> Told {
        let json = asked.json();
        let (method, path, kind, body) = match self {
            Self::Socket => return socket::ask(address, self.method(), asked).await,
            Self::Grpc => ("POST", SAY.to_owned(), "application/grpc", framed(&proto(asked))),
            Self::GrpcJson => {
                ("POST", SAY.to_owned(), "application/grpc+json", framed(json.as_bytes()))
            }
            Self::GrpcWeb => {
                ("POST", SAY.to_owned(), "application/grpc-web", framed(&proto(asked)))
            }
            Self::Post | Self::Events => {
                ("POST", format!("/{}", self.method()), "application/json", json.into())
            }
            Self::Rule => ("PUT", "/v1/say".to_owned(), "application/json", json.into()),
        };
        let mut request = Request::builder().method(method).uri(format!("http://here{path}"));
        request = request.header("content-type", kind);
        if self == Self::Events {
            request = request.header("accept", "text/event-stream");
        }
        for (name, value) in asked.all_headers() {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).unwrap();
        let is_grpc = matches!(self, Self::Grpc | Self::GrpcJson);
        let response = send(address, request, is_grpc).await;
        let (head, body) = response.into_parts();
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().cloned();
        let body = collected.to_bytes();
        let mut told = Told { status: head.status.as_u16(), ..Told::default() };
        match self {
            Self::Events if told.status == 200 => {
                let text = str::from_utf8(&body).unwrap();
                let (event, data) = text.trim_end().split_once("\ndata: ").unwrap();
                assert_eq!(event, "event: message", "{text}");
                told.read_json(200, data.as_bytes());
            }
            Self::Post | Self::Rule | Self::Events => told.read_json(told.status, &body),
            Self::Socket => {}
            Self::Grpc | Self::GrpcJson | Self::GrpcWeb => {
                let (message, behind) = unframed(&body);
                let trailers = trailers.or(behind).unwrap_or_else(|| head.headers.clone());
                told.read_status(&trailers);
                if told.code == 200 {
                    let message = message.unwrap_or_default();
                    told.text = match self {
                        Self::GrpcJson => serde_json::from_slice(&message).unwrap(),
                        _ => String::decode(message).unwrap(),
                    };
                }
            }
        }
        told.headers = head.headers;
        told
    }
}

const SAY: &str = "/test.Faces/Say";

fn proto(asked: &Asked) -> Vec<u8> {
    asked.text.encode_to_vec()
}

fn framed(message: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).unwrap());
    out.put_slice(message);
    out.freeze()
}

/// The message of a body of gRPC, and the trailers that gRPC-Web has behind it.
fn unframed(body: &Bytes) -> (Option<Bytes>, Option<HeaderMap>) {
    let (mut message, mut trailers, mut rest) = (None, None, body.clone());
    while rest.len() >= 5 {
        let length = u32::from_be_bytes(rest[1..5].try_into().unwrap()) as usize;
        let frame = rest.split_to(5 + length);
        let data = frame.slice(5..);
        if frame[0] == 0x80 {
            let text = String::from_utf8(data.to_vec()).unwrap();
            let pairs = text.lines().map(|line| line.split_once(':').unwrap());
            trailers = Some(
                pairs
                    .map(|(name, value)| (name.parse().unwrap(), value.trim().parse().unwrap()))
                    .collect::<HeaderMap>(),
            );
        } else {
            message = Some(data);
        }
    }
    (message, trailers)
}

impl Told {
    /// Reads what came with `code`: an answer, or an error.
    pub(super) fn read_json(&mut self, code: u16, body: &[u8]) {
        let value: Value = serde_json::from_slice(body).unwrap();
        self.code = code;
        if let Some(text) = value.as_str() {
            text.clone_into(&mut self.text);
            return;
        }
        assert_eq!(value["code"], code);
        let text = |key: &str| value[key].as_str().unwrap().to_owned();
        (self.reason, self.message) = (text("reason"), text("message"));
        let metadata = value["metadata"].as_object().unwrap().iter();
        self.metadata = metadata
            .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        for detail in value["details"].as_array().into_iter().flatten() {
            for violation in detail["fieldViolations"].as_array().into_iter().flatten() {
                let text = |key: &str| violation[key].as_str().unwrap();
                self.violations.push(format!("{}: {}", text("field"), text("description")));
            }
        }
    }

    fn read_status(&mut self, trailers: &HeaderMap) {
        let text = |name: &str| trailers.get(name).map_or("", |value| value.to_str().unwrap());
        let number: i64 = text("grpc-status").parse().unwrap();
        self.message = text("grpc-message").to_owned();
        self.code = bia::Code::from_number(number).to_http();
        let status = BASE64.decode(text("grpc-status-details-bin")).unwrap();
        for detail in Status::decode(&status[..]).unwrap().details {
            let value = &detail.value[..];
            match detail.type_url.as_str() {
                "type.googleapis.com/google.rpc.ErrorInfo" => {
                    let info = ErrorInfo::decode(value).unwrap();
                    self.reason = info.reason;
                    self.metadata = info.metadata.into_iter().collect();
                }
                "type.googleapis.com/google.rpc.BadRequest" => {
                    let violations = BadRequest::decode(value).unwrap().field_violations;
                    self.violations.extend(
                        violations.iter().map(|it| format!("{}: {}", it.field, it.description)),
                    );
                }
                "type.googleapis.com/bia.rpc.HttpStatus" => {
                    self.code = HttpStatus::decode(value).unwrap().code.try_into().unwrap();
                }
                other => assert_eq!(other, "", "a detail that nobody expects"),
            }
        }
    }
}

/// Sends a request over a connection of its own: HTTP/2 for gRPC, HTTP/1.1 for all else.
async fn send(
    address: SocketAddr,
    request: Request<Full<Bytes>>,
    is_http2: bool,
) -> Response<Incoming> {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    if is_http2 {
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
        let (mut send, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        return send.send_request(request).await.unwrap();
    }
    let (mut send, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let (mut head, body) = request.into_parts();
    head.headers.insert("host", "here".parse().unwrap());
    head.uri = head.uri.path().parse().unwrap();
    send.send_request(Request::from_parts(head, body)).await.unwrap()
}

/// A page of the admin port.
pub(super) async fn get(address: SocketAddr, path: &str) -> String {
    let request = Request::get(format!("http://here{path}")).body(Full::default()).unwrap();
    let body = send(address, request, false).await.into_body();
    String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

//! The floor: HTTP/2 alone, with a request that was put together beforehand and no time limit.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::peer::Peer;
use crate::workload::{PAYLOAD, Workload};

use super::Caller;

#[derive(Clone)]
pub(super) struct Raw {
    connection: SendRequest<Full<Bytes>>,
    uri: Uri,
    headers: HeaderMap,
    message: Bytes,
}

pub(super) async fn connect(address: SocketAddr) -> io::Result<Raw> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (calls, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
        .await
        .map_err(io::Error::other)?;
    // It ends with the runtime, which is dropped when all is called.
    tokio::spawn(connection);
    let uri = format!("http://{address}{}", Workload::Unary.wire(Peer::Hyper).path);
    let mut headers = HeaderMap::new();
    headers.insert("content-type", http::HeaderValue::from_static("application/grpc"));
    headers.insert("te", http::HeaderValue::from_static("trailers"));
    Ok(Raw {
        connection: calls,
        uri: uri.parse().map_err(io::Error::other)?,
        headers,
        message: Bytes::from(Workload::Unary.wire(Peer::Hyper).body),
    })
}

impl Caller for Raw {
    async fn call(&mut self, _: &[u8]) -> Result<usize, String> {
        let mut request = Request::new(Full::new(self.message.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        let response = self.connection.send_request(request).await.map_err(text)?;
        let mut body = response.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame.map_err(text)?.data_ref().map_or(0, Bytes::len);
        }
        // Prefix, tag and length stand before the payload.
        Ok(if bytes == self.message.len() { PAYLOAD } else { 0 })
    }
}

fn text(error: hyper::Error) -> String {
    format!("{error:?}")
}

//! One call whose answer is looked at whole, before many whose answers are only counted.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::peer::Peer;
use crate::workload::{Wire, Workload};

const PATIENCE: Duration = Duration::from_secs(10);

/// Makes one call; gives back how many bytes of messages it was answered with.
///
/// # Errors
///
/// If it failed or was answered with something else than `workload` expects.
pub fn probe(address: SocketAddr, peer: Peer, workload: Workload) -> io::Result<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let data = runtime.block_on(async {
        let wire = workload.wire(peer);
        let answer = tokio::time::timeout(PATIENCE, call(address, peer, &wire));
        answer.await.map_err(|_| io::Error::other("the server does not answer"))?
    })?;
    workload.check(peer, &data).map_err(io::Error::other)?;
    Ok(data.len() as u64)
}

async fn call(address: SocketAddr, peer: Peer, wire: &Wire) -> io::Result<Bytes> {
    let socket = TcpStream::connect(address).await?;
    let (mut calls, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
        .await
        .map_err(io::Error::other)?;
    // It ends with the runtime, which is dropped after the one call.
    tokio::spawn(connection);
    let uri = Uri::builder()
        .scheme("http")
        .authority(address.to_string())
        .path_and_query(wire.path)
        .build()
        .map_err(io::Error::other)?;
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(uri)
        .header("content-type", wire.content_type)
        .header("te", "trailers");
    if wire.gzip {
        request = request.header("grpc-encoding", "gzip").header("grpc-accept-encoding", "gzip");
    }
    let request = request.body(Full::new(Bytes::from(wire.body.clone())));
    let response = calls.send_request(request.map_err(io::Error::other)?).await;
    let (head, body) = response.map_err(io::Error::other)?.into_parts();
    let whole = body.collect().await.map_err(io::Error::other)?;
    let status = |headers: &http::HeaderMap| headers.get("grpc-status").cloned();
    let status = whole.trailers().and_then(status).or_else(|| status(&head.headers));
    if peer.is_json() && head.status.is_success() {
        return Ok(whole.to_bytes());
    }
    if status.as_ref().is_none_or(|status| status != "0") {
        return Err(io::Error::other(format!("answered {}, grpc-status {status:?}", head.status)));
    }
    Ok(whole.to_bytes())
}

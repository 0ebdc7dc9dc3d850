//! The floor: HTTP/2 alone, with an answer that was put together beforehand.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use crate::peer::Peer;
use crate::workload::Workload;

pub(super) async fn serve(listener: TcpListener) -> std::io::Result<()> {
    let message = Bytes::from(Workload::Unary.wire(Peer::Hyper).body);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let message = message.clone();
        let service = service_fn(move |request| answer(request, message.clone()));
        let connection = http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(socket), service);
        // It ends with its connection, or with the process.
        tokio::spawn(connection);
    }
}

async fn answer(
    request: Request<Incoming>,
    message: Bytes,
) -> Result<Response<Whole>, hyper::Error> {
    if request.uri().path() != Workload::Unary.wire(Peer::Hyper).path {
        return Ok(unknown());
    }
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let mut response = Response::new(Whole { message: Some(message), trailers: Some(trailers) });
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    Ok(response)
}

/// Of what Bia's client also asks, whether the server is healthy; it takes this for an answer.
fn unknown() -> Response<Whole> {
    let mut response = Response::new(Whole { message: None, trailers: None });
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from_static("12"));
    response
}

/// A message and trailers.
struct Whole {
    message: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.message.take().map(Frame::data);
        Poll::Ready(frame.or_else(|| self.trailers.take().map(Frame::trailers)).map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.message.is_none() && self.trailers.is_none()
    }
}

//! tonic with its router and nothing on: what a service pays that uses no framework.

use std::io;
use std::pin::Pin;

use tokio::net::TcpListener;
use tokio_stream::Stream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::proto::echo_server::{Echo, EchoServer};
use crate::proto::{Many, Message, Record};

struct Echoing;

#[tonic::async_trait]
impl Echo for Echoing {
    async fn unary(&self, request: Request<Message>) -> Result<Response<Message>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn wait(&self, request: Request<Message>) -> Result<Response<Message>, Status> {
        tokio::task::yield_now().await;
        Ok(Response::new(request.into_inner()))
    }

    async fn store(&self, request: Request<Record>) -> Result<Response<Record>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    type StreamStream = Pin<Box<dyn Stream<Item = Result<Message, Status>> + Send>>;

    async fn stream(&self, request: Request<Many>) -> Result<Response<Self::StreamStream>, Status> {
        let Many { count, payload } = request.into_inner();
        let messages = (0..count).map(move |_| Ok(Message { payload: payload.clone() }));
        Ok(Response::new(Box::pin(tokio_stream::iter(messages))))
    }
}

pub(super) async fn serve(listener: TcpListener, gzip: bool) -> io::Result<()> {
    let mut service = EchoServer::new(Echoing);
    if gzip {
        service = service
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip);
    }
    // It sets TCP_NODELAY only on sockets that it accepts itself.
    let sockets = tokio_stream::StreamExt::map(TcpListenerStream::new(listener), |socket| {
        socket.and_then(|socket| socket.set_nodelay(true).map(|()| socket))
    });
    Server::builder()
        .add_service(service)
        .serve_with_incoming(sockets)
        .await
        .map_err(io::Error::other)
}

//! Bia with its whole pipeline and its default settings.

use std::io;

use bia::transport::{ApiServer, ServerSettings};
use bia::{Context, Encoding, Result, Server, Stop};
use tokio_stream::Stream;

use crate::api::bench::v1::{Echo, Many, Message, Record, echo};

use super::announce;

struct Echoing;

impl Echo for Echoing {
    async fn unary(&self, _: &Context, request: Message) -> Result<Message> {
        Ok(request)
    }

    async fn wait(&self, _: &Context, request: Message) -> Result<Message> {
        tokio::task::yield_now().await;
        Ok(request)
    }

    async fn store(&self, _: &Context, request: Record) -> Result<Record> {
        Ok(request)
    }

    async fn stream(
        &self,
        _: &Context,
        request: Many,
    ) -> Result<impl Stream<Item = Result<Message>> + Send> {
        let Many { count, payload } = request;
        let messages = (0..count).map(move |_| Ok(Message { payload: payload.clone() }));
        Ok(tokio_stream::iter(messages))
    }
}

pub(super) async fn serve(gzip: bool) -> io::Result<()> {
    let mut settings = ServerSettings { address: "127.0.0.1:0".to_owned(), ..Default::default() };
    if gzip {
        settings.compress = Encoding::Gzip;
    }
    let server = ApiServer::new(settings, vec![echo(Echoing)]).map_err(io::Error::other)?;
    let mut server = Box::new(server);
    for endpoint in server.bind().await.map_err(io::Error::other)?.iter().take(1) {
        announce(endpoint.authority())?;
    }
    server.serve(Stop::new()).await.map_err(io::Error::other)
}

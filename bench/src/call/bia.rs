//! Bia's channel under a generated client, with its default settings.

use std::io;
use std::net::SocketAddr;

use bia::Channel;

use crate::api::bench::v1::{EchoClient, Message};

use super::Caller;

pub(super) fn connect(address: SocketAddr) -> io::Result<EchoClient> {
    let channel = Channel::builder(format!("direct:///{address}")).build();
    Ok(EchoClient::new(channel.map_err(io::Error::other)?))
}

impl Caller for EchoClient {
    async fn call(&mut self, payload: &[u8]) -> Result<usize, String> {
        let reply = self.unary(Message { payload: payload.to_vec() }).await;
        Ok(reply.map_err(|error| error.to_string())?.payload.len())
    }
}

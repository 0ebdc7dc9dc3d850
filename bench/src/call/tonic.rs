//! tonic's channel under a generated client, with a time limit on each call.

use std::io;
use std::net::SocketAddr;

use tonic::transport::{Channel, Endpoint};

use crate::proto::Message;
use crate::proto::echo_client::EchoClient;

use super::{Caller, TIMEOUT};

pub(super) async fn connect(address: SocketAddr) -> io::Result<EchoClient<Channel>> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(io::Error::other)?;
    let channel = endpoint.timeout(TIMEOUT).connect().await.map_err(io::Error::other)?;
    Ok(EchoClient::new(channel))
}

impl Caller for EchoClient<Channel> {
    async fn call(&mut self, payload: &[u8]) -> Result<usize, String> {
        let reply = self.unary(Message { payload: payload.to_vec() }).await;
        Ok(reply.map_err(|status| status.to_string())?.into_inner().payload.len())
    }
}

//! One call over a WebSocket.
#![expect(clippy::panic, reason = "helpers of a test")]

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::ways::{Asked, Told};

/// Says one message to the method, and that no more will come.
pub(super) async fn ask(address: SocketAddr, method: &str, asked: &Asked) -> Told {
    let mut request = format!("ws://{address}/{method}").into_client_request().unwrap();
    for (name, value) in asked.all_headers() {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let io = TcpStream::connect(address).await.unwrap();
    let (mut socket, response) = match tokio_tungstenite::client_async(request, io).await {
        Ok(opened) => opened,
        // What fails before it is open is an answer of HTTP.
        Err(Error::Http(response)) => {
            let (head, body) = response.into_parts();
            let status = head.status.as_u16();
            let mut told = Told { status, headers: head.headers, ..Told::default() };
            told.read_json(status, &body.unwrap());
            return told;
        }
        Err(error) => panic!("{error}"),
    };
    let status = response.status().as_u16();
    let mut told = Told { status, headers: response.headers().clone(), ..Told::default() };
    for text in [asked.json(), "\u{1e}end".to_owned()] {
        socket.send(Message::text(text)).await.unwrap();
    }
    while let Some(frame) = socket.next().await {
        match frame.unwrap() {
            Message::Text(text) => match text.strip_prefix("\u{1e}error:") {
                Some(error) => {
                    let value: serde_json::Value = serde_json::from_str(error).unwrap();
                    let code = value["code"].as_u64().unwrap().try_into().unwrap();
                    told.read_json(code, error.as_bytes());
                }
                None => told.read_json(200, text.as_bytes()),
            },
            Message::Close(close) => {
                let is_well = u16::from(close.unwrap().code) == 1000;
                assert_eq!(is_well, told.code == 200, "{told:?}");
                return told;
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("it was not closed: {told:?}")
}

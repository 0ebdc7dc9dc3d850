//! One open socket, from its first frame to its last.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message, Utf8Bytes};

use crate::error::Error;
use crate::server::Stop;

use super::Terms;
use super::answer::{Answer, Next};
use super::inbox::Inbox;

/// What begins a text that is no message.
const CONTROL: u8 = 0x1e;
const END: &[u8] = b"\x1eend";
const ERROR: &str = "\x1eerror:";

/// How much is read from the connection at once, in bytes; each socket holds as much.
const READ: usize = 16 * 1024;

/// How long the peer may take to answer our close.
const GOODBYE: Duration = Duration::from_secs(1);

/// The most bytes of the reason in a close frame: RFC 6455 §5.5, less the code.
const REASON: usize = 123;

pub(super) struct Socket<S> {
    ws: WebSocketStream<S>,
    /// None once the caller has no more to send.
    inbox: Option<Inbox>,
    terms: Terms,
    stop: Stop,
    /// When the peer was heard last, and when it was asked whether it is there since then.
    heard: Instant,
    pinged: Option<Instant>,
    /// How it is closed if the call fails; what the peer did wrong, if it did.
    failure: CloseCode,
    /// Whether anything that the peer says can still be understood.
    hearing: bool,
}

/// What was heard.
enum Heard {
    Message(Bytes),
    /// The caller has no more to send.
    End,
    /// The caller gives up, and says why.
    GivenUp(String),
    /// The caller has closed the socket, with this code.
    Closed(Option<CloseCode>),
    /// What the caller sent is not to be read.
    Wrong(CloseCode, Error),
    /// The connection is gone.
    Gone,
    /// A ping, or the answer to ours.
    Sign,
}

/// Nobody is there any more, or nobody may be.
struct Over(Option<CloseCode>);

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    pub(super) async fn new(io: S, inbox: Inbox, terms: Terms, stop: Stop) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_message_size(Some(terms.max_message))
            .max_frame_size(Some(terms.max_message));
        let ws = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        let heard = Instant::now();
        let failure = CloseCode::Error;
        Self { ws, inbox: Some(inbox), terms, stop, heard, pinged: None, failure, hearing: true }
    }

    /// Carries a call to its end. What is left of it is dropped with the answer, so that it is seen to
    /// end.
    pub(super) async fn run(mut self, mut answer: Answer) {
        loop {
            let stop = self.stop.clone();
            let patience = self.patience();
            let step = tokio::select! {
                next = answer.next() => self.say(next).await,
                heard = hear(&mut self.ws, self.inbox.as_ref()), if self.hearing => {
                    self.take(heard).await
                }
                () = sleep_until(patience), if self.hearing => self.ask().await,
                () = stop.cut_off() => Err(Over(Some(CloseCode::Away))),
            };
            match step {
                Ok(()) => {}
                Err(Over(None)) => return,
                Err(Over(Some(code))) => {
                    drop(answer);
                    let reason = if code == CloseCode::Away { "the server stops" } else { "" };
                    return self.close(code, reason).await;
                }
            }
        }
    }

    async fn say(&mut self, next: Next) -> Result<(), Over> {
        match next {
            Next::Message(message) => {
                // What was written as JSON is UTF-8; what was not, bytes of a body, goes as bytes.
                let message = match Utf8Bytes::try_from(message.clone()) {
                    Ok(text) => Message::Text(text),
                    Err(_) => Message::Binary(message),
                };
                self.send(message).await
            }
            Next::End(Ok(())) => Err(Over(Some(CloseCode::Normal))),
            Next::End(Err(error)) => {
                self.send(Message::text(format!("{ERROR}{error}"))).await?;
                Err(Over(Some(self.failure)))
            }
        }
    }

    async fn take(&mut self, heard: Heard) -> Result<(), Over> {
        (self.heard, self.pinged) = (Instant::now(), None);
        let told = match heard {
            Heard::Message(message) => Ok(message),
            Heard::Sign => return Ok(()),
            // A caller that closes in order has said all and wants no answer: what it said counts.
            Heard::Closed(Some(CloseCode::Normal)) => {
                (self.inbox, self.hearing) = (None, false);
                // Our own goodbye was made when theirs was read, and goes out now.
                timeout(GOODBYE, self.ws.flush()).await.ok();
                return Ok(());
            }
            Heard::End => {
                self.inbox = None;
                return Ok(());
            }
            Heard::Gone | Heard::Closed(_) => return Err(Over(None)),
            Heard::GivenUp(why) => Err(Error::client_closed("CANCELLED", why)),
            Heard::Wrong(code, error) => {
                (self.failure, self.hearing) = (code, false);
                Err(error)
            }
        };
        let ends = told.is_err();
        if let Some(inbox) = &self.inbox {
            // There is room, or nobody reads any more and there is nobody to tell.
            inbox.try_send(told).ok();
        }
        if ends {
            self.inbox = None;
        }
        Ok(())
    }

    /// When it has to be seen whether the peer is still there.
    fn patience(&self) -> Instant {
        let (since, limit) = match self.pinged {
            None => (self.heard, self.terms.ping),
            Some(pinged) => (pinged, self.terms.pong),
        };
        // A year is for ever: none of these is longer, and the sum fits.
        let limit = if limit.is_zero() { Duration::from_secs(31_536_000) } else { limit };
        since + limit
    }

    async fn ask(&mut self) -> Result<(), Over> {
        // While the handler reads nothing neither do we, and an answer may lie on the wire.
        let deaf = self.inbox.as_ref().is_some_and(|inbox| inbox.capacity() == 0);
        match self.pinged {
            Some(_) if !deaf => {
                tracing::debug!("the peer of a WebSocket does not answer its ping");
                Err(Over(None))
            }
            _ => {
                self.pinged = Some(Instant::now());
                self.send(Message::Ping(Bytes::new())).await
            }
        }
    }

    /// Sends, for as long as the peer may take to read it.
    async fn send(&mut self, message: Message) -> Result<(), Over> {
        let sent = async {
            match self.terms.patience {
                Duration::ZERO => self.ws.send(message).await.ok(),
                patience => timeout(patience, self.ws.send(message)).await.ok()?.ok(),
            }
        };
        tokio::select! {
            sent = sent => sent.ok_or(Over(None)),
            () = self.stop.cut_off() => Err(Over(None)),
        }
    }

    /// Says goodbye, and waits a moment for the peer to say it too.
    async fn close(mut self, code: CloseCode, reason: &'static str) {
        let reason = Utf8Bytes::from_static(reason);
        debug_assert!(reason.len() <= REASON);
        let goodbye = async {
            self.ws.close(Some(CloseFrame { code, reason })).await?;
            while self.ws.next().await.transpose()?.is_some() {}
            Ok::<_, WsError>(())
        };
        // A peer that is gone, or does not answer, has nothing to be told.
        timeout(GOODBYE, goodbye).await.ok();
    }
}

/// What the peer says next, once there is room for it. Cancel-safe.
async fn hear<S>(ws: &mut WebSocketStream<S>, inbox: Option<&Inbox>) -> Heard
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Some(inbox) = inbox {
        drop(inbox.reserve().await);
    }
    match ws.next().await {
        None | Some(Err(WsError::ConnectionClosed | WsError::AlreadyClosed | WsError::Io(_))) => {
            Heard::Gone
        }
        Some(Err(error)) => wrong(error),
        Some(Ok(Message::Close(frame))) => Heard::Closed(frame.map(|frame| frame.code)),
        Some(Ok(Message::Text(text))) => message(text.into()),
        Some(Ok(Message::Binary(data))) => message(data),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Heard::Sign,
    }
}

fn message(data: Bytes) -> Heard {
    if data.first() != Some(&CONTROL) {
        return Heard::Message(data);
    }
    if data == END {
        return Heard::End;
    }
    match data.strip_prefix(ERROR.as_bytes()) {
        Some(why) => Heard::GivenUp(String::from_utf8_lossy(why).into_owned()),
        None => Heard::Wrong(
            CloseCode::Protocol,
            Error::bad_request("WEBSOCKET_INVALID", "a control text that nobody here knows"),
        ),
    }
}

fn wrong(error: WsError) -> Heard {
    let (code, told) = match &error {
        WsError::Capacity(what) => (
            CloseCode::Size,
            Error::too_many_requests("MESSAGE_TOO_LARGE", format!("cannot read it: {what}")),
        ),
        WsError::Utf8(_) => (
            CloseCode::Invalid,
            Error::bad_request("WEBSOCKET_INVALID", "a text that is not UTF-8"),
        ),
        _ => (
            CloseCode::Protocol,
            Error::bad_request("WEBSOCKET_INVALID", "not frames of a WebSocket"),
        ),
    };
    Heard::Wrong(code, told.with_source(error))
}

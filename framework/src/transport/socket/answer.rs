//! What a call answers, as what goes out by its socket.

use std::pin::Pin;

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;

use crate::body::Body;
use crate::error::{Error, Result};
use crate::wire::{Decoder, Encoding, problem, status};

type Call = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// The answer of a call, as far as it is there.
pub(super) enum Answer {
    Awaited(Call),
    Begun { body: Body, messages: Decoder },
}

/// What is next to be said.
pub(super) enum Next {
    Message(Bytes),
    /// The call has ended: well, or with an error as JSON.
    End(Result<(), String>),
}

impl Answer {
    pub(super) fn awaited(call: Call) -> Self {
        Self::Awaited(call)
    }

    /// An answer that has begun; one that failed instead is given back.
    pub(super) fn begun(response: Response<Body>) -> Result<Self, Box<Response<Body>>> {
        if !response.status().is_success() {
            return Err(Box::new(response));
        }
        let messages = Decoder::new(Encoding::Identity, usize::MAX);
        Ok(Self::Begun { body: response.into_body(), messages })
    }

    /// Cancel-safe.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            let (body, messages) = match self {
                Self::Begun { body, messages } => (body, messages),
                Self::Awaited(call) => match Self::begun(call.await) {
                    Ok(begun) => {
                        *self = begun;
                        continue;
                    }
                    Err(failed) => return Next::End(Err(told(*failed))),
                },
            };
            match messages.next_by(Ok) {
                Ok(Some(message)) => return Next::Message(message),
                Ok(None) => {}
                Err(error) => return failed(&error),
            }
            let frame = match body.frame().await {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return failed(&error),
                None => return failed(&Error::internal("STATUS_MISSING", "the call broke off")),
            };
            match frame.into_data() {
                Ok(data) => messages.push(data),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return match status::read(&trailers) {
                        Some(Err(error)) => failed(&error),
                        Some(Ok(())) | None => Next::End(Ok(())),
                    };
                }
            }
        }
    }
}

fn failed(error: &Error) -> Next {
    Next::End(Err(problem::write(error)))
}

/// The error that an answer of HTTP has in its body.
fn told(response: Response<Body>) -> String {
    let whole = response.into_body().take_whole();
    let body = whole.map(|(body, _)| body).unwrap_or_default();
    String::from_utf8_lossy(&body).into_owned()
}

//! One question after the other, over one stream.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bia::{Channel, Error, Kind, Operation, Streaming};
use tokio::sync::mpsc;

use super::wire::{Answer, Question, Request, Response};

pub(super) static V1: Operation =
    Operation::new("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Kind::Bidi);
pub(super) static V1ALPHA: Operation =
    Operation::new("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Kind::Bidi);

/// A conversation with a service.
pub(super) struct Talk {
    questions: mpsc::Sender<Request>,
    state: State,
}

enum State {
    /// Not called yet, or it has not begun to answer.
    Calling(Pin<Box<dyn Future<Output = bia::Result<Streaming<Response>>> + Send>>),
    Open(Streaming<Response>),
    Over,
}

/// What is asked, as a stream.
struct Questions(mpsc::Receiver<Request>);

impl bia::Stream for Questions {
    type Item = Request;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Request>> {
        self.0.poll_recv(cx)
    }
}

impl Talk {
    pub(super) fn new(
        channel: &Channel,
        version: &'static Operation,
        headers: &[(String, String)],
    ) -> Self {
        // Each question waits for its answer.
        let (questions, asked) = mpsc::channel(1);
        let call = channel.bidi(version, Questions(asked));
        let call = headers.iter().fold(call, |call, (key, value)| call.metadata(key, value));
        Self { questions, state: State::Calling(Box::pin(call)) }
    }

    /// What is answered; none if there is no such thing there.
    pub(super) async fn ask(&mut self, question: Question) -> bia::Result<Option<Answer>> {
        let what = format!("{question:?}");
        // If nobody takes it any more, the stream tells why.
        drop(self.questions.send(question.into()).await);
        if let State::Calling(call) = &mut self.state {
            let opened = call.await;
            self.state = State::Over;
            self.state = State::Open(opened?);
        }
        let State::Open(answers) = &mut self.state else { return Err(ended(&what)) };
        let response = answers.message().await?.ok_or_else(|| ended(&what))?;
        match response.answer {
            Some(Answer::Refusal(refusal)) => {
                tell(refusal.code, refusal.message).map_or(Ok(None), Err)
            }
            Some(answer) => Ok(Some(answer)),
            None => Err(ended(&what)),
        }
    }
}

/// A refusal that is more than that there is no such thing.
fn tell(code: i32, message: String) -> Option<Error> {
    let code = bia::Code::from_number(code.into());
    (code != bia::Code::NotFound).then(|| Error::from_grpc(code, "REFLECTION_REFUSED", message))
}

fn ended(what: &str) -> Error {
    Error::internal("REFLECTION_ENDED", format!("it did not answer to {what}"))
}

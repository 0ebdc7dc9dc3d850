//! Where requests come from: the command line, a file, or stdin as it comes.

use std::io::{self, IsTerminal as _, Read as _};

use prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use tokio::sync::mpsc;

use crate::error::{About as _, Error, Result};
use crate::remote::Raw;
use crate::shell::Shell;

use super::documents::Documents;

/// How much of stdin is read at once, in bytes, if it is there.
const CHUNK: usize = 64 * 1024;

/// What is to be sent.
#[derive(Debug)]
pub(super) struct Input {
    method: MethodDescriptor,
    from: From,
}

#[derive(Debug)]
enum From {
    Text(Vec<u8>),
    Stdin,
}

impl Input {
    /// As it was asked for; for a method that takes a stream, stdin if nothing was.
    pub(super) fn of(argument: Option<&str>, method: &MethodDescriptor) -> Result<Self> {
        let from = match argument {
            Some("-") => From::Stdin,
            None if method.is_client_streaming() => From::Stdin,
            None => From::Text(Vec::new()),
            Some(text) => match text.strip_prefix('@') {
                Some(path) => {
                    From::Text(std::fs::read(path).about(|| format!("read the request in {path}"))?)
                }
                None => From::Text(text.as_bytes().to_vec()),
            },
        };
        Ok(Self { method: method.clone(), from })
    }

    /// All messages, once there are no more.
    pub(super) async fn all(self) -> Result<Vec<Raw>> {
        let mut messages = Vec::new();
        let (sender, mut receiver) = mpsc::channel(1);
        let feed = async move { self.feed(sender, None).await };
        let take = async {
            while let Some(message) = receiver.recv().await {
                messages.push(message);
            }
        };
        let (fed, ()) = tokio::join!(feed, take);
        fed?;
        Ok(messages)
    }

    /// The one message of a method that takes no stream; an empty one if nothing was said.
    pub(super) async fn one(self) -> Result<Raw> {
        let method = self.method.clone();
        let mut messages = self.all().await?;
        match messages.len() {
            0 => Ok(Raw::default()),
            1 => Ok(messages.remove(0)),
            many => Err(Error::usage(format!(
                "{} takes one message, and there are {many}",
                method.name()
            ))),
        }
    }

    /// Hands messages over as they become whole, until there are no more or nobody takes them.
    ///
    /// To whoever types, `shell` tells what is wrong; without one it is an error.
    pub(super) async fn feed(self, to: mpsc::Sender<Raw>, shell: Option<&Shell>) -> Result<()> {
        let mut documents = Documents::default();
        let Self { method, from } = self;
        match from {
            From::Text(text) => {
                documents.push(&text);
                drain(&mut documents, true, &method, &to).await
            }
            From::Stdin => {
                let shell = shell.filter(|_| io::stdin().is_terminal());
                if let Some(shell) = shell {
                    shell.hint(format_args!(
                        "type {} as JSON, one document after the other; Ctrl-D ends",
                        method.input().name()
                    ));
                }
                let mut chunks = stdin()?;
                while let Some(chunk) = chunks.recv().await {
                    documents.push(&chunk.about(|| "read stdin".to_owned())?);
                    loop {
                        match (drain(&mut documents, false, &method, &to).await, shell) {
                            (Err(error), Some(shell)) => shell.warn(&error),
                            (drained, _) => break drained?,
                        }
                    }
                    if to.is_closed() {
                        return Ok(());
                    }
                }
                drain(&mut documents, true, &method, &to).await
            }
        }
    }
}

/// Hands over the messages of all documents that are whole.
async fn drain(
    documents: &mut Documents,
    is_end: bool,
    method: &MethodDescriptor,
    to: &mpsc::Sender<Raw>,
) -> Result<()> {
    while let Some(document) = documents.next(is_end)? {
        for message in document.messages(&method.input(), method.is_client_streaming())? {
            if to.send(encoded(&message)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn encoded(message: &DynamicMessage) -> Raw {
    Raw(message.encode_to_vec().into())
}

/// What comes in by stdin. The thread that reads it cannot be told to stop while nothing comes; it
/// ends with the process.
fn stdin() -> Result<mpsc::Receiver<io::Result<Vec<u8>>>> {
    // Nothing is read ahead of what is sent.
    let (sender, receiver) = mpsc::channel(1);
    let read = move || {
        let mut stdin = io::stdin().lock();
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match stdin.read(&mut chunk) {
                Ok(0) => return,
                Ok(length) => Ok(chunk[..length].to_vec()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_over = read.is_err();
            if sender.blocking_send(read).is_err() || is_over {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(read)
        .about(|| "read stdin".to_owned())?;
    Ok(receiver)
}

//! Files and streams, for what speaks HTTP: pages in a browser, their events and sockets, forms.

use std::time::Duration;

use bia::{Context, Error, Result, Streaming};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use crate::api::files::v1::{
    ChatReply, ChatRequest, CountRequest, Counted, Event, File, Files, GetRequest, Peeked,
    PostRequest, PutRequest, SumRequest,
};
use crate::api::google::api::HttpBody;

/// The service of `files/v1/files.proto`.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// Pages, and what they import.
    pub pages: Vec<(&'static str, &'static str, Vec<u8>)>,
    /// Where to what is put as `told` goes, for who waits for it.
    pub told: Option<mpsc::Sender<Vec<u8>>>,
}

fn text(content: impl Into<String>) -> HttpBody {
    HttpBody {
        content_type: "text/plain; charset=utf-8".to_owned(),
        data: content.into().into(),
        ..HttpBody::default()
    }
}

impl Files for Shelf {
    async fn get(&self, cx: &Context, request: GetRequest) -> Result<HttpBody> {
        if request.name == "none" {
            return Err(Error::not_found("FILE_NOT_FOUND", "no such file").with("name", "none"));
        }
        if request.name == "slow" {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        if let Some((_, kind, data)) = self.pages.iter().find(|page| page.0 == request.name) {
            let (content_type, data) = ((*kind).to_owned(), data.clone());
            return Ok(HttpBody { content_type, data, ..HttpBody::default() });
        }
        let told = cx.metadata().get("x-md-global-who").unwrap_or_default();
        Ok(text(format!("{} {told}", request.name)))
    }

    async fn put(&self, _: &Context, request: PutRequest) -> Result<File> {
        let HttpBody { content_type, data, .. } = request.content.unwrap_or_default();
        if let (Some(told), "told") = (&self.told, request.name.as_str()) {
            told.send(data.clone()).await.map_err(Error::from_source)?;
        }
        Ok(File { name: request.name, content_type, size: data.len() as u64, note: request.note })
    }

    async fn peek(&self, _: &Context, request: GetRequest) -> Result<Peeked> {
        let content = Some(text(format!("of {}", request.name)));
        Ok(Peeked { name: request.name, content })
    }

    async fn post(&self, _: &Context, request: PostRequest) -> Result<File> {
        let pages: usize = request.pages.iter().map(Vec::len).sum();
        let original = request.original.unwrap_or_default();
        let size = request.picture.len() + pages + original.data.len();
        Ok(File {
            name: request.title,
            content_type: original.content_type,
            size: size as u64,
            note: format!("{} pages, {} copies", request.pages.len(), request.copies),
        })
    }

    async fn upload(&self, _: &Context, mut parts: Streaming<PutRequest>) -> Result<File> {
        let mut file = File::default();
        while let Some(part) = parts.message().await? {
            let content = part.content.unwrap_or_default();
            file.name = part.name;
            file.content_type = content.content_type;
            file.size += content.data.len() as u64;
        }
        Ok(file)
    }

    async fn download(
        &self,
        _: &Context,
        request: GetRequest,
    ) -> Result<impl Stream<Item = Result<HttpBody>> + Send> {
        if request.name == "none" {
            return Err(Error::not_found("FILE_NOT_FOUND", "no such file"));
        }
        let parts = if request.name.starts_with("br") { 3 } else { 2 };
        let wait = if request.name == "breaking" { 100 } else { 0 };
        Ok(stream::iter(1..=parts).then(move |part| async move {
            if part < 3 {
                return Ok(text(format!("part {part}\n")));
            }
            if wait > 0 {
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            Err(Error::unavailable("DISK", "the disk is gone"))
        }))
    }

    async fn count(
        &self,
        _: &Context,
        request: CountRequest,
    ) -> Result<impl Stream<Item = Result<Counted>> + Send> {
        if request.upto > 1_000_000 {
            return Err(Error::bad_request("TOO_FAR", "nobody counts that far"));
        }
        let first = request.after + 1;
        let end = request.stay.then(stream::pending).map(StreamExt::boxed);
        Ok(stream::iter(first..=request.upto)
            .map(move |number| {
                if number == request.fail_at {
                    return Err(Error::conflict("UNLUCKY", "not this one").with("at", number));
                }
                Ok(Counted { number })
            })
            .chain(end.unwrap_or_else(|| stream::empty().boxed())))
    }

    async fn watch(
        &self,
        cx: &Context,
        request: CountRequest,
    ) -> Result<impl Stream<Item = Result<Event>> + Send> {
        // Where a reader of events was when it lost us.
        let seen = cx.header("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
        let first = seen.unwrap_or(0) + 1;
        let fail_at = if seen.is_none() { request.fail_at } else { 0 };
        let end = request.stay.then(stream::pending).map(StreamExt::boxed);
        Ok(stream::iter(first..=request.upto)
            .map(move |number| {
                if number == fail_at {
                    return Err(Error::unavailable("LOST", "gone for a moment"));
                }
                Ok(Event { number })
            })
            .chain(end.unwrap_or_else(|| stream::empty().boxed())))
    }

    async fn sum(&self, _: &Context, mut requests: Streaming<SumRequest>) -> Result<Counted> {
        let mut sum = 0;
        while let Some(request) = requests.message().await? {
            if request.room != "here" {
                return Err(Error::bad_request("ROOM", request.room));
            }
            sum += request.number.unwrap_or_default().value;
        }
        Ok(Counted { number: sum })
    }

    async fn chat(
        &self,
        _: &Context,
        requests: Streaming<ChatRequest>,
    ) -> Result<impl Stream<Item = Result<ChatReply>> + Send> {
        Ok(requests.map(|request| {
            let ChatRequest { room, text, who } = request?;
            if text == "bye" {
                return Err(Error::forbidden("STAY", "nobody leaves").with("room", room));
            }
            Ok(ChatReply { room, text: text.to_uppercase(), who })
        }))
    }
}

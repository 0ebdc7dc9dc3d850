//! A service that does what a caller may see: it answers, fails, breaks and keeps one waiting.

use bia::__codegen::{Binding, Facts, Handler, Part, Reply, Segment, ServerCall};
use bia::error::details::BadRequest;
use bia::{Body, Context, Error, Kind, Operation, Result, Service, Streaming};
use futures_util::stream;
use http::{HeaderValue, Response};
use tower::util::MapResponseLayer;

/// What every answer that passes by it has from then on.
pub(crate) fn layer() -> MapResponseLayer<fn(Response<Body>) -> Response<Body>> {
    MapResponseLayer::new(|mut response| {
        response.headers_mut().insert("x-layer", HeaderValue::from_static("was here"));
        response
    })
}

pub(crate) fn faces() -> Service {
    static SAY: Operation = Operation::new("/test.Faces/Say", Kind::Unary);
    // Without a rule, it is called by its own name.
    static TELL: Operation = Operation::new("/test.Faces/Tell", Kind::Unary);
    static WATCH: Operation = Operation::new("/test.Faces/Watch", Kind::ServerStream);
    static CHAT: Operation = Operation::new("/test.Faces/Chat", Kind::Bidi);
    static HTTP: &[Binding] = &[Binding {
        method: 0,
        verb: "PUT",
        template: "/v1/say",
        segments: &[Segment::Literal("v1"), Segment::Literal("say")],
        suffix: None,
        variables: &[],
        body: Part::Whole,
        body_field: None,
        response: Part::Whole,
    }];
    static FACTS: Facts =
        Facts::new("test.Faces", &[&SAY, &TELL, &WATCH, &CHAT], &[]).with_http(HTTP);
    Service::new(&FACTS, Faces)
}

struct Faces;

impl Handler for Faces {
    fn call(&self, method: usize, call: ServerCall) -> Reply {
        match method {
            2 => call.server_stream(|cx: Context, what: String, out| async move {
                let said = say(cx, what).await?;
                out.send_all(stream::iter([Ok(said)])).await
            }),
            3 => call.bidi(|cx: Context, mut all: Streaming<String>, out| async move {
                let mut said = Vec::new();
                while let Some(what) = all.message().await? {
                    said.push(Ok(say(cx.clone(), what).await?));
                }
                out.send_all(stream::iter(said)).await
            }),
            _ => call.unary(say),
        }
    }
}

async fn say(cx: Context, what: String) -> Result<String> {
    assert_ne!(what, "break", "told to");
    match what.as_str() {
        "fail" => Err(Error::not_found("NOT_THERE", "there is no such thing")
            .with("what", "thing")
            .with_detail(BadRequest::default().with_violation("value", "is unknown"))),
        "wait" => std::future::pending().await,
        "tenant" => Ok(cx.metadata().get("x-md-global-tenant").unwrap_or("none").to_owned()),
        _ => Ok(what),
    }
}

//! A service that answers what it was asked, so that whoever asks sees what was bound where.

use bia::{Code, Context, Error, Result, Streaming};
use futures_util::{Stream, stream};
use http::HeaderValue;
use http::header::HeaderName;
use prost_types::{Struct, Timestamp, Value};

use crate::api::google::api::HttpBody;
use crate::api::transcoding::v1::{Echo, Everything, Failure, Parts, Upload};

/// Tells which method answered.
pub const OPERATION: HeaderName = HeaderName::from_static("x-operation");

/// No stream has more messages: who asks is a stranger, and how long it is stands in the request.
const LONGEST: i32 = 1000;

/// Both services of `transcoding.proto`.
#[derive(Clone, Copy, Debug)]
pub struct Mirror;

macro_rules! echo {
    ($($method:ident($message:ty)),* $(,)?) => {$(
        async fn $method(&self, cx: &Context, request: $message) -> Result<$message> {
            sign(cx);
            Ok(request)
        }
    )*};
}

impl Echo for Mirror {
    echo! {
        get_one(Everything),
        get_fixed(Everything),
        get_nested(Everything),
        get_shelf(Everything),
        get_book(Everything),
        peek_shelf(Everything),
        get_file(Everything),
        get_tree(Everything),
        list_files(Everything),
        get_unnamed(Everything),
        get_typed(Everything),
        get_well_known(Everything),
        search(Everything),
        create(Everything),
        replace(Everything),
        change(Everything),
        remove(Everything),
        touch(Everything),
        report(Everything),
        put_texts(Everything),
        put_numbers(Everything),
        put_children(Everything),
        put_text(Everything),
        put_at(Everything),
        put_labels(Everything),
        without_rule(Everything),
        nothing(()),
        structure(Struct),
        anything(Value),
        moment(Timestamp),
        word(String),
        upload(Upload),
        unpack(Upload),
        mirror(HttpBody),
    }

    async fn fail(&self, cx: &Context, request: Failure) -> Result<Everything> {
        sign(cx);
        let code = Code::from_number(i64::from(request.code));
        Err(Error::from_grpc(code, "ASKED_FOR", request.message).with("code", request.code))
    }

    async fn repeat(
        &self,
        cx: &Context,
        request: Everything,
    ) -> Result<impl Stream<Item = Result<Everything>> + Send> {
        sign(cx);
        Ok(stream::iter((0..request.small.min(LONGEST)).map(move |number| {
            if request.text == "broken" && number == 2 {
                return Err(Error::internal("BROKEN", "no more of this"));
            }
            Ok(Everything { small: number, ..request.clone() })
        })))
    }

    async fn collect(
        &self,
        cx: &Context,
        mut requests: Streaming<Everything>,
    ) -> Result<Everything> {
        sign(cx);
        let mut all = Everything::default();
        while let Some(request) = requests.message().await? {
            all.small += 1;
            all.texts.push(request.text);
        }
        Ok(all)
    }

    async fn chat(
        &self,
        cx: &Context,
        requests: Streaming<Everything>,
    ) -> Result<impl Stream<Item = Result<Everything>> + Send> {
        sign(cx);
        Ok(requests)
    }

    async fn download(&self, cx: &Context, request: Everything) -> Result<HttpBody> {
        sign(cx);
        Ok(body(request.text.into_bytes()))
    }

    async fn chunks(
        &self,
        cx: &Context,
        request: Everything,
    ) -> Result<impl Stream<Item = Result<HttpBody>> + Send> {
        sign(cx);
        Ok(stream::iter(
            (0..request.small.min(LONGEST))
                .map(move |number| Ok(body(format!("{number} {}\n", request.text).into_bytes()))),
        ))
    }
}

impl Parts for Mirror {
    echo! {
        get_child(Everything),
        get_children(Everything),
        get_text(Everything),
        get_labels(Everything),
    }
}

fn body(data: Vec<u8>) -> HttpBody {
    HttpBody { content_type: "text/x-told".to_owned(), data, ..Default::default() }
}

fn sign(cx: &Context) {
    if let Ok(operation) = HeaderValue::from_str(cx.operation().name()) {
        cx.add_header(OPERATION, operation);
    }
}

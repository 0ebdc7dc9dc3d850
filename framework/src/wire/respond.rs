//! The one place where an error becomes a response.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use http_body::Frame;

use crate::body::Body;
use crate::context::{Context, Face};
use crate::error::Error;
use crate::media::Media;

use super::{problem, status};

/// What a caller is told errors in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// A status of gRPC.
    Grpc,
    /// A body.
    Http(Media),
}

impl Telling {
    /// What the caller of a call is told in.
    pub(crate) fn of(cx: &Context) -> Self {
        match cx.face() {
            Face::Grpc | Face::GrpcWeb => Self::Grpc,
            // What fails before a socket is open is answered as over HTTP.
            Face::Http | Face::WebSocket => {
                Self::Http(cx.http().and_then(|http| http.media).unwrap_or_default())
            }
        }
    }
}

/// The response that tells `error`.
pub(crate) fn error(telling: Telling, error: &Error) -> Response<Body> {
    match telling {
        Telling::Grpc => grpc(error),
        Telling::Http(media) => http(media.of_error(), error),
    }
}

/// How a stream tells in the place of its next message that it failed. A response brings it along among
/// its extensions; one that brings none breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// In the trailers of gRPC.
    Trailers,
    /// As an event of its own, as Kratos 3 does.
    Event,
    /// As a last line, `{"error": …}`.
    Line,
    /// As the last element of an array that is never closed: whoever reads it as a whole finds that it
    /// is no JSON, and whoever looks at it finds out why.
    Element,
}

impl Ending {
    /// What tells `error` behind messages, if any were sent.
    pub(crate) fn frame(self, error: &Error, begun: bool) -> Frame<Bytes> {
        if self == Self::Trailers {
            let mut trailers = HeaderMap::new();
            status::write(error, &mut trailers);
            return Frame::trailers(trailers);
        }
        let told = problem::write(error);
        let text = match (self, begun) {
            (Self::Trailers | Self::Event, _) => format!("event: error\ndata: {told}\n\n"),
            (Self::Line, _) => format!("{{\"error\":{told}}}\n"),
            (Self::Element, true) => format!(",{{\"error\":{told}}}"),
            (Self::Element, false) => format!("[{{\"error\":{told}}}"),
        };
        Frame::data(text.into())
    }
}

/// Headers that are trailers too: a call that failed before it answered anything.
fn grpc(error: &Error) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(CONTENT_TYPE, super::CONTENT_TYPE);
    status::write(error, response.headers_mut());
    response
}

/// The body that Kratos answers: all four fields, always.
fn http(media: Media, error: &Error) -> Response<Body> {
    let body = if media.is_json() {
        problem::write(error).into_bytes()
    } else {
        prost::Message::encode_to_vec(&KratosStatus::from(error))
    };
    let mut response = Response::new(Body::full(body));
    *response.status_mut() =
        StatusCode::from_u16(error.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    // `Allow`, the request's id, and what a handler answers beside an error.
    headers.extend(error.trailers().cloned().unwrap_or_default());
    headers.extend(problem::retry_after(error));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.name()));
    response
}

/// `errors.Status` of Kratos, which is how it tells an error in protobuf.
#[derive(Clone, PartialEq, prost::Message)]
struct KratosStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    reason: String,
    #[prost(string, tag = "3")]
    message: String,
    #[prost(btree_map = "string, string", tag = "4")]
    metadata: BTreeMap<String, String>,
}

impl From<&Error> for KratosStatus {
    fn from(error: &Error) -> Self {
        Self {
            code: i32::from(error.code()),
            reason: error.reason().to_owned(),
            message: error.message().to_owned(),
            metadata: error.metadata().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{error as error_response, *};

    #[tokio::test]
    async fn an_http_caller_is_told_all_four_fields_as_json() {
        let error = Error::not_found("USER_NOT_FOUND", "no user 7");
        let response = error_response(Telling::Http(Media::Json), &error);
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body.to_bytes()).unwrap();
        let expected = serde_json::json!(
            {"code": 404, "reason": "USER_NOT_FOUND", "message": "no user 7", "metadata": {}}
        );
        assert_eq!(body, expected);
    }

    #[test]
    fn a_grpc_caller_is_told_in_headers_of_a_200() {
        let response = error_response(Telling::Grpc, &Error::not_found("R", "m"));
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["grpc-status"], "5");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/grpc");
    }
}

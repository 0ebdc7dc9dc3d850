//! The one place where an error becomes a response.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};

use crate::body::Body;
use crate::context::Face;
use crate::error::Error;

use super::{problem, status};

/// The response that tells `error` on `face`.
pub(crate) fn error(face: Face, error: &Error) -> Response<Body> {
    match face {
        Face::Grpc | Face::GrpcWeb => grpc(error),
        Face::Http => http(error),
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
fn http(error: &Error) -> Response<Body> {
    let body = problem::write(error);
    let mut response = Response::new(Body::full(body.to_string()));
    *response.status_mut() =
        StatusCode::from_u16(error.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().extend(problem::retry_after(error));
    response
}

#[cfg(test)]
mod tests {
    use super::{error as error_response, *};

    #[tokio::test]
    async fn an_http_caller_is_told_all_four_fields_as_json() {
        let error = Error::not_found("USER_NOT_FOUND", "no user 7");
        let response = error_response(Face::Http, &error);
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
        let response = error_response(Face::Grpc, &Error::not_found("R", "m"));
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["grpc-status"], "5");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/grpc");
    }
}

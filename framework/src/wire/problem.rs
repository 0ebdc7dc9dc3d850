//! An error as the JSON body of an HTTP response, written and read.
//!
//! The body is that of Kratos: `code`, `reason`, `message` and `metadata`, all four always. `details`
//! stands beside them if there are any, which Kratos reads over.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;
use crate::error::details::Detail;

/// What a caller over HTTP is told of an error, in the order of Kratos.
#[derive(Serialize)]
struct Written<'a> {
    code: u16,
    reason: &'a str,
    message: &'a str,
    metadata: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Value>,
}

/// What a caller over HTTP is told of `error`, as JSON.
pub(crate) fn write(error: &Error) -> String {
    let written = Written {
        code: error.code(),
        reason: error.reason(),
        message: error.message(),
        metadata: error.metadata(),
        details: error.details().iter().map(Detail::to_json).collect(),
    };
    // Of texts and numbers alone, and keys that are texts.
    serde_json::to_string(&written).unwrap_or_default()
}

/// The header that tells when another try is worth it; whole seconds, never too few.
pub(crate) fn retry_after(error: &Error) -> Option<(http::HeaderName, HeaderValue)> {
    let delay = error.retry_after()?;
    let seconds = delay.as_secs().saturating_add(u64::from(delay.subsec_nanos() > 0));
    Some((RETRY_AFTER, HeaderValue::from(seconds)))
}

/// What a peer told of an error; what it left out is empty, as Kratos 3 leaves it out.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    reason: Option<String>,
    message: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    details: Option<Vec<Value>>,
}

/// The error that a response of `status` tells. The status is the code, whatever the body says; a
/// body that is no error tells nothing more.
pub(crate) fn read(status: http::StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let told: Told = serde_json::from_slice(body).unwrap_or_default();
    let details = told.details.unwrap_or_default();
    let error = Error::new(status.as_u16(), "", told.message.unwrap_or_default())
        .with_info(told.reason.unwrap_or_default(), told.metadata.unwrap_or_default())
        .with_told(details.iter().filter_map(Detail::from_json));
    // A date, which it may be as well, is what proxies do not send.
    let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    match after {
        Some(seconds) if error.retry_after().is_none() => {
            error.with_retry_after(Duration::from_secs(seconds))
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::details::{BadRequest, Help, RetryInfo};

    fn value(error: &Error) -> Value {
        serde_json::from_str(&write(error)).unwrap()
    }

    fn again(error: &Error) -> Error {
        let headers = retry_after(error).into_iter().collect();
        let status = http::StatusCode::from_u16(error.code()).unwrap();
        read(status, &headers, write(error).as_bytes())
    }

    #[test]
    fn an_http_caller_is_told_all_four_fields_always() {
        let told = write(&Error::not_found("USER_NOT_FOUND", "no user 7"));
        let expected =
            r#"{"code":404,"reason":"USER_NOT_FOUND","message":"no user 7","metadata":{}}"#;
        assert_eq!(told, expected);
    }

    #[test]
    fn an_http_caller_reads_back_what_was_told() {
        let error = Error::bad_request("USER_INVALID", "the user cannot be made")
            .with("kind", "user")
            .with_detail(BadRequest::default().with_violation("user.email", "is not an address"))
            .with_detail(Help::default().with_link("what an address is", "https://example.org"));
        assert_eq!(again(&error), error);
    }

    #[test]
    fn details_are_told_as_the_specification_writes_an_any() {
        let error = Error::unavailable("BUSY", "")
            .with_retry_after(Duration::from_millis(1500))
            .with_detail(prost_types::Duration { seconds: 3, nanos: 0 });
        let told = value(&error);
        assert_eq!(
            told["details"],
            json!([
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.500s"},
                {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "3s"},
            ])
        );
        assert_eq!(again(&error).retry_after(), Some(Duration::from_millis(1500)));
        let back: Option<prost_types::Duration> = again(&error).detail();
        assert_eq!(back.map(|back| back.seconds), Some(3));
    }

    #[test]
    fn a_detail_of_a_type_that_is_not_known_travels_on() {
        let any = prost_types::Any { type_url: "x.org/a.b.C".to_owned(), value: vec![8, 1] };
        let error = Error::internal("R", "m").with_any(any.clone());
        assert_eq!(value(&error)["details"], json!([{"@type": "x.org/a.b.C", "value": "CAE="}]));
        assert_eq!(again(&error).details()[0].to_any(), Some(any));
        let foreign = json!({"details": [{"@type": "x.org/a.b.C", "size": 3}, {"no": "type"}, 7]});
        let foreign =
            read(http::StatusCode::BAD_GATEWAY, &HeaderMap::new(), foreign.to_string().as_bytes());
        assert_eq!(value(&foreign)["details"], json!([{"@type": "x.org/a.b.C", "size": 3}]));
    }

    #[test]
    fn when_to_try_again_is_told_in_whole_seconds_that_are_enough() {
        for (delay, header) in [(0, "0"), (1, "1"), (1000, "1"), (1001, "2")] {
            let error =
                Error::unavailable("BUSY", "").with_retry_after(Duration::from_millis(delay));
            assert_eq!(retry_after(&error).unwrap().1, header);
        }
        let only_header = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("7"))]);
        let error = read(http::StatusCode::SERVICE_UNAVAILABLE, &only_header, b"<html>");
        assert_eq!((error.code(), error.reason()), (503, ""));
        assert_eq!(error.detail::<RetryInfo>().unwrap().delay(), Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_body_that_says_another_code_than_the_status_is_not_believed() {
        let told = br#"{"code": 123, "reason": "R", "metadata": null}"#;
        let error = read(http::StatusCode::NOT_FOUND, &HeaderMap::new(), told);
        assert_eq!(error, Error::not_found("R", ""));
    }
}

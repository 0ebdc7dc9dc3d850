use proptest::prelude::*;

use super::*;

fn trailers(error: &Error) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    write(error, &mut trailers);
    trailers
}

fn text<'a>(trailers: &'a HeaderMap, name: &str) -> &'a str {
    trailers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// Seen from Kratos 2.9.2 and 3.0.0, which pad; we do not, as the protocol wants.
#[test]
fn errors_look_on_the_wire_as_those_of_kratos() {
    let table = [
        (
            Error::not_found("USER_NOT_FOUND", "no user 7").with("k", "v"),
            "5",
            "CAUSCW5vIHVzZXIgNxpECih0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuRXJyb3JJbmZvEhgKDlVTRVJfTk9UX0ZPVU5EGgYKAWsSAXY=",
        ),
        (
            Error::internal("UNKNOWN", "unknown request error"),
            "13",
            "CA0SFXVua25vd24gcmVxdWVzdCBlcnJvcho1Cih0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuRXJyb3JJbmZvEgkKB1VOS05PV04=",
        ),
    ];
    for (error, status, details) in table {
        let trailers = trailers(&error);
        assert_eq!(text(&trailers, "grpc-status"), status);
        assert_eq!(text(&trailers, "grpc-status-details-bin"), details.trim_end_matches('='));
    }
}

#[test]
fn an_error_of_kratos_is_read_with_its_reason_and_metadata() {
    let table = [
        (
            "2",
            "m",
            "CAISAW0aLwoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLkVycm9ySW5mbxIDCgFS",
            Error::from_grpc(Code::Unknown, "R", "m"),
        ),
        (
            "5",
            "no user 7",
            "CAUSCW5vIHVzZXIgNxpECih0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuRXJyb3JJbmZvEhgKDlVTRVJfTk9UX0ZPVU5EGgYKAWsSAXY=",
            Error::not_found("USER_NOT_FOUND", "no user 7").with("k", "v"),
        ),
        (
            "4",
            "context deadline exceeded",
            "",
            Error::deadline_exceeded("", "context deadline exceeded"),
        ),
        ("99", "", "not base64 !", Error::from_grpc(Code::Unknown, "", "")),
    ];
    for (status, message, details, expected) in table {
        let mut headers = HeaderMap::new();
        headers.insert(GRPC_STATUS, HeaderValue::from_static(status));
        headers.insert(GRPC_MESSAGE, HeaderValue::from_static(message));
        if !details.is_empty() {
            headers.insert(GRPC_DETAILS, HeaderValue::from_static(details));
        }
        assert_eq!(read(&headers), Some(Err(expected)));
    }
}

#[test]
fn every_http_code_survives_between_two_services_of_bia() {
    for code in 400..=599 {
        let error = Error::new(code, "R", "m").with("a", "b");
        assert_eq!(read(&trailers(&error)), Some(Err(error)), "{code}");
    }
}

#[test]
fn a_code_that_grpc_can_say_is_sent_without_an_extra_detail() {
    let trailers = trailers(&Error::conflict("TAKEN", "taken"));
    let status = decode_details(&trailers[GRPC_DETAILS]).unwrap();
    assert_eq!(status.details.len(), 1);
    assert_eq!(status.details[0].type_url, ERROR_INFO);
}

#[test]
fn no_status_is_no_outcome_and_nought_is_success() {
    assert_eq!(read(&HeaderMap::new()), None);
    assert_eq!(read(&ok()), Some(Ok(())));
}

#[test]
fn a_source_never_leaves_the_process() {
    let error = Error::internal("DB", "cannot save").with_source(std::io::Error::other("secret"));
    for (_, value) in &trailers(&error) {
        assert!(!value.to_str().unwrap().contains("secret"));
    }
    let details = decode_details(&trailers(&error)[GRPC_DETAILS]).unwrap();
    assert!(!format!("{details:?}").contains("secret"));
}

#[test]
fn an_error_that_is_too_long_is_cut_and_still_says_what_it_is() {
    for letter in ["x", "ş", "%", "🦀"] {
        let long = letter.repeat(100_000);
        let error = Error::not_found("USER_NOT_FOUND", long.clone())
            .with("id", long)
            .with("kind", "user")
            .with("many", "y".repeat(1900));
        let trailers = trailers(&error);
        let size: usize =
            trailers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
        assert!(size <= 8192, "{letter}: {size}");
        let read = read(&trailers).unwrap().unwrap_err();
        assert_eq!((read.code(), read.reason()), (404, "USER_NOT_FOUND"));
        assert!(read.message().starts_with(letter) && read.message().ends_with('…'), "{read}");
        assert_eq!(read.metadata().keys().collect::<Vec<_>>(), ["kind", "many"]);
    }
}

#[test]
fn details_stand_behind_the_one_that_kratos_reads() {
    let error = Error::new(418, "R", "m")
        .with_detail(crate::error::details::LocalizedMessage {
            locale: "tr".to_owned(),
            message: "çay".to_owned(),
        })
        .with_retry_after(std::time::Duration::from_secs(1));
    let types = |trailers: &HeaderMap| -> Vec<_> {
        let details = decode_details(&trailers[GRPC_DETAILS]).unwrap().details;
        details
            .into_iter()
            .map(|detail| detail.type_url.rsplit_once('.').unwrap().1.to_owned())
            .collect()
    };
    let trailers = trailers(&error);
    assert_eq!(types(&trailers), ["ErrorInfo", "HttpStatus", "LocalizedMessage", "RetryInfo"]);
    assert_eq!(read(&trailers), Some(Err(error)));
}

#[test]
fn the_domain_that_another_gave_its_error_is_found_in_the_detail() {
    let info = ErrorInfo {
        reason: "STOCKOUT".to_owned(),
        domain: "spanner.googleapis.com".to_owned(),
        metadata: [("region".to_owned(), "us".to_owned())].into(),
    };
    let more = prost_types::Any { type_url: "x.org/a.B".to_owned(), value: vec![8, 1] };
    let status = Status {
        code: 8,
        message: String::new(),
        details: vec![packed(ERROR_INFO, &info), more.clone()],
    };
    let error = told(Code::ResourceExhausted, String::new(), Some(status));
    assert_eq!((error.reason(), error.metadata()["region"].as_str()), ("STOCKOUT", "us"));
    let kept: crate::error::details::ErrorInfo = error.detail().unwrap();
    assert_eq!(kept.domain, "spanner.googleapis.com");
    // And on it travels, unknown types and all.
    let again = read(&trailers(&error)).unwrap().unwrap_err();
    assert_eq!(again, error);
    assert_eq!(again.details()[1].to_any(), Some(more));
}

#[test]
fn details_that_have_no_room_are_left_out_and_lists_are_cut() {
    use crate::error::details::{BadRequest, Help, LocalizedMessage};
    for message in ["m".to_owned(), "ş".repeat(5000)] {
        let many = (0..1000).fold(BadRequest::default(), |bad, place| {
            bad.with_violation(format!("items[{place}].sku"), "is not known")
        });
        let error = Error::bad_request("INVALID", message)
            .with_detail(LocalizedMessage { locale: "en".to_owned(), message: "x".repeat(9000) })
            .with_detail(many)
            .with_detail(Help::default().with_link("more", "https://example.org/".repeat(500)));
        let trailers = trailers(&error);
        let size: usize =
            trailers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
        assert!(size <= 8192, "{size}");
        let back = read(&trailers).unwrap().unwrap_err();
        assert_eq!(back.details().len(), 1, "{back:?}");
        let kept = back.detail::<BadRequest>().unwrap().field_violations;
        assert!(kept.len() > 20, "{}", kept.len());
        assert_eq!(kept.last().unwrap().field, format!("items[{}].sku", kept.len() - 1));
    }
}

#[test]
fn a_message_that_just_fits_is_not_cut() {
    for (letter, written) in [("x", 1), ("%", 3), ("ş", 6)] {
        let fits = letter.repeat(MESSAGE / written);
        assert_eq!(shortened(&fits), fits);
        let cut = shortened(&(fits + letter)).into_owned();
        assert!(cut.ends_with('…') && percent_encode(&cut).len() <= MESSAGE, "{cut}");
        assert!(percent_encode(&cut).len() > MESSAGE - 9, "{cut}");
    }
}

proptest! {
    #[test]
    fn any_error_comes_back_as_it_was(
        code in 400_u16..=599,
        reason in "[A-Z_]{0,20}",
        message in any::<String>(),
        metadata in prop::collection::btree_map(any::<String>(), any::<String>(), 0..4),
    ) {
        let mut error = Error::new(code, reason, message);
        for (key, value) in metadata {
            error = error.with(key, value);
        }
        prop_assert_eq!(read(&trailers(&error)), Some(Err(error)));
    }

    #[test]
    fn any_bytes_in_the_headers_are_read_without_a_panic(
        status in "[ -~]{0,4}", message in "[ -~]{0,40}", details in "[ -~]{0,80}",
    ) {
        let mut headers = HeaderMap::new();
        headers.insert(GRPC_STATUS, HeaderValue::from_str(&status).unwrap());
        headers.insert(GRPC_MESSAGE, HeaderValue::from_str(&message).unwrap());
        headers.insert(GRPC_DETAILS, HeaderValue::from_str(&details).unwrap());
        prop_assert!(read(&headers).is_some());
    }
}

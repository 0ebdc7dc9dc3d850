use super::*;

#[test]
fn the_table_of_kratos_holds_both_ways() {
    let to_grpc = [
        (400, Code::InvalidArgument),
        (401, Code::Unauthenticated),
        (402, Code::Unknown),
        (403, Code::PermissionDenied),
        (404, Code::NotFound),
        (405, Code::Unknown),
        (409, Code::Aborted),
        (412, Code::FailedPrecondition),
        (418, Code::Unknown),
        (422, Code::Unknown),
        (429, Code::ResourceExhausted),
        (499, Code::Cancelled),
        (500, Code::Internal),
        (501, Code::Unimplemented),
        (503, Code::Unavailable),
        (504, Code::DeadlineExceeded),
    ];
    for (http, grpc) in to_grpc {
        assert_eq!(Error::new(http, "R", "m").grpc_code(), grpc, "{http}");
    }
    let to_http =
        [200, 499, 500, 400, 504, 404, 409, 403, 429, 412, 409, 400, 501, 500, 503, 500, 401];
    for (code, http) in Code::ALL.into_iter().zip(to_http) {
        assert_eq!(code.to_http(), http, "{code}");
        assert_eq!(Code::from_number(i64::from(code.number())), code);
    }
    assert_eq!(Code::from_number(17), Code::Unknown);
    assert_eq!(Code::from_number(-1), Code::Unknown);
}

#[test]
fn a_grpc_code_survives_the_way_through_an_error() {
    for code in Code::ALL.into_iter().filter(|code| *code != Code::Ok) {
        assert_eq!(Error::from_grpc(code, "R", "m").grpc_code(), code);
    }
}

#[test]
fn a_code_that_is_no_failure_becomes_500() {
    for code in [0, 99, 200, 302, 399, 600, 999] {
        assert_eq!(Error::new(code, "R", "m").code(), 500, "{code}");
    }
}

#[test]
fn a_wrapped_error_comes_back_whole() {
    let boxed: BoxError = Box::new(Error::conflict("TAKEN", "name is taken").with("name", "bia"));
    assert_eq!(
        Error::from_source(boxed),
        Error::conflict("TAKEN", "name is taken").with("name", "bia")
    );
}

#[test]
fn the_cause_is_a_source_and_not_a_message() {
    let error = Error::from_source(std::io::Error::other("disk of host 7 is full"));
    assert_eq!((error.code(), error.reason()), (500, UNKNOWN));
    assert!(!error.to_string().contains("disk"));
    assert!(error.source().is_some_and(|source| source.to_string().contains("disk")));
}

#[test]
fn an_unwrap_that_fails_shows_an_error_and_not_what_it_is_made_of() {
    let error = Error::not_found("USER_NOT_FOUND", "no user 7").with("id", 7);
    let expected = "Error { code: 404, reason: \"USER_NOT_FOUND\", message: \"no user 7\", \
                    metadata: {\"id\": \"7\"}, source: None }";
    assert_eq!(format!("{error:?}"), expected);
}

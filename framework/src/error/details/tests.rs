use std::time::Duration;

use super::*;
use crate::error::Error;

#[test]
fn a_detail_is_read_by_its_type_and_others_are_not_mistaken_for_it() {
    let error = Error::too_many_requests("SLOW_DOWN", "")
        .with_detail(QuotaFailure::default().with_violation("user:7", "10 calls a second"))
        .with_detail(RetryInfo::after(Duration::from_secs(2)));
    assert_eq!(error.details().len(), 2);
    let quota: QuotaFailure = error.detail().unwrap();
    assert_eq!(quota.violations[0].subject, "user:7");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    assert_eq!(error.detail::<BadRequest>(), None);
}

#[test]
fn the_last_word_on_when_to_try_again_holds() {
    let error = Error::unavailable("BUSY", "")
        .with_retry_after(Duration::from_secs(9))
        .with_retry_after(Duration::MAX);
    assert_eq!(error.details().len(), 1);
    assert_eq!(error.retry_after().map(|delay| delay.as_secs()), Some(i64::MAX as u64));
    let past = RetryInfo { retry_delay: Some(prost_types::Duration { seconds: -1, nanos: 0 }) };
    assert_eq!(past.delay(), None);
}

#[test]
fn what_a_detail_holds_is_not_shown_by_debug() {
    let error = Error::bad_request("R", "m")
        .with_detail(BadRequest::default().with_violation("password", "hunter2 is too short"));
    let shown = format!("{error:?}");
    assert!(shown.contains("google.rpc.BadRequest") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_detail_whose_bytes_are_not_its_type_is_none() {
    let type_url = "type.googleapis.com/google.rpc.BadRequest".to_owned();
    let broken = prost_types::Any { type_url, value: vec![0xff; 3] };
    let error = Error::bad_request("R", "m").with_any(broken.clone());
    assert_eq!(error.detail::<BadRequest>(), None);
    assert_eq!(error.details()[0].to_any(), Some(broken));
    assert_eq!(error.details()[0].to_json()["value"], "////");
}

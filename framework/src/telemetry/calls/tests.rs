use http::Request;
use http::header::HeaderMap;
use tokio::time::{Duration, Instant};

use super::*;
use crate::body::Body;
use crate::context::{Context, Face, Inbound};
use crate::error::Error;
use crate::operation::{Kind, Operation};
use crate::telemetry::{REQUEST_ID, Telemetry};

static GET: Operation = Operation::new("/t.Users/Get", Kind::Unary);

fn inbound(request_id: &str) -> Inbound {
    let request = Request::builder().header(REQUEST_ID, request_id).body(Body::empty()).unwrap();
    Inbound { cx: Context::new(&GET, Face::Grpc), request }
}

#[tokio::test]
async fn a_call_is_seen_while_it_lasts_and_its_place_is_used_again() {
    let telemetry = Telemetry::off();
    let calls = ServerCalls::new(telemetry.clone(), &[&GET]);
    for _ in 0..100 {
        let seen = calls.begin(&mut inbound("r-1"));
        let active = telemetry.active().all();
        let [ActiveCall::Served(cx)] = active.as_slice() else { panic!("{active:?}") };
        assert_eq!((cx.operation().name(), cx.request_id()), ("/t.Users/Get", Some("r-1")));
        seen.end(Outcome::Ok);
        assert!(telemetry.active().all().is_empty());
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_is_seen_no_longer() {
    let telemetry = Telemetry::off();
    let calls = ServerCalls::new(telemetry.clone(), &[&GET]);
    drop(calls.begin(&mut inbound("r-1")));
    assert!(telemetry.active().all().is_empty());
}

#[tokio::test]
async fn a_call_made_within_another_carries_its_request_id() {
    let telemetry = Telemetry::off();
    let served = ServerCalls::new(telemetry.clone(), &[&GET]).begin(&mut inbound("r-7"));
    let made = ClientCalls::new(telemetry.clone(), "users");
    let mut headers = HeaderMap::new();
    let making = Making {
        face: Face::Grpc,
        operation: &GET,
        begun: Instant::now(),
        deadline: Some(Instant::now() + Duration::from_secs(1)),
        sent: Sent::Whole(3),
    };
    let seen = made.begin(making, Some(served.cx()), &mut headers);
    assert_eq!(headers.get(REQUEST_ID).unwrap(), "r-7");
    assert_eq!(telemetry.active().all().len(), 2);
    seen.end(Outcome::Cancelled);
    served.end(Outcome::Ok);
    assert!(telemetry.active().all().is_empty());
}

#[test]
fn an_outcome_tells_code_and_reason() {
    let error = Error::not_found("USER_UNKNOWN", "no user 7");
    let table = [
        (Outcome::Ok, "OK", ""),
        (Outcome::Failed(&error), "NOT_FOUND", "USER_UNKNOWN"),
        (Outcome::Cancelled, "CANCELLED", "CANCELLED"),
    ];
    for (outcome, code, reason) in table {
        assert_eq!((outcome.code().name(), outcome.reason()), (code, reason));
    }
}

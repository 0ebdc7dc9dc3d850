use std::io;

use serde_json::Value;
use tokio::time::Instant;

use crate::context::{Context, Peer};
use crate::operation::{Kind, Operation};

use super::super::super::settings::LogSettings;
use super::super::tests::{call, json, with};
use super::*;

static GET: Operation = Operation::new("/user.v1.UserService/GetUser", Kind::Unary);
static CHECK: Operation = Operation::new("/grpc.health.v1.Health/Check", Kind::Unary);

fn ended<'a>(cx: &'a Context, outcome: Outcome<'a>) -> Ended<'a> {
    let begun = Instant::now();
    Ended {
        side: Side::Server,
        operation: cx.operation(),
        face: Face::Grpc,
        peer: "10.0.0.7:4711".parse().ok(),
        node: None,
        target: None,
        begun,
        took: Duration::from_micros(1234),
        deadline: Some(begun + Duration::from_millis(500)),
        received: 17,
        sent: 42,
        outcome,
        cx: Some(cx),
        peer_service: Some("shop"),
        trace: cx.trace(),
    }
}

/// The lines of calls that ended so, with everything told that can be.
fn told(settings: &AccessSettings, calls: &[Ended<'_>]) -> Vec<Value> {
    let (log, written) =
        json(&LogSettings { filter: "debug".to_owned(), ..LogSettings::default() });
    let access = Access::new(settings).unwrap();
    with(&log, || {
        for call in calls {
            access.ended(call);
        }
    });
    written.lines()
}

#[test]
fn each_call_has_one_line_with_all_that_is_known_of_it() {
    let cx = call(&GET).with_peer(Peer::new(None));
    let mut headers = http::HeaderMap::new();
    headers.insert("user-agent", "grpc-go/1.70".parse().unwrap());
    cx.set_headers(headers);
    let lines = told(&AccessSettings::default(), &[ended(&cx, Outcome::Ok)]);
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    for (name, expected) in [
        ("level", Value::from("info")),
        ("message", "answered".into()),
        ("target", "bia::access".into()),
        ("operation", GET.name().into()),
        ("face", "grpc".into()),
        ("code", 200.into()),
        ("status", "OK".into()),
        ("took_ms", 1.234.into()),
        ("received_bytes", 17.into()),
        ("sent_bytes", 42.into()),
        ("peer_service", "shop".into()),
        ("peer", "10.0.0.7:4711".into()),
        ("deadline_left_ms", 498.766.into()),
        ("user_agent", "grpc-go/1.70".into()),
        ("request_id", "r-1".into()),
        ("trace_id", "4b".repeat(16).into()),
        ("span_id", "a3".repeat(8).into()),
    ] {
        assert_eq!(line[name], expected, "{name} of {line}");
    }
    assert_eq!((line.get("reason"), line.get("field.operation")), (None, None));
}

#[test]
fn how_a_call_failed_is_said_once_and_as_loud_as_it_concerns_us() {
    let cx = call(&GET);
    let not_found = Error::not_found("USER_NOT_FOUND", "no user 7");
    let broken = Error::internal("DB", "cannot read").with_source(io::Error::other("disk full"));
    let lines = told(
        &AccessSettings::default(),
        &[
            ended(&cx, Outcome::Failed(&not_found)),
            ended(&cx, Outcome::Failed(&broken)),
            ended(&cx, Outcome::Cancelled),
        ],
    );
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            (text("level"), line["code"].as_u64().unwrap(), text("reason"), text("message"))
        })
        .collect();
    let expected = [
        ("info", 404, "USER_NOT_FOUND", "no user 7"),
        ("error", 500, "DB", "cannot read: disk full"),
        ("info", 499, "CANCELLED", "the caller went away"),
    ];
    let expected = expected.map(|(a, b, c, d)| (a.to_owned(), b, c.to_owned(), d.to_owned()));
    assert_eq!(told, expected);
}

#[test]
fn what_the_proto_hides_is_not_in_the_line() {
    static BLOCK: Operation =
        Operation::new("/card.v1.Cards/Block", Kind::Unary).with_redacted(&["card"]);
    let http = HttpCall {
        method: http::Method::POST,
        path: Some("/v1/cards/4711:block".parse().unwrap()),
        template: Some("/v1/cards/{card}:block"),
        binding: None,
        media: None,
        is_preflight: false,
    };
    let cx = call(&BLOCK).with_http(http);
    let blocked = Error::conflict("BLOCKED", "4711 is blocked").with("card", "4711");
    let made = Ended { side: Side::Client, ..ended(&cx, Outcome::Failed(&blocked)) };
    let lines = told(&AccessSettings::default(), &[ended(&cx, Outcome::Failed(&blocked)), made]);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["path"], "/v1/cards/{card}:block");
    for line in lines {
        assert_eq!(line["message"], "*** is blocked");
    }
}

#[test]
fn health_is_asked_too_often_to_be_told_but_its_faults_are() {
    let cx = call(&CHECK);
    let broken = Error::internal("X", "broken");
    let lines = told(
        &AccessSettings::default(),
        &[ended(&cx, Outcome::Ok), ended(&cx, Outcome::Failed(&broken))],
    );
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["message"], "broken");
}

#[test]
fn without_lines_of_calls_slow_ones_and_faults_are_still_told() {
    let cx = call(&GET);
    let settings = AccessSettings {
        enabled: false,
        slow: Duration::from_millis(2),
        ..AccessSettings::default()
    };
    let slow = Ended { took: Duration::from_millis(2), ..ended(&cx, Outcome::Ok) };
    let refused = Error::not_found("N", "none");
    let broken = Error::internal("X", "broken");
    let lines = told(
        &settings,
        &[
            ended(&cx, Outcome::Ok),
            slow,
            ended(&cx, Outcome::Failed(&refused)),
            ended(&cx, Outcome::Failed(&broken)),
        ],
    );
    let levels: Vec<_> = lines.iter().map(|line| line["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["warn", "debug", "error"]);
    assert_eq!((&lines[0]["slow"], &lines[0]["took_ms"]), (&true.into(), &2.0.into()));
}

#[test]
fn a_call_that_is_made_is_told_to_who_looks_and_belongs_to_the_one_being_served() {
    let cx = call(&GET);
    let refused = Error::unavailable("NO_NODE", "nobody there");
    let made = Ended {
        side: Side::Client,
        operation: &CHECK,
        node: Some("10.0.0.9:8000"),
        target: Some("order-service"),
        peer: None,
        cx: None,
        ..ended(&cx, Outcome::Failed(&refused))
    };
    let lines = cx.enter(|| told(&AccessSettings::default(), &[made]));
    let line = &lines[0];
    assert_eq!((&line["level"], &line["target"]), (&"debug".into(), &"bia::access::client".into()));
    assert_eq!((&line["called"], &line["callee"]), (&CHECK.name().into(), &"order-service".into()));
    assert_eq!((&line["node"], &line["operation"]), (&"10.0.0.9:8000".into(), &GET.name().into()));
    assert_eq!((&line["code"], &line["reason"]), (&503.into(), &"NO_NODE".into()));
}

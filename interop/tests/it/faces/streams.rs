use super::raw::{ask, send, until};
use super::serve;

const EVENTS: (&str, &str) = ("accept", "text/event-stream");
const LINES: (&str, &str) = ("accept", "application/x-ndjson");
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn events_are_written_as_kratos_3_writes_them() {
    let app = serve().await;
    // Kratos 3 asks for protojson and reads events.
    for accept in ["text/event-stream", "application/protojson"] {
        let reply = ask(&app, "GET /v1/counts/2", &[("accept", accept)], b"").await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("text/event-stream"));
        assert_eq!(reply.header("cache-control"), Some("no-cache"));
        assert_eq!(reply.header("x-accel-buffering"), Some("no"));
        let events =
            "event: message\ndata: {\"number\":1}\n\nevent: message\ndata: {\"number\":2}\n\n";
        assert_eq!(reply.body, events);
    }
    let reply = ask(&app, "GET /v1/counts/9?fail_at=2", &[EVENTS], b"").await;
    assert_eq!(reply.status, 200);
    let told = r#"{"code":409,"message":"not this one","metadata":{"at":"2"},"reason":"UNLUCKY"}"#;
    let (first, error) = reply.body.split_once("event: error\ndata: ").unwrap();
    assert_eq!(first, "event: message\ndata: {\"number\":1}\n\n");
    let expected: serde_json::Value = serde_json::from_str(told).unwrap();
    assert!(error.ends_with("\n\n") && reply.is_whole);
    assert_eq!(serde_json::from_str::<serde_json::Value>(error.trim()).unwrap(), expected);
}

#[tokio::test]
async fn a_stream_is_an_array_unless_its_caller_wants_something_else() {
    let app = serve().await;
    for headers in [&[][..], &[("accept", "*/*")], &[("accept", "application/json")]] {
        let reply = ask(&app, "GET /v1/counts/3", headers, b"").await;
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.body, r#"[{"number":1},{"number":2},{"number":3}]"#);
    }
    assert_eq!(ask(&app, "GET /v1/counts/0", &[], b"").await.body, "[]");
    let reply = ask(&app, "GET /v1/counts/2", &[LINES], b"").await;
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(reply.body, "{\"number\":1}\n{\"number\":2}\n");
    let reply = ask(&app, "GET /v1/counts/2", &[("accept", "image/png")], b"").await;
    assert_eq!((reply.status, reply.json()["reason"].as_str()), (406, Some("NOT_ACCEPTABLE")));
}

#[tokio::test]
async fn what_goes_wrong_in_the_middle_is_the_last_that_is_told() {
    let app = serve().await;
    let lines = ask(&app, "GET /v1/counts/9?failAt=2", &[LINES], b"").await;
    let last: serde_json::Value = serde_json::from_str(lines.body.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["reason"], "UNLUCKY");
    assert_eq!(lines.body.lines().count(), 2);
    // An array that failed is not closed: nobody takes it for whole.
    let array = ask(&app, "GET /v1/counts/9?failAt=2", &[], b"").await;
    assert!(array.body.starts_with(r#"[{"number":1},{"error":{"#), "{array:?}");
    assert!(serde_json::from_str::<serde_json::Value>(&array.body).is_err());
}

#[tokio::test]
async fn what_goes_wrong_before_the_first_message_is_an_ordinary_answer() {
    let app = serve().await;
    for accept in [EVENTS, LINES, ("accept", "application/json")] {
        for (path, reason) in [
            ("/v1/counts/9000000", "TOO_FAR"),
            ("/v1/counts/x", "CODEC"),
            ("/v1/none", "PATH_UNKNOWN"),
        ] {
            let reply = ask(&app, &format!("GET {path}"), &[accept], b"").await;
            assert!(reply.status >= 400, "{reply:?}");
            assert_eq!(reply.header("content-type"), Some("application/json"));
            assert_eq!(reply.json()["reason"], reason);
        }
    }
}

#[tokio::test]
async fn messages_come_when_they_are_made_and_a_deadline_ends_them() {
    let app = serve().await;
    let headers = [EVENTS, ("grpc-timeout", "300m")];
    let mut io = send(&app, "GET /v1/counts/2?stay=true", &headers, b"").await;
    let first = until(&mut io, "{\"number\":2}").await;
    assert!(!first.contains("event: error"), "{first}");
    let rest = until(&mut io, "DEADLINE_EXCEEDED").await;
    assert!(rest.contains("event: error\ndata: {"), "{rest}");
    // A caller that is gone ends its call: the app could not stop in time otherwise.
    let mut io = send(&app, "GET /v1/counts/1?stay=true", &[EVENTS], b"").await;
    until(&mut io, "{\"number\":1}").await;
    drop(io);
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_reader_of_events_that_lost_us_goes_on_where_it_was() {
    let app = serve().await;
    let headers = [EVENTS, ("last-event-id", "3")];
    let reply = ask(&app, "GET /v1/events/4", &headers, b"").await;
    assert_eq!(reply.body, "id: 4\nevent: message\ndata: {\"number\":4}\n\n");
}

#[tokio::test]
async fn many_messages_are_an_array_or_stand_one_behind_the_other() {
    let app = serve().await;
    // The body is one field; the path says the other.
    let bodies = [
        r#"[{"value":1},{"value":2}]"#,
        "{\"value\":1}\n{\"value\":2}\n",
        r#"{"value":1}{"value":2}"#,
    ];
    for body in bodies {
        let reply = ask(&app, "POST /v1/sums/here", &[JSON], body.as_bytes()).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, r#"{"number":3}"#));
    }
    assert_eq!(ask(&app, "POST /v1/sums/here", &[JSON], b"[]").await.body, r#"{"number":0}"#);
    let table: &[(&str, &str, u16, &str)] = &[
        ("/v1/sums/there", r#"[{"value":1}]"#, 400, "ROOM"),
        ("/v1/sums/here", r#"[{"value":1}"#, 400, "CODEC"),
        ("/v1/sums/here", r#"[{"value":"x"}]"#, 400, "CODEC"),
    ];
    for (path, body, status, reason) in table {
        let reply = ask(&app, &format!("POST {path}"), &[JSON], body.as_bytes()).await;
        assert_eq!((reply.status, reply.json()["reason"].as_str()), (*status, Some(*reason)));
    }
    let proto = [("content-type", "application/proto")];
    assert_eq!(ask(&app, "POST /v1/sums/here", &proto, b"").await.status, 415);
}

#[tokio::test]
async fn messages_both_ways_need_no_socket() {
    let app = serve().await;
    let body = "{\"text\":\"one\"}\n{\"text\":\"two\"}\n";
    let reply = ask(&app, "POST /v1/rooms/7/chat?who=me", &[JSON, LINES], body.as_bytes()).await;
    assert_eq!(
        reply.body,
        "{\"room\":\"7\",\"text\":\"ONE\",\"who\":\"me\"}\n{\"room\":\"7\",\"text\":\"TWO\",\"who\":\"me\"}\n"
    );
}

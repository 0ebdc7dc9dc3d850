//! What goes wrong, and what is said of it.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::server::Server;
use crate::command::run;

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_told_with_all_that_it_says() {
    let server = Server::start().await;
    let ran = server.bia(&["call", "user-service", "GetUser", r#"{"id":"nobody"}"#]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    for told in [
        "error: no user nobody",
        "status NOT_FOUND (5), HTTP 404",
        "reason USER_NOT_FOUND",
        "metadata id = nobody",
        "hint: `bia explain USER_NOT_FOUND`",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    let ran = server.bia(&["call", "user-service", "GetUser", r#"{"id":"invalid"}"#]);
    for told in [
        "detail BadRequest: user.email: is no address",
        "detail Help: the rules: https://example.com/rules",
        "detail user.v1.User: {\"id\":\"7\"}",
        "detail else.v1.Where: 3 bytes, of a type that is not known here",
        "`--describe GetUser`",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    let ran = server.bia(&["call", "user-service", "GetUser", r#"{"id":"busy"}"#]);
    assert!(ran.err.contains("hint: try again after 7s"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_told_of_an_error_in_a_document() {
    let server = Server::start().await;
    let ran = server.bia(&["call", "user-service", "GetUser", r#"{"id":"invalid"}"#, "--json"]);
    assert_eq!(ran.code, 1);
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    let error = &document["error"];
    assert_eq!(
        (&error["status"], &error["code"], &error["reason"]),
        (&json!("INVALID_ARGUMENT"), &json!(400), &json!("USER_INVALID"))
    );
    let details = &error["details"];
    assert_eq!(details[0]["@type"], "type.googleapis.com/google.rpc.BadRequest");
    assert_eq!(details[0]["fieldViolations"][0]["field"], "user.email");
    assert_eq!(details[2], json!({"@type": "type.googleapis.com/user.v1.User", "id": "7"}));
    assert_eq!(details[3]["bytes"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_ends_with_its_deadline() {
    let server = Server::start().await;
    let slow = ["call", "user-service", "GetUser", r#"{"id":"slow"}"#, "--deadline", "100ms"];
    let ran = server.bia(&slow);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("status DEADLINE_EXCEEDED (4)"), "{}", ran.err);
    assert!(ran.err.contains("hint: give it more time: --deadline"), "{}", ran.err);
    let ran = server.bia(&["call", "user-service", "GetUser", "--deadline", "soon"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_is_it_is_told_who_is_elsewhere() {
    let server = Server::start().await;
    let ran = server.bia(&["call", "usr-service", "GetUser"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("nobody is registered as `usr-service`"), "{}", ran.err);
    assert!(ran.err.contains("hint: did you mean user-service?"), "{}", ran.err);
    let ran = server.bia(&["call", "payments", "GetUser"]);
    assert!(ran.err.contains("hint: there are: user-service"), "{}", ran.err);
    let ran = run("/", &["call", "user-service", "GetUser", "--registry", "none"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("without a registry"), "{}", ran.err);

    // Held, and nobody listens there any more.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ran = run("/", &["call", &format!("127.0.0.1:{port}"), "GetUser"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("Connection refused"), "{}", ran.err);
    assert!(ran.err.contains("hint: does it run"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_told_before_anything_is_called() {
    let server = Server::start().await;
    for (arguments, told, hint) in [
        (
            &["GetUsr"][..],
            "there is no method `GetUsr`",
            "did you mean user.v1.UserService/GetUser",
        ),
        (&["GetUser", r#"{"idd": "1"}"#], "'idd' at line 1, column 6", "did you mean id?"),
        (&["GetUser", "{\n \"id\": 1}"], "at line 2, column 8", ""),
        (&["GetUser", "{"], "line 1, column 1", ""),
        (&["GetUser", "{}{}"], "GetUser takes one message, and there are 2", ""),
        (&["GetUser", "@/nowhere.json"], "cannot read the request in /nowhere.json", ""),
        (&["ImportUsers", r#"[{}, {"user": 1}]"#], "at line 1, column 15", ""),
    ] {
        let ran = server.bia(&[&["call", "user-service"], arguments].concat());
        assert_ne!(ran.code, 0, "{arguments:?}");
        assert_eq!(ran.out, "", "{arguments:?}");
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
        assert!(ran.err.contains(hint), "{hint}: {}", ran.err);
    }
}

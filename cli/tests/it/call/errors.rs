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
    assert!(ran.err.contains("hint: give it more time: --deadline 30s"), "{}", ran.err);
    // As it was asked for, and not as long as it took to see that it was over.
    let soon = ["call", "user-service", "GetUser", "{}", "--deadline", "1us"];
    let ran = server.bia(&soon);
    assert!(ran.err.contains("did not end within 1us\n"), "{}", ran.err);
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

/// Files of a certificate that vouches for itself, and of its key.
fn pair(folder: &tempfile::TempDir, name: &str) -> [String; 2] {
    let names = ["127.0.0.1".to_owned(), "user-service".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let write = |kind: &str, pem: String| {
        let path = folder.path().join(format!("{name}-{kind}.pem"));
        std::fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    };
    [write("cert", made.cert.pem()), write("key", made.signing_key.serialize_pem())]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_asks_who_calls_is_shown_a_certificate() {
    let folder = tempfile::TempDir::new().unwrap();
    let ([ca, key], [own, own_key]) = (&pair(&folder, "service"), &pair(&folder, "caller"));
    let tls = format!("server: {{tls: {{certificate: '{ca}', key: '{key}', client_ca: '{own}'}}}}");
    let server = Server::start_with(&tls).await;
    let call = |more: &[&str]| {
        server.bia(&[&["call", "user-service", "GetUser", "--ca", ca], more].concat())
    };
    let known = call(&["--cert", own, "--key", own_key]);
    assert_eq!(known.code, 0, "{}", known.err);
    assert!(known.out.contains("Ada"), "{}", known.out);
    for more in [&[][..], &["--cert", ca, "--key", key]] {
        let stranger = call(more);
        assert_eq!(stranger.code, 1);
        let remedy = "hint: it asks who calls: show a certificate that it trusts with --cert FILE";
        assert!(stranger.err.contains(remedy), "{}", stranger.err);
    }
    let unpaired = call(&["--cert", own, "--key", key]);
    assert_eq!(unpaired.code, 1);
    assert!(unpaired.err.contains("--cert") || unpaired.err.contains("--key"), "{}", unpaired.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_spoken_where_the_service_does_and_a_stranger_is_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    let [ca, key] = &pair(&folder, "service");
    let tls = format!("server: {{tls: {{certificate: '{ca}', key: '{key}'}}}}");
    let server = Server::start_with(&tls).await;
    let address = format!("grpcs://{}", server.address());
    let by_address = run("/", &["call", &address, "GetUser", "--ca", ca]);
    assert_eq!(by_address.code, 0, "{}", by_address.err);
    // The registry tells that it speaks TLS.
    let by_name = server.bia(&["call", "user-service", "GetUser", "--ca", ca]);
    assert_eq!(by_name.code, 0, "{}", by_name.err);
    let nothing = run("/", &["call", &address, "GetUser", "--ca", "/nowhere.pem"]);
    assert_eq!(nothing.code, 1);
    assert!(nothing.err.contains("cannot read --ca /nowhere.pem"), "{}", nothing.err);
    let stranger = run("/", &["call", &address, "GetUser"]);
    assert_eq!(stranger.code, 1);
    assert!(
        stranger.err.contains("vouches for it: name who does with --ca FILE"),
        "{}",
        stranger.err
    );
    let named = run("/", &["call", &address, "GetUser", "--ca", ca, "--server-name", "else"]);
    assert_eq!(named.code, 1);
    assert!(
        named.err.contains("of another name: say of which with --server-name"),
        "{}",
        named.err
    );
    let without = run("/", &["call", &server.address(), "GetUser"]);
    assert_eq!(without.code, 1);
    assert!(without.err.contains("does it speak TLS (grpcs://)"), "{}", without.err);
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
        (&["GetUser", "{"], "line 1, column 1", "a request is JSON"),
        (&["GetUser", "id=7"], "line 1, column 1", "a request is JSON"),
        (&["GetUser", "[]"], "expected a map", "--describe shows what the method takes"),
        (&["UserService"], "user.v1.UserService is a service", "its methods are GetUser"),
        (&["GetUser", "-H", "a-bin: !"], "the value of a-bin must be base64", ""),
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

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_further_on_is_told_as_such() {
    let server = Server::start().await;
    for (id, hint) in [
        (
            "further",
            "user-service is there, and does not find stock-service, which it calls: `bia services stock-service`",
        ),
        ("slow-further", "it is a call further on that took too long"),
    ] {
        let ran = server.bia(&["call", "user-service", "GetUser", &format!(r#"{{"id":"{id}"}}"#)]);
        assert_eq!(ran.code, 1);
        assert!(ran.err.contains(hint), "{hint}: {}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_told_of_a_call_that_was_never_made_too() {
    let server = Server::start().await;
    for (target, told) in [
        ("nobody-service", "nobody is registered as `nobody-service`"),
        ("127.0.0.1:1", "Connection refused"),
    ] {
        let ran = server.bia(&["call", target, "GetUser", "--json"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        assert!(document["error"]["message"].as_str().unwrap().contains(told), "{document}");
        assert!(document["error"]["hint"].is_string(), "{document}");
    }
}

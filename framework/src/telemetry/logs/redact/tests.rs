use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn a_name_marks_its_value_however_it_is_written() {
    let redact = Redact::new(&["E-Mail".to_owned(), String::new()]);
    for name in [
        "password",
        "Password",
        "db.password",
        "user_password_hash",
        "x-api-key",
        "apiKey",
        "API_KEY",
        "accessToken",
        "http.request.header.authorization",
        "set-cookie",
        "clientSecret",
        "email",
        "e_mail",
        "customer.EMail",
    ] {
        assert!(redact.marks(name), "{name}");
        assert!(redact.marks_field(name), "{name}");
    }
    for name in ["", "user", "path", "author", "key", "pass", "operation", "code", "api"] {
        assert!(!redact.marks(name), "{name}");
        assert!(!redact.marks_field(name), "{name}");
    }
}

#[test]
fn a_long_name_is_looked_at_from_its_end() {
    let redact = Redact::default();
    assert!(redact.marks(&format!("{}.password", "x".repeat(1000))));
}

#[test]
fn values_are_masked_where_programs_write_them() {
    let redact = Redact::default();
    for (text, expected) in [
        // JSON, compact, spaced, nested, inside of JSON.
        (r#"{"password":"h1","user":"a"}"#, r#"{"password":***,"user":"a"}"#),
        (r#"{ "Password" : "h1 \"h2", "n": 1}"#, r#"{ "Password" : ***, "n": 1}"#),
        (r#"{"token":{"a":["x}",1]},"n":1}"#, r#"{"token":***,"n":1}"#),
        (r#"{"pin_token":1234}"#, r#"{"pin_token":***}"#),
        (r#"{"body":"{\"secret\":\"h1\",\"n\":1}"}"#, r#"{"body":"{\"secret\":***,\"n\":1}"}"#),
        // Debug of structs, maps, pairs, options.
        (
            r#"Login { user: "a", password: "h1", n: 1 }"#,
            r#"Login { user: "a", password: ***, n: 1 }"#,
        ),
        (r#"Login { password: Some("h1"), n: 1 }"#, "Login { password: ***, n: 1 }"),
        (r#"Login { token: Token { raw: "h1" }, n: 1 }"#, "Login { token: ***, n: 1 }"),
        (r#"Login { secret: b"h1", n: 1 }"#, "Login { secret: ***, n: 1 }"),
        ("Login { secret: [104, 49], n: 1 }", "Login { secret: ***, n: 1 }"),
        ("Login { secret: correct horse, n: 1 }", "Login { secret: ***, n: 1 }"),
        (r#"{"x-api-key": "h1", "accept": "b"}"#, r#"{"x-api-key": ***, "accept": "b"}"#),
        (
            r#"[("authorization", "Bearer h1"), ("a", "b")]"#,
            r#"[("authorization", ***), ("a", "b")]"#,
        ),
        // Words.
        ("GET /a?token=h1&n=1", "GET /a?token=***&n=1"),
        ("login user=a password=h1 n=1", "login user=a password=*** n=1"),
        ("host=db password='h1 h2' n=1", "host=db password=*** n=1"),
        ("Authorization: Bearer h1", "Authorization: ***"),
        ("proxy-authorization: Basic h1\nhost: a", "proxy-authorization: ***\nhost: a"),
        ("Cookie: a=h1; b=h2", "Cookie: ***"),
        ("api_key:h1", "api_key:***"),
        ("password: h1\nuser: a", "password: ***\nuser: a"),
        // URLs.
        ("postgres://app:h1@db:5432/users?a=b", "postgres://app:***@db:5432/users?a=b"),
        ("at https://a:h@1@b/c and on", "at https://a:***@b/c and on"),
        // Keys.
        (
            "key -----BEGIN RSA PRIVATE KEY-----\nh1\n-----END RSA PRIVATE KEY----- end",
            "key *** end",
        ),
    ] {
        assert_eq!(redact.text(text), expected, "{text}");
    }
}

#[test]
fn what_is_said_in_words_stays_readable() {
    let redact = Redact::default();
    for text in [
        "",
        "invalid token: signature mismatch",
        "admin.token: expected a text, found a number",
        "the token, if any, is checked",
        "Secret::new is called",
        "http://db:5432/users",
        "https://user@host/path",
        "code: 3, reason: NOT_FOUND",
        "a = b",
        "password:",
        "tokens",
    ] {
        assert_eq!(redact.text(text), text);
        assert!(matches!(redact.text(text), Cow::Borrowed(_)), "{text}");
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "what is looked at is how it is written")]
struct Login {
    user: String,
    password: String,
    token: Option<String>,
    inner: Vec<(String, Inner)>,
}

#[derive(Debug)]
#[expect(dead_code, reason = "what is looked at is how it is written")]
struct Inner {
    client_secret: Vec<String>,
}

/// Anything, around what nothing else in the text has.
fn secrets() -> impl Strategy<Value = String> {
    (any::<String>(), any::<String>()).prop_map(|(a, b)| format!("{a}S3CR3T{b}S3CR3T"))
}

proptest! {
    #[test]
    fn a_secret_under_a_marked_name_is_in_no_text(
        secret in secrets(), user in "[a-z\"{}:=, ]{0,12}",
    ) {
        let redact = Redact::default();
        let login = Login {
            user: user.clone(),
            password: secret.clone(),
            token: Some(secret.clone()),
            inner: vec![(user.clone(), Inner { client_secret: vec![user.clone(), secret.clone()] })],
        };
        let json = json!({"user": user, "a": [{"Password": secret, "n": {"api_key": [secret]}}]});
        let map = BTreeMap::from([("authorization", &secret), ("cookie", &secret)]);
        let pairs = [("x-auth-token", &secret), ("user", &user)];
        let texts = [
            format!("{login:?}"),
            format!("{login:#?}"),
            json.to_string(),
            serde_json::to_string_pretty(&json).unwrap(),
            json!({"body": json.to_string()}).to_string(),
            json!({"body": json!({"body": json.to_string()}).to_string()}).to_string(),
            format!("{:?}", json.to_string()),
            format!("{map:?}"),
            format!("{pairs:?}"),
        ];
        for text in texts {
            let masked = redact.text(&text);
            prop_assert!(!masked.contains("S3CR3T"), "{text} gave {masked}");
        }
    }

    #[test]
    fn any_text_can_be_looked_at_and_once_is_enough(text in any::<String>()) {
        let redact = Redact::default();
        redact.text(&text);
        let hostile = format!("{{\"password\":{text}, token={text}:// {text}@");
        redact.text(&hostile);
    }
}

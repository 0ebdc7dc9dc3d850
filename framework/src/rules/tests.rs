use super::*;
use crate::operation::{Kind, Retry};

const GET: Operation = Operation::new("/user.v1.Users/Get", Kind::Unary)
    .with_idempotency(Idempotency::NoSideEffects)
    .with_timeout(Duration::from_secs(2))
    .with_auth(Auth::Required(&["read"]))
    .with_retry(Retry::new(3).with_outcomes(&[Code::Aborted], &["BUSY"]));
const MAKE: Operation = Operation::new("/user.v1.Users/Make", Kind::Unary);

fn rules(json: &str) -> Rules {
    Rules::new(&serde_json::from_str(json).unwrap())
}

#[test]
fn what_nobody_sets_is_as_the_proto_says() {
    let (rules, ten) = (Rules::default(), Some(Duration::from_secs(10)));
    assert_eq!(rules.timeout(&GET, ten), Some(Duration::from_secs(2)));
    assert_eq!(rules.timeout(&MAKE, ten), ten);
    assert_eq!((rules.auth(&GET), rules.auth(&MAKE)), (Auth::Required(&["read"]), Auth::Open));
    let retry = rules.retry(&GET).unwrap();
    assert_eq!((retry.max_attempts, retry.max_backoff), (3, Duration::from_secs(1)));
    assert_eq!(rules.retry(&MAKE), None);
}

#[test]
fn settings_win_over_the_proto_and_the_nearer_name_over_the_others() {
    let rules = rules(
        r#"{
            "*": {"timeout": "9s", "auth": "required", "retry": {"max_attempts": 5}},
            "/user.v1.Users/*": {"timeout": "8s", "retry": {"max_backoff": "3s"}},
            "/user.v1.Users/Get": {"timeout": "0s", "retry": {"max_attempts": 2}}
        }"#,
    );
    assert_eq!(rules.timeout(&GET, Some(Duration::from_secs(1))), None, "0s is no limit");
    assert_eq!(rules.timeout(&MAKE, None), Some(Duration::from_secs(8)));
    let other = Operation::new("/order.v1.Orders/Get", Kind::Unary);
    assert_eq!(rules.timeout(&other, None), Some(Duration::from_secs(9)));
    assert_eq!(rules.auth(&GET), Auth::Required(&["read"]), "scopes stay");
    assert_eq!(rules.auth(&MAKE), Auth::Required(&[]));
    let retry = rules.retry(&GET).unwrap();
    assert_eq!((retry.max_attempts, retry.max_backoff), (2, Duration::from_secs(3)));
    assert_eq!(rules.retry(&MAKE), None, "a second try may do harm, whatever is set");
}

#[test]
fn what_the_proto_guards_can_be_opened() {
    assert_eq!(rules(r#"{"/user.v1.Users/Get": {"auth": "open"}}"#).auth(&GET), Auth::Open);
}

#[test]
fn outcomes_are_tried_again_by_code_or_by_reason() {
    let retry = Rules::default().retry(&GET).unwrap();
    assert!(retry.is_for(&Error::conflict("ANY", "")));
    assert!(retry.is_for(&Error::internal("BUSY", "")));
    assert!(!retry.is_for(&Error::unavailable("DOWN", "")));
    let off = rules(r#"{"*": {"retry": {"max_attempts": 1}}}"#);
    assert_eq!(off.retry(&GET), None);
}

#[test]
fn a_name_that_is_none_is_refused_and_one_that_is_misspelt_is_found() {
    let names = ["*", "/a.B/*", "/a.B/C", "a.B/C", "/a.B", "/a.B/C/D", "/a*/C", "/ /C", ""];
    let settings = names.map(|name| (name.to_owned(), OperationSettings::default())).into();
    let mut faults = Vec::new();
    check(&settings, &mut faults);
    assert_eq!(faults.len(), 6, "{faults:?}");

    let settings = ["/user.v1.Users/Gte", "/user.v1.Users/Zzzzzzzzzz", "/order.v1.Orders/Place"]
        .map(|name| (name.to_owned(), OperationSettings::default()))
        .into();
    let known = [GET.name(), MAKE.name()];
    assert_eq!(
        unknown(&settings, &known),
        [("/user.v1.Users/Gte", Some(GET.name())), ("/user.v1.Users/Zzzzzzzzzz", None)]
    );
}

use super::*;
use crate::error::details::BadRequest;

#[test]
fn the_error_names_each_field_and_what_is_wrong_with_it() {
    let mut violations = Violations::default();
    violations.add("name", "string.min_len", "must be at least 3 characters");
    violations.add("name", "string.prefix", "does not have prefix `a`");
    violations.add("", "dates.order", "from must be before until");
    let error = violations.into_result().unwrap_err();
    assert!(error.is(400, "VALIDATOR"), "{error}");
    assert_eq!(
        error.message(),
        "name: must be at least 3 characters; name: does not have prefix `a`; from must be before until"
    );
    assert_eq!(error.metadata()["name"], "must be at least 3 characters; does not have prefix `a`");
    assert_eq!(error.metadata()["dates.order"], "from must be before until");
    let told: BadRequest = error.detail().unwrap();
    let told = told.field_violations.iter().map(|v| (&*v.field, &*v.reason, &*v.description));
    let expected = [
        ("name", "STRING_MIN_LEN", "must be at least 3 characters"),
        ("name", "STRING_PREFIX", "does not have prefix `a`"),
        ("", "DATES_ORDER", "from must be before until"),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn a_message_that_is_wrong_everywhere_gets_a_short_answer() {
    let mut violations = Violations::default();
    for place in 0..100_000 {
        let from = violations.len();
        violations.add("", "string.min_len", "must be at least 3 characters");
        violations.within(from, format_args!("names[{place}]"));
    }
    assert!(violations.is_full() && violations.len() == 100);
    assert!(
        violations
            .to_string()
            .ends_with("names[9]: must be at least 3 characters; and 90 more at least")
    );
    let key = "k".repeat(1_000_000);
    assert_eq!(rules::Key(&key).to_string(), format!("\"{}…\"", "k".repeat(64)));
    assert_eq!(rules::Key("a\"b").to_string(), r#""a\"b""#);
}

#[test]
fn a_path_leads_from_the_message_to_the_field() {
    let mut violations = Violations::default();
    violations.add("other", "required", "value is required");
    let from = violations.len();
    violations.add("email", "string.email", "must be a valid email address");
    violations.add("", "user.whole", "");
    violations.within(from, format_args!("users[{}]", 2));
    violations.within(from, format_args!("team"));
    let fields: Vec<_> = violations.iter().map(ToString::to_string).collect();
    assert_eq!(
        fields,
        [
            "other: value is required",
            "team.users[2].email: must be a valid email address",
            "team.users[2]: user.whole"
        ]
    );
}

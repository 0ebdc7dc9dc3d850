use super::*;

fn told(expression: &'static str, this: Box<dyn Val>) -> String {
    let rule = Rule::new("id", "", expression);
    let mut violations = Violations::default();
    rule.check(this, None, "", &mut violations);
    violations.iter().map(|violation| violation.message.to_string()).collect()
}

fn message() -> Box<dyn Val> {
    let mut message = Message::new("a.M");
    message.field("name", true, "ada".to_cel(0));
    message.field("nick", false, "".to_cel(0));
    message.field("tags", true, list(&["a".to_owned(), "b".to_owned()], 0));
    message.field("labels", true, map(&std::collections::HashMap::from([("k".to_owned(), 1)]), 0));
    message.optional("age", None::<&u32>, 0);
    message.wrapper("note", None::<&String>);
    message.optional("wait", Some(&prost_types::Duration { seconds: 90, nanos: 0 }), 0);
    message.optional("born", Some(&prost_types::Timestamp { seconds: 1, nanos: 0 }), 0);
    message.done()
}

#[test]
fn what_is_set_can_be_told_from_what_reads_as_nothing() {
    for right in [
        "has(this.name) && this.name == 'ada'",
        "!has(this.nick) && this.nick == ''",
        "!has(this.age) && this.age == 0u",
        "!has(this.note) && this.note == null",
        "has(this.labels.k) && !has(this.labels.x)",
        "this.tags.all(t, has(this.name) && t != '')",
        "[1].exists(x, !has(this.nick))",
        "getField(this, 'name') == 'ada'",
    ] {
        assert_eq!(told(right, message()), "", "{right}");
    }
    assert_eq!(told("has(this.nick)", message()), "\"has(this.nick)\" returned false");
}

#[test]
fn a_rule_has_the_functions_of_protovalidate() {
    for right in [
        "this.name.size() == 3 && this.tags.unique() && ![1, 2, 1].unique()",
        "'a@b.c'.isEmail() && !'a'.isEmail() && 'a.b'.isHostname() && '::1'.isIp() && '::1'.isIp(6) && !'::1'.isIp(4)",
        "'10.0.0.0/8'.isIpPrefix(true) && '10.0.0.1/8'.isIpPrefix(4) && !'10.0.0.1/8'.isIpPrefix(4, true)",
        "'a:1'.isHostAndPort(true) && 'http://a'.isUri() && 'a'.isUriRef()",
        "(0.0 / 0.0).isNan() && (1.0 / 0.0).isInf() && (1.0 / 0.0).isInf(1) && !(1.0 / 0.0).isInf(-1)",
        "b'abc'.startsWith(b'a') && b'abc'.endsWith(b'c') && b'abc'.contains(b'b')",
        "this.born < now && this.wait > duration('1m') && this.born == timestamp('1970-01-01T00:00:01Z')",
        "this.name.matches('^a.*a$') && this.name.startsWith('ad') && 'ada' in [this.name]",
        "this.labels['k'] == 1 && size(this.labels) == 1",
    ] {
        assert_eq!(told(right, message()), "", "{right}");
    }
}

#[test]
fn a_rule_says_what_is_wrong_and_what_cannot_be_decided_is_wrong() {
    let says = "this.name == 'bob' ? '' : 'is %s, %d'.format([this.name, 5])";
    assert_eq!(told(says, message()), "is ada, 5");
    assert_eq!(told("'all well'.size() == 8 ? '' : 'no'", message()), "");
    assert!(told("1 / 0 == 1", message()).starts_with("the rule cannot be decided: "));
    assert!(told("this.nope == 1", message()).starts_with("the rule cannot be decided: "));
    assert_eq!(told("1", message()), "the rule is neither true nor false");
}

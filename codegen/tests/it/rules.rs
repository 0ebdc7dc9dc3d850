//! Rules that cannot be kept are refused when code is made, each at its place and all at once.

use super::Protos;

/// What the compiler says against messages of `text`, in which a line is a rule.
fn error_of(text: &str) -> String {
    let head = "syntax = \"proto3\"; package a; import \"buf/validate/validate.proto\";\n";
    Protos::new(&[("a.proto", &format!("{head}{text}"))]).error(&["a.proto"])
}

#[test]
fn every_rule_that_cannot_be_compiled_is_told_with_line_and_column() {
    let error = error_of(
        "message M {
  string a = 1 [(buf.validate.field).string.pattern = \"(\"];
  int32 b = 2 [(buf.validate.field).string.len = 1];
  repeated string c = 3 [(buf.validate.field).repeated.items.int32.gt = 1];
  map<string, M> d = 4 [(buf.validate.field).map = {min_pairs: 2, max_pairs: 1}];
  float e = 5 [(buf.validate.field).float = {gt: nan}];
  repeated M f = 6 [(buf.validate.field).repeated.unique = true];
  option (buf.validate.message).oneof = {fields: [\"a\", \"z\", \"a\"]};
}",
    );
    let expected = [
        "a.proto:9:3: a.M has no field 'z'",
        "  help: name fields of this message as the proto does",
        "a.proto:9:3: 'a' is named twice",
        "  help: name each field once",
        "a.proto:3:17: the pattern `(` cannot be compiled: unclosed group",
        "  help: patterns are of RE2: github.com/google/re2/wiki/Syntax",
        "a.proto:4:15: rules of string on what is int32",
        "  help: write int32 in place of string",
        "a.proto:5:25: rules of int32 on what is string",
        "  help: write string in place of int32",
        "a.proto:6:25: nothing has 2 or more and 1 or less",
        "  help: make min_pairs at most max_pairs",
        "a.proto:7:16: nothing is greater or less than nan",
        "  help: give a number",
        "a.proto:8:21: messages cannot be told to be unique",
        "  help: unique is for scalars and enums",
    ];
    assert_eq!(error, expected.join("\n"));
}

#[test]
fn a_rule_that_is_ignored_is_checked_all_the_same() {
    let error = error_of(
        "message M {
  string a = 1 [(buf.validate.field) = {ignore: IGNORE_ALWAYS, string: {pattern: \"[\"}}];
}",
    );
    assert!(error.starts_with("a.proto:3:17: the pattern `[` cannot be compiled"), "{error}");
}

#[test]
fn predefined_rules_are_refused_and_not_left_out() {
    let error = error_of(
        "extend buf.validate.StringRules { optional bool loud = 1161; }
message M { string a = 1 [(buf.validate.field).string.(loud) = true]; }",
    );
    assert!(error.contains("predefined rules are not known"), "{error}");
}

#[cfg(not(feature = "cel"))]
#[test]
fn a_rule_in_cel_says_which_features_it_needs() {
    let error = error_of(
        "message M {
  string a = 1 [(buf.validate.field).cel_expression = \"this != ''\"];
}",
    );
    let remedy = "turn on the feature cel of both bia and bia-codegen, or write standard rules";
    assert_eq!(error, format!("a.proto:3:17: rules in CEL are turned off\n  help: {remedy}"));
}

#[cfg(feature = "cel")]
#[test]
fn an_expression_that_cannot_be_read_is_told_with_line_and_column() {
    let error = error_of(
        "message M {
  string a = 1 [(buf.validate.field).cel_expression = \"this >\"];
  string b = 2 [(buf.validate.field).cel_expression = \"that == ''\"];
}",
    );
    assert!(
        error.starts_with("a.proto:3:17: the expression `this >` cannot be compiled: "),
        "{error}"
    );
    let unknown =
        "a.proto:4:17: the expression `that == ''` cannot be compiled: 'that' is not known";
    assert!(error.contains(unknown), "{error}");
}

#[cfg(feature = "cel")]
#[test]
fn an_expression_that_speaks_of_what_is_not_there_is_refused() {
    let table = [
        ("this.isEmial()", "the function 'isEmial' is not known"),
        ("frob(this.name)", "the function 'frob' is not known"),
        ("this.nmae == ''", "a.M has no field 'nmae'"),
        ("!has(this.nmae)", "a.M has no field 'nmae'"),
        ("this.next.next.nmae == ''", "a.M has no field 'nmae'"),
        ("this.list.all(m, m.nmae == '')", "a.M has no field 'nmae'"),
        ("this.list[0].nmae == ''", "a.M has no field 'nmae'"),
        ("this.map['a'].nmae == ''", "a.M has no field 'nmae'"),
        ("this.list.all(m, m.name == '') && m.name == ''", "'m' is not known"),
        ("this.name.matches('(')", "the pattern `(` is none of RE2: unclosed group"),
    ];
    for (expression, reason) in table {
        let error = error_of(&format!(
            "message M {{
  option (buf.validate.message).cel = {{id: \"x\" expression: \"{expression}\"}};
  string name = 1;
  M next = 2;
  repeated M list = 3;
  map<string, M> map = 4;
}}"
        ));
        let start =
            format!("a.proto:3:3: the expression `{expression}` cannot be compiled: {reason}\n");
        assert!(error.starts_with(&start), "{error}");
    }
}

#[cfg(feature = "cel")]
#[test]
fn what_an_expression_may_speak_of_is_taken() {
    for expression in [
        "this.list.all(m, m.next.name != '' || m.list.exists(n, n.name == m.name))",
        "this.map.all(key, this.map[key].name != key)",
        "this.list.filter(m, m.name != '').map(m, m.name).unique()",
        "this.born < now && this.born.getFullYear('UTC') > 1 && this.wait > duration('1s')",
        "has(this.note) ? this.note != '' : !('a' in this.map)",
        "this.name.isIp(4) || this.name.lowerAscii().matches('^a+$') || double(this.n).isNan()",
        "dyn(this).name == '' && getField(this, 'name') == '' && [1, 2].exists_one(i, i == this.n)",
        "this.name == 'bob' ? '' : 'is %s'.format([this.name])",
        "-this.n < 0 && !(this.n > 1) && this.n % 2 == 0 && type(this.n) == int",
    ] {
        let text = format!(
            "syntax = \"proto3\"; package a; import \"buf/validate/validate.proto\";
import \"google/protobuf/timestamp.proto\"; import \"google/protobuf/duration.proto\";
import \"google/protobuf/wrappers.proto\";
message M {{
  option (buf.validate.message).cel = {{id: \"x\" expression: \"{expression}\"}};
  string name = 1;
  M next = 2;
  repeated M list = 3;
  map<string, M> map = 4;
  google.protobuf.Timestamp born = 5;
  google.protobuf.Duration wait = 6;
  google.protobuf.StringValue note = 7;
  int32 n = 8;
}}"
        );
        if let Err(error) = Protos::new(&[("a.proto", &text)]).generate(&["a.proto"]) {
            panic!("{error}");
        }
    }
}

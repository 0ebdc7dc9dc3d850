use proptest::prelude::{Just, Strategy, prop, prop_oneof, proptest};
use serde_json::json;

use super::*;

fn set(name: &str, text: &str, argument: &str) -> String {
    apply(name, text, &Edit::parse(argument).expect("it is KEY=VALUE")).expect("it can be set")
}

fn unset(name: &str, text: &str, key: &str) -> String {
    apply(name, text, &Edit::unset(key).expect("it is a key")).expect("it can be taken away")
}

const YAML: &str = "# head\nserver:\n  address: 0.0.0.0:8000 # gRPC\n  timeout: '5s'   # for a call\n\n# data\ndata: # of users\n    url: |\n      a\n      b\n\n    pool: 8\nempty:\nflow: {a: 1, b: [x, y]} # end\nlist:\n  - one\n  - two\nlast: \"q\"";

#[test]
fn a_value_of_yaml_is_replaced_where_it_stands_and_all_else_stays() {
    for (argument, old, new) in [
        ("server.timeout=7s", "'5s'   #", "7s   #"),
        ("server.address=x: y", "0.0.0.0:8000 #", "\"x: y\" #"),
        ("data.pool=0123", "pool: 8", "pool: 0123"),
        ("data.url=short", "|\n      a\n      b\n", "short\n"),
        ("flow.a={c: 2}", "a: 1,", "a: {c: 2},"),
        ("flow.b=[z]", "[x, y]", "[z]"),
        ("flow.c.d=a, b", "[x, y]}", "[x, y], c: {d: \"a, b\"}}"),
        ("list=[three]", "list:\n  - one\n  - two\n", "list: [three]\n"),
        ("last=", "\"q\"", "\"\""),
        ("last=#x", "\"q\"", "\"#x\""),
        ("empty=1", "empty:\n", "empty: 1\n"),
        ("empty.a.b=1", "empty:\n", "empty:\n  a:\n    b: 1\n"),
        ("data.more=true", "    pool: 8\n", "    pool: 8\n    more: true\n"),
        ("data.a.b=1", "    pool: 8\n", "    pool: 8\n    a:\n      b: 1\n"),
        ("server.tls.ca=/x", "# for a call\n", "# for a call\n  tls:\n    ca: /x\n"),
        ("new.key=v", "last: \"q\"", "last: \"q\"\nnew:\n  key: v"),
        (
            "data={pool: 1}",
            "data: # of users\n    url: |\n      a\n      b\n\n    pool: 8\n",
            "data: {pool: 1} # of users\n",
        ),
    ] {
        assert_eq!(YAML.matches(old).count(), 1, "{old}");
        assert_eq!(set("a.yaml", YAML, argument), YAML.replace(old, new), "{argument}");
    }
}

#[test]
fn what_is_taken_away_takes_its_lines_along_and_sections_that_are_left_empty() {
    for (key, old, new) in [
        ("server.timeout", "  timeout: '5s'   # for a call\n", ""),
        ("data.url", "    url: |\n      a\n      b\n", ""),
        ("data", "data: # of users\n    url: |\n      a\n      b\n\n    pool: 8\n", ""),
        ("flow.a", "a: 1, ", ""),
        ("flow.b", ", b: [x, y]", ""),
        ("empty", "empty:\n", ""),
        ("last", "last: \"q\"", ""),
    ] {
        assert_eq!(unset("a.yaml", YAML, key), YAML.replace(old, new), "{key}");
    }
    assert_eq!(unset("a.yaml", "a:\n  b:\n    c: 1\n# end\nd: 2\n", "a.b.c"), "# end\nd: 2\n");
    assert_eq!(unset("a.yaml", "a: 1\n", "b.c"), "a: 1\n");
}

#[test]
fn the_first_setting_of_nothing_is_written_below_its_comments() {
    assert_eq!(set("a.yaml", "", "a.b=1"), "a:\n  b: 1\n");
    assert_eq!(set("a.yaml", "# nothing yet\n", "a=1"), "# nothing yet\na: 1\n");
    assert_eq!(set("a.yaml", "# nothing yet", "a=1"), "# nothing yet\na: 1");
    assert_eq!(set("a.yaml", "a: null # later\n", "a.b=1"), "a: # later\n  b: 1\n");
    assert_eq!(set("a.toml", "", "a.b=1"), "[a]\nb = 1\n");
    assert_eq!(set("a.json", "{}", "a.b=1"), "{\"a\": {\"b\": 1}}");
}

#[test]
fn lines_of_windows_and_the_mark_of_its_editors_stay() {
    let text = "\u{feff}a: 1\r\nb:\r\n  c: 2\r\n";
    assert_eq!(set("a.yaml", text, "b.d=3"), "\u{feff}a: 1\r\nb:\r\n  c: 2\r\n  d: 3\r\n");
    assert_eq!(set("a.yaml", text, "a=ü"), "\u{feff}a: ü\r\nb:\r\n  c: 2\r\n");
    assert_eq!(set("a.toml", "a = 1\r\n# c\r\nb = 2\r\n", "a=3"), "a = 3\r\n# c\r\nb = 2\r\n");
}

#[test]
fn toml_and_json_keep_their_comments_and_their_order() {
    let toml = "# head\n[server] # s\ntimeout = '5s' # t\n\n[data]\nz = 1\na = { b = 2 }\n";
    assert_eq!(set("a.toml", toml, "server.timeout=7s"), toml.replace("'5s'", "\"7s\""));
    assert_eq!(set("a.toml", toml, "data.a.b=3"), toml.replace("b = 2", "b = 3"));
    assert_eq!(set("a.toml", toml, "data.pool=8"), format!("{toml}pool = 8\n"));
    assert_eq!(unset("a.toml", toml, "data.z"), toml.replace("z = 1\n", ""));
    let json =
        "{\n  \"server\": {\n    \"timeout\": \"5s\"\n  },\n  \"b\": [1, 2],\n  \"a\": {}\n}\n";
    assert_eq!(set("a.json", json, "server.timeout=7s"), json.replace("\"5s\"", "\"7s\""));
    assert_eq!(
        set("a.json", json, "server.address=x"),
        json.replace("\"5s\"\n", "\"5s\",\n    \"address\": \"x\"\n")
    );
    assert_eq!(set("a.json", json, "a.k=true"), json.replace("{}", "{\"k\": true}"));
    assert_eq!(set("a.json", json, "b=[3]"), json.replace("[1, 2]", "[3]"));
    assert_eq!(unset("a.json", json, "b"), json.replace("\"b\": [1, 2],\n  ", ""));
}

#[test]
fn what_cannot_be_changed_alone_is_refused_with_the_way_to_do_it_by_hand() {
    let refused = |text: &str, argument: &str| {
        apply("a.yaml", text, &Edit::parse(argument).expect("KEY=VALUE")).expect_err(argument)
    };
    // Another key says the same by reference.
    let error = refused("a: &x 1\nb: *x\n", "a=2");
    assert!(error.to_string().contains("without changing more than that"), "{error}");
    assert!(error.hint().is_some_and(|it| it.contains("--raw > a.yaml")), "{error:?}");
    let error = refused("a: 1\n", "a.b=2");
    assert!(error.to_string().contains("a in a.yaml is no section but a value"), "{error}");
    let error = refused("a: [1\n", "a=2");
    assert!(error.to_string().contains("a.yaml:"), "{error}");
    assert_eq!(set("a.yaml", "a: &x 1\nb: *x\n", "b=2"), "a: &x 1\nb: 2\n");
}

#[test]
fn a_value_is_what_a_service_would_read_of_a_flag() {
    for (argument, value) in [
        ("a=5", json!(5)),
        ("a=0123", json!("0123")),
        ("a=true", json!(true)),
        ("a=null", json!("null")),
        ("a=1.50", json!("1.50")),
        ("a=[1, x]", json!([1, "x"])),
        ("a={b: 5s}", json!({"b": "5s"})),
        ("a=", json!("")),
        ("a=x=y", json!("x=y")),
    ] {
        let Edit::Set { value: read, .. } = Edit::parse(argument).expect("KEY=VALUE") else {
            unreachable!("it sets")
        };
        assert_eq!(read, value, "{argument}");
        for name in ["a.yaml", "a.toml", "a.json"] {
            let text = if name == "a.json" { "{}" } else { "" };
            let after = set(name, text, argument);
            assert_eq!(
                super::read(name, &after).expect("it is read")["a"],
                value,
                "{name}: {after}"
            );
        }
    }
    for argument in ["a", "=1", "a..b=1"] {
        assert!(Edit::parse(argument).is_err(), "{argument}");
    }
}

/// Lines of a document of YAML, with all that people put between them.
fn document(depth: u32) -> impl Strategy<Value = Vec<String>> {
    let single = prop_oneof![
        Just("5s"),
        Just("'it''s'"),
        Just("\"a # b\""),
        Just("[1, {a: b}]"),
        Just("{x: 1, y: [2]}"),
        Just("0123"),
        Just("größe"),
        Just("~"),
        Just("")
    ];
    let comment = prop_oneof![3 => Just(""), 1 => Just("  # c: d"), 1 => Just(" # ü {")];
    let line = (single, comment).prop_map(|(value, comment)| vec![format!(" {value}{comment}")]);
    line.prop_recursive(depth, 24, 4, |inner| {
        let block =
            Just(vec![" |".to_owned(), "  text: # no comment".to_owned(), "  more".to_owned()]);
        let list = Just(vec![
            "".to_owned(),
            "  - a".to_owned(),
            "  # in between".to_owned(),
            "  - b: 1".to_owned(),
        ]);
        let table = prop::collection::vec(
            (prop_oneof![Just(""), Just("# above"), Just("\n")], inner),
            1..4,
        );
        let table = table.prop_map(|entries| {
            let mut lines = vec![" # section".to_owned()];
            for (index, (above, value)) in entries.into_iter().enumerate() {
                if above == "# above" {
                    lines.push(format!("  {above}"));
                } else if above == "\n" {
                    lines.push(String::new());
                }
                for (at, line) in value.iter().enumerate() {
                    let key = if at == 0 { format!("k{index}:") } else { String::new() };
                    let is_blank = at > 0 && line.is_empty();
                    lines.push(if is_blank { String::new() } else { format!("  {key}{line}") });
                }
            }
            lines
        });
        prop_oneof![1 => block, 1 => list, 4 => table]
    })
}

proptest! {
    #[test]
    fn a_splice_says_what_was_asked_for_and_changes_no_other_line(
        sections in prop::collection::vec(document(3), 1..4),
        path in prop::collection::vec(prop_oneof![Just("k0"), Just("k1"), Just("new")], 0..3),
        value in prop_oneof![Just("7s"), Just("a: b"), Just("[x, 1]"), Just("{p: q}"), Just("0x"), Just("")],
        takes_away in prop::bool::ANY,
    ) {
        let mut text = "# head\n".to_owned();
        for (index, lines) in sections.iter().enumerate() {
            text.push_str(&format!("s{index}:{}\n", lines.join("\n")));
        }
        let key = std::iter::once("s0").chain(path).collect::<Vec<_>>().join(".");
        let edit = match takes_away {
            true => Edit::unset(&key),
            false => Edit::parse(&format!("{key}={value}")),
        };
        let edit = edit.expect("it is an edit");
        let before = read("a.yaml", &text).expect("it is YAML");
        let mut wanted = before;
        let is_possible = match &edit {
            Edit::Set { path, value, .. } => put(&mut wanted, path, value.clone()).is_ok(),
            Edit::Unset { path } => { remove(&mut wanted, path); true }
        };
        let after = apply("a.yaml", &text, &edit);
        assert_eq!(after.is_ok(), is_possible, "{edit:?} of\n{text}\n{after:?}");
        if let Ok(after) = after {
            assert_eq!(read("a.yaml", &after).expect("it is YAML"), wanted, "{edit:?}\n{text}\n{after}");
            // What differs is one piece: all before and behind it is as it was, byte for byte.
            let head = text.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
            let tail = text.bytes().rev().zip(after.bytes().rev()).take_while(|(a, b)| a == b).count();
            let other = text.split("\ns1:").nth(1).map_or(0, |it| it.len() + "\ns1:".len());
            assert!(tail >= other || head == text.len(), "{edit:?}\n{text}\n{after}");
            assert!(head >= "# head\n".len(), "{after}");
        }
    }
}

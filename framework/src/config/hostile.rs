//! Whatever a file, a variable, a flag or a centre says: it is read or refused, and nothing else.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde::Deserialize;
use serde_json::Value;

use super::{Invalid, Secret, Shown, Tree, Variables, duration};

const ENDINGS: [&str; 3] = ["yaml", "toml", "json"];

/// Something of everything that settings are read into.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    a: String,
    b: Option<Box<Self>>,
    c: BTreeMap<String, f64>,
    d: Vec<u8>,
    e: Kind,
    #[serde(with = "duration")]
    f: Duration,
    g: Secret,
    h: (i64, char),
}

#[derive(Debug, Default, Deserialize)]
#[expect(dead_code, reason = "only decoded")]
enum Kind {
    #[default]
    A,
    B(u128),
    C {
        a: bool,
    },
}

/// Goes the whole way that settings go: what is not right is refused with words.
fn read(file: &str, text: &str, variables: &Variables, flags: &[String]) -> Result<(), Invalid> {
    let mut tree = Tree::new();
    tree.add_file(Path::new("defaults.yaml"), "{a: x, c: {a: 1}, d: [1, 2]}")?;
    tree.add_file(Path::new(file), text)?;
    tree.add_variables(variables);
    for flag in flags {
        tree.add_flag(flag)?;
    }
    tree.resolve(variables)?;
    let (_, notes) = tree.decode::<Settings>(&["server"])?;
    let mut shown = Shown::default();
    shown.add_layers(&tree, &notes);
    shown.to_yaml();
    Ok(())
}

fn told(outcome: Result<(), Invalid>) -> String {
    outcome.map_or_else(|invalid| invalid.to_string(), |()| "taken".to_owned())
}

/// Letters that mean something, so that more comes through than the first of them.
fn tokens() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        "[abcdefgh]".boxed(),
        "[0-9.eE+-]{1,6}".boxed(),
        "[\\[\\]{}:,&*!|>'\"#%@\\\\?<=~$-]".boxed(),
        "(\n *|\t|: |- |\\$\\{|<<: \\*a|&a |\\*a|---\n|\\[\\[|\\]\\]|1s|true|null|\"\"\")".boxed(),
    ];
    vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_taken_or_refused(bytes in vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        for ending in ENDINGS {
            told(read(&format!("f.{ending}"), &text, &Variables::default(), &[]));
        }
    }

    #[test]
    fn anything_that_looks_like_settings_is_taken_or_refused(text in tokens()) {
        for ending in ENDINGS {
            told(read(&format!("f.{ending}"), &text, &Variables::default(), &[]));
        }
    }

    #[test]
    fn any_variables_and_flags_are_taken_or_refused(
        names in vec("(BIA_)?[A-H_]{0,12}", 0..4),
        values in vec(prop_oneof![tokens(), any::<String>()], 4),
        flags in vec(prop_oneof![tokens(), "[a-h.]{0,5}=[^\n]{0,20}"], 0..4),
    ) {
        let variables = Variables::new(names.into_iter().zip(values));
        told(read("f.yaml", "a: ${A:${B:${C}}}", &variables, &flags));
    }

    #[test]
    fn any_text_is_a_duration_or_none(text in "[0-9. hmsun]{0,40}|.{0,20}") {
        if let Ok(read) = duration::parse(&text) {
            assert_eq!(duration::parse(&duration::format(read)), Ok(read));
        }
    }

    #[test]
    fn what_is_written_is_what_is_read(value in json(), ending in prop_oneof![Just("json"), Just("yaml")]) {
        let text = serde_json::json!({ "root": value }).to_string();
        let mut tree = Tree::new();
        tree.add_file(Path::new(&format!("f.{ending}")), &text).unwrap();
        let (read, _) = tree.decode::<BTreeMap<String, Value>>(&[]).unwrap();
        assert_eq!(read["root"], value, "{text}");
    }

    #[test]
    fn a_text_that_is_quoted_with_dollars_comes_through(text in "[a-z${}: ]{0,30}") {
        let escaped = text.replace("${", "$${");
        let mut tree = Tree::new();
        let file = serde_json::json!({ "a": escaped }).to_string();
        tree.add_file(Path::new("f.json"), &file).unwrap();
        tree.resolve(&Variables::default()).unwrap();
        let (read, _) = tree.decode::<BTreeMap<String, String>>(&[]).unwrap();
        assert_eq!(read["a"], text);
    }
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(|number| Value::from(number.floor() + 0.5)),
        "[ -~äß€😀]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map("[a-zA-Z_-]{1,8}", inner, 0..6)
                .prop_map(|table| Value::Object(table.into_iter().collect())),
        ]
    })
}

#[test]
fn settings_that_are_nested_without_end_are_refused() {
    let deep = |begin: &str, end: &str| format!("{}{}", begin.repeat(50_000), end.repeat(50_000));
    let table = [
        ("f.yaml", format!("d: {}", deep("[", "]"))),
        ("f.yaml", format!("b: {}", "{b: ".repeat(200) + &"}".repeat(200))),
        ("f.yaml", "- ".repeat(50_000)),
        ("f.yaml", (0..2_000).fold(String::new(), |text, n| text + &" ".repeat(n) + "b:\n")),
        ("f.json", format!("{{\"d\": {}}}", deep("[", "]"))),
        ("f.json", deep("{\"b\":", "}")),
        ("f.toml", format!("d = {}", deep("[", "]"))),
        ("f.toml", format!("{}b = 1", "b.".repeat(50_000))),
        ("f.toml", format!("[{}b]\na = 1", "b.".repeat(50_000))),
        ("f.toml", format!("b = {}", deep("{b = ", "}"))),
    ];
    for (file, text) in table {
        let outcome = told(read(file, &text, &Variables::default(), &[]));
        assert!(outcome.starts_with("f.") && outcome.len() < 1_500, "{outcome:.300}");
    }
    let flag = format!("{}b=1", "b.".repeat(50_000));
    let outcome = told(read("f.yaml", "", &Variables::default(), &[flag]));
    assert_eq!(outcome, "--set: the key has more than 64 parts");
    let name = format!("BIA_{}B", "B__".repeat(50_000));
    let outcome = told(read("f.yaml", "", &Variables::new([(name, "1")]), &[]));
    assert!(
        outcome.contains("there is no such setting") || outcome.contains("expected"),
        "{outcome:.300}"
    );
    let value = deep("[", "]");
    let outcome = told(read("f.yaml", "", &Variables::new([("BIA_D", value)]), &[]));
    assert!(outcome.starts_with("d in BIA_D: expected a list"), "{outcome:.300}");
}

#[test]
fn settings_that_repeat_themselves_without_end_are_refused() {
    let mut bomb = String::from("l0: &l0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let below = format!("*l{}, ", level - 1).repeat(9);
        bomb.push_str(&format!("l{level}: &l{level} [{below}]\n"));
    }
    let long = format!("a: &a {}\nd: [{}]", "x".repeat(1 << 20), "*a, ".repeat(10_000));
    for text in [bomb, long] {
        let outcome = told(read("f.yaml", &text, &Variables::default(), &[]));
        assert!(
            outcome.contains("comes to more than 32 MiB with what is repeated"),
            "{outcome:.300}"
        );
    }
    let mut nothing = String::new();
    let mut long = String::from("l0: '${N:0123456789}'\n");
    for level in 1..8 {
        let below = format!("${{l{}}}", level - 1).repeat(200);
        nothing.push_str(&format!("l{level}: '{below}'\n"));
        long.push_str(&format!("l{level}: '{below}'\n"));
    }
    nothing.push_str("l0: '${N:}'\n");
    let begun = tokio::time::Instant::now();
    let outcome = told(read("f.yaml", &nothing, &Variables::default(), &[]));
    assert!(outcome.contains("comes to more than 10000 placeholders"), "{outcome:.300}");
    let outcome = told(read("f.yaml", &long, &Variables::default(), &[]));
    assert!(outcome.contains("comes to more than 10000 placeholders"), "{outcome:.300}");
    let wide = format!("a: '{}'", "${LONG}".repeat(100));
    let variables = Variables::new([("LONG", "x".repeat(100_000))]);
    let outcome = told(read("f.yaml", &wide, &variables, &[]));
    assert!(outcome.contains("becomes longer than 1 MiB"), "{outcome:.300}");
    assert!(begun.elapsed() < Duration::from_secs(20), "took {:?}", begun.elapsed());
}

#[test]
fn what_is_long_is_refused_in_few_words() {
    let long = "x".repeat(3 << 20);
    for (file, text) in [
        ("f.yaml", format!("{long}: 1")),
        ("f.yaml", format!("f: {long}")),
        ("f.yaml", format!("e: {long}")),
        ("f.json", format!("{{\"a\": [\"{long}\"]}}")),
        ("f.toml", format!("f = '{long}'")),
    ] {
        let outcome = told(read(file, &text, &Variables::default(), &[]));
        assert!(outcome.len() < 2_500 && outcome != "taken", "{}", outcome.len());
    }
    let outcome = told(read("f.yaml", &"#".repeat(5 << 20), &Variables::default(), &[]));
    assert_eq!(outcome, "f.yaml: is longer than 4 MiB");
}

#[test]
fn numbers_that_no_machine_holds_are_refused() {
    let digits = "9".repeat(5_000);
    for text in [
        format!("d: [{digits}]"),
        format!("h: [{digits}, a]"),
        format!("e: {{B: {digits}}}"),
        format!("f: {digits}h"),
        "f: 99999999999h".to_owned(),
        "d: [256]".to_owned(),
        "d: [-1]".to_owned(),
    ] {
        let outcome = told(read("f.yaml", &text, &Variables::default(), &[]));
        assert!(
            outcome.contains("expected") || outcome.contains("write a duration"),
            "{outcome:.300}"
        );
    }
}

//! What is said of settings that are wrong.

use super::*;

#[test]
fn a_mistake_names_the_key_the_place_and_what_was_expected() {
    let table = [
        ("dta: {url: x}", "dta in app.yaml:1: there is no such setting: did you mean data?"),
        (
            "data: {url: x}\nregisty: {}",
            "registy in app.yaml:2: there is no such setting: did you mean registry?",
        ),
        (
            "data:\n  url: x\n  maxConections: 1",
            "data.maxConections in app.yaml:3: there is no such setting: did you mean data.maxConnections?",
        ),
        (
            "data: {url: x, color: red}",
            "data.color in app.yaml:1: there is no such setting: expected one of url, password, \
             maxConnections, connectTimeout, ratio, eager",
        ),
        (
            "data: {url: x, maxConnections: many}",
            "data.maxConnections in app.yaml:1: expected a whole number from 0 to 65535, found \"many\"",
        ),
        (
            "data: {url: x, maxConnections: 70000}",
            "data.maxConnections in app.yaml:1: expected a whole number from 0 to 65535, found 70000",
        ),
        (
            "data: {url: x, connectTimeout: 10}",
            "data.connectTimeout in app.yaml:1: \"10\" has no unit: write a duration such as 10s",
        ),
        (
            "data: {url: x, eager: yes}",
            "data.eager in app.yaml:1: expected true or false, found \"yes\"",
        ),
        ("data: {url: [a]}", "data.url in app.yaml:1: expected a text, found a list"),
        ("data: {url: x}\nhosts: {a: 1}", "hosts in app.yaml:2: expected a list, found a section"),
        ("data: x", "data in app.yaml:1: expected a section with url, password"),
        (
            "data: {url: x}\nmode: plane",
            "mode in app.yaml:2: expected one of plain, fancy, found \"plane\": did you mean plain?",
        ),
        (
            "data: {url: x}\nmode: {fancy: {level: 300}}",
            "mode.fancy.level in app.yaml:2: expected a whole number from 0 to 255",
        ),
        ("data: {url: x}\nmode: fancy", "mode in app.yaml:2: fancy needs settings of its own"),
        (
            "data: {url: x}\nlimits: {a: -1}",
            "limits.a in app.yaml:2: expected a whole number, not below 0, found -1",
        ),
        (
            "data: {}",
            "data.url: is not set and has no default: set it in a file, by the variable BIA_DATA__URL \
             or by --set data.url=…",
        ),
        (
            "data: {password: [1], url: x}",
            "data.password in app.yaml:1: expected a text, found a list",
        ),
    ];
    for (text, expected) in table {
        let error = yaml(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}\n  is: {error}\n not: {expected}");
    }
}

#[test]
fn a_mistake_in_a_variable_or_a_flag_names_it() {
    let file: &[_] = &[("app.yaml", "data: {url: x}")];
    let variable =
        |name, value| Layers { files: file, variables: &[(name, value)], flags: &[] }.error();
    assert_eq!(
        variable("BIA_DATA__EAGER", "2"),
        "data.eager in BIA_DATA__EAGER: expected true or false, found 2"
    );
    assert_eq!(
        variable("BIA_DTAA__EAGER", "true"),
        "dtaa in BIA_DTAA__EAGER: there is no such setting: did you mean data?"
    );
    let flag = |flag| Layers { files: file, variables: &[], flags: &[flag] }.error();
    assert_eq!(
        flag("data.eager=2"),
        "data.eager in --set data.eager: expected true or false, found 2"
    );
    assert_eq!(flag("data.eager"), "--set data.eager: expected --set section.key=value");
    assert_eq!(
        flag("data..eager=1"),
        "--set data..eager: the key \"data..eager\" has an empty part"
    );
    assert!(flag("hosts=[a").starts_with("--set hosts: cannot be read as YAML"));
}

#[test]
fn a_file_that_cannot_be_read_as_what_its_name_says_is_refused() {
    let table = [
        ("a.yaml", "a: [", "a.yaml:2: cannot be read as YAML"),
        ("a.toml", "a = ", "a.toml:1: cannot be read: "),
        ("a.json", "{", "a.json:1: cannot be read: "),
        ("a.ini", "", "a.ini: cannot tell how it is written: name it .yaml, .yml, .toml or .json"),
    ];
    for (name, text, expected) in table {
        let error = Layers { files: &[(name, text)], ..Layers::default() }.error();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = "\
data:
  maxConections: 1
  connectTimeout: 10
  ratio: half
  eager: yes
hosts: {a: 1}
mode: plane
limits: {a: -1, b: 1, c: many}
colour: red";
    let invalid = yaml(text).unwrap_err();
    let keys: Vec<_> = invalid.all().filter_map(Invalid::key).collect();
    let expected = [
        "colour",
        "data.connectTimeout",
        "data.eager",
        "data.maxConections",
        "data.ratio",
        "data.url",
        "hosts",
        "limits.a",
        "limits.c",
        "mode",
    ];
    assert_eq!(keys, expected, "{invalid}");
    assert_eq!(invalid.to_string().matches("\n  and ").count(), 9);
    assert!(invalid.to_string().contains("\n  and mode in app.yaml:7: expected one of plain"));
}

#[test]
fn every_setting_that_is_missing_is_told_though_no_value_can_stand_for_it() {
    /// Takes nothing that anybody could guess.
    #[derive(Debug)]
    struct Two;

    impl<'de> Deserialize<'de> for Two {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            if text == "two" { Ok(Self) } else { Err(serde::de::Error::custom("expected two")) }
        }
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only decoded")]
    struct Strict {
        a: String,
        b: (u8, Mode),
        c: std::num::NonZeroU32,
        d: Section,
        e: char,
        f: std::net::SocketAddr,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only decoded")]
    struct Section {
        #[serde(default)]
        even: Option<Two>,
        odd: u8,
        at: std::net::SocketAddr,
        #[serde(with = "duration")]
        wait: Duration,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only decoded")]
    struct Even {
        even: Two,
        other: u8,
    }

    fn keys<T: serde::de::DeserializeOwned + std::fmt::Debug>(text: &str) -> Vec<String> {
        let layers = Layers { files: &[("app.yaml", text)], ..Layers::default() };
        let invalid = layers.read::<T>().unwrap_err();
        invalid.all().filter_map(Invalid::key).map(str::to_owned).collect()
    }

    assert_eq!(keys::<Strict>(""), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(
        keys::<Strict>("d: {even: 1, odd: 300}"),
        ["d.even", "d.odd", "d.at", "d.wait", "a", "b", "c", "e", "f"]
    );
    assert_eq!(
        keys::<Strict>("d: {even: two, at: x, wait: 5}\na: {x: 1}\nb: [1]"),
        ["a", "b", "d.at", "d.wait", "d.odd", "c", "e", "f"]
    );
    // What must be there and can only be right comes alone.
    assert_eq!(keys::<Even>("even: 1"), ["even"]);
}

#[test]
fn a_file_with_nothing_right_in_it_ends_in_a_list_of_bounded_length() {
    let text: String = (0..500).map(|n| format!("key{n}: 1\n")).collect();
    let invalid = yaml(&text).unwrap_err();
    assert_eq!(invalid.all().count(), 50);
}

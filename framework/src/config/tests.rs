use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::{Invalid, Secret, Shown, Tree, Variables, duration};

mod mistakes;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Settings {
    data: Data,
    #[serde(default)]
    greeting: String,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    limits: HashMap<String, u32>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Data {
    url: String,
    #[serde(default)]
    password: Secret,
    #[serde(default)]
    max_connections: Option<u16>,
    #[serde(default, with = "duration")]
    connect_timeout: Duration,
    #[serde(default)]
    ratio: f64,
    #[serde(default)]
    eager: bool,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Plain,
    Fancy {
        level: u8,
    },
}

/// The layers of a test: files by name, variables, flags.
#[derive(Default)]
struct Layers<'a> {
    files: &'a [(&'a str, &'a str)],
    variables: &'a [(&'a str, &'a str)],
    flags: &'a [&'a str],
}

impl Layers<'_> {
    fn tree(&self) -> Result<Tree, Invalid> {
        let variables = Variables::new(self.variables.iter().copied());
        let mut tree = Tree::new();
        for (name, text) in self.files {
            tree.add_file(Path::new(name), text)?;
        }
        tree.add_variables(&variables);
        for flag in self.flags {
            tree.add_flag(flag)?;
        }
        tree.resolve(&variables)?;
        Ok(tree)
    }

    fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, Invalid> {
        self.tree()?.decode(&["server", "registry"]).map(|(settings, _)| settings)
    }

    fn error(&self) -> String {
        self.read::<Settings>().unwrap_err().to_string()
    }
}

fn yaml(text: &str) -> Result<Settings, Invalid> {
    Layers { files: &[("app.yaml", text)], ..Layers::default() }.read()
}

#[test]
fn later_layers_stand_over_earlier_ones_key_by_key() {
    let layers = Layers {
        files: &[
            (
                "app.yaml",
                "data: {url: a, maxConnections: 1, ratio: 1}\nhosts: [a, b]\ngreeting: hi",
            ),
            ("app.prod.toml", "hosts = ['c']\n[data]\nmaxConnections = 2"),
            ("more.json", r#"{"data": {"eager": true}}"#),
        ],
        variables: &[("BIA_DATA__RATIO", "0.5"), ("BIA_DATA__URL", "v"), ("BIA_GREETING", "var")],
        flags: &["data.url=f"],
    };
    let settings: Settings = layers.read().unwrap();
    assert_eq!(settings.hosts, ["c"]);
    assert_eq!(settings.greeting, "var");
    assert_eq!(settings.data.url, "f");
    assert_eq!(settings.data.max_connections, Some(2));
    assert_eq!((settings.data.ratio, settings.data.eager), (0.5, true));
}

#[test]
fn a_password_of_digits_stays_a_text_whatever_the_layer() {
    let layers = [
        Layers { files: &[("a.yaml", "data: {url: x, password: 0123}")], ..Layers::default() },
        Layers {
            files: &[("a.toml", "data = {url = 'x', password = '0123'}")],
            ..Layers::default()
        },
        Layers {
            files: &[("a.json", r#"{"data":{"url":"x","password":"0123"}}"#)],
            ..Layers::default()
        },
        Layers {
            files: &[("a.yaml", "data: {url: x}")],
            variables: &[("BIA_DATA__PASSWORD", "0123")],
            ..Layers::default()
        },
        Layers { flags: &["data.url=x", "data.password=0123"], ..Layers::default() },
        Layers {
            files: &[("a.yaml", "data: {url: x, password: '${PW}'}")],
            variables: &[("PW", "0123")],
            ..Layers::default()
        },
    ];
    for layers in layers {
        assert_eq!(layers.read::<Settings>().unwrap().data.password.reveal(), "0123");
    }
    for text in ["123", "1.50", "true", "1e3", "0x10", "yes", "+49"] {
        let settings = yaml(&format!("data: {{url: {text}}}")).unwrap();
        assert_eq!(settings.data.url, text, "as it was written");
    }
}

#[test]
fn a_variable_finds_its_key_whatever_the_case() {
    let layers = Layers {
        files: &[("app.yaml", "data: {url: x, maxConnections: 1}\nlimits: {Order-Service: 1}")],
        variables: &[
            ("BIA_DATA__MAXCONNECTIONS", "7"),
            ("BIA_DATA__CONNECTTIMEOUT", "250ms"),
            ("BIA_LIMITS__ORDER_SERVICE", "9"),
            ("BIA_ENV", "prod"),
            ("BIA_CACHE", "/tmp"),
            ("BIA_GREETING", "hello"),
            ("BIASED__X", "1"),
        ],
        ..Layers::default()
    };
    let settings: Settings = layers.read().unwrap();
    assert_eq!(settings.data.max_connections, Some(7));
    assert_eq!(settings.data.connect_timeout, Duration::from_millis(250));
    assert_eq!(settings.limits, HashMap::from([("Order-Service".to_owned(), 9)]));
    assert_eq!(
        settings.greeting, "hello",
        "one without a section is taken if there is such a field"
    );
}

#[test]
fn a_variable_takes_the_key_that_is_spelled_like_it_before_one_that_is_not() {
    for _ in 0..16 {
        let layers = Layers {
            files: &[("app.yaml", "data: {url: x}\nlimits: {a-b: 1, a_b: 2, A_B: 3}")],
            variables: &[("BIA_LIMITS__A_B", "9")],
            ..Layers::default()
        };
        assert_eq!(layers.read::<Settings>().unwrap().limits["a_b"], 9);
    }
}

#[test]
fn variables_and_flags_write_lists_and_tables_too() {
    let table = ["a, b", "[a, b]", "[\"a\", 'b']"];
    for text in table {
        let layers = Layers {
            files: &[("app.yaml", "data: {url: x}")],
            variables: &[("BIA_HOSTS", text)],
            flags: &[&format!("hosts={text}"), "mode={fancy: {level: 3}}", "limits={a: 1}"],
        };
        let settings: Settings = layers.read().unwrap();
        assert_eq!(settings.hosts, ["a", "b"], "{text}");
        assert_eq!(settings.mode, Mode::Fancy { level: 3 });
        assert_eq!(settings.limits["a"], 1);
    }
}

#[test]
fn placeholders_take_variables_then_settings_then_defaults() {
    let table = [
        ("${NAME}", Ok("var")),
        ("${NAME:d}", Ok("var")),
        ("${OTHER:d}", Ok("d")),
        ("${OTHER:}", Ok("")),
        ("${greeting}-${OTHER:a:b}", Ok("hi there-a:b")),
        ("${OTHER:${NAME}}", Ok("var")),
        ("$${NAME}", Ok("${NAME}")),
        ("$NAME {}", Ok("$NAME {}")),
        (
            "${OTHER}",
            Err(
                "data.url in app.yaml:2: ${OTHER} has no value: set the variable OTHER or write a default, ${OTHER:…}",
            ),
        ),
        ("${NAME", Err("data.url in app.yaml:2: ${NAME has no closing brace")),
        ("${data}", Err("data.url in app.yaml:2: ${data} is not a single value")),
        ("${data.url}", Err("refers to itself")),
    ];
    for (text, expected) in table {
        let file = format!("greeting: hi ${{X:there}}\ndata: {{url: '{text}'}}");
        let layers = Layers {
            files: &[("app.yaml", &file)],
            variables: &[("NAME", "var")],
            ..Layers::default()
        };
        match (layers.read::<Settings>(), expected) {
            (Ok(settings), Ok(expected)) => assert_eq!(settings.data.url, expected, "{text}"),
            (Err(error), Err(expected)) => {
                assert!(error.to_string().contains(expected), "{text}: {error}");
            }
            (outcome, _) => panic!("{text}: {outcome:?}"),
        }
    }
    let numbers = yaml("data: {url: x, maxConnections: '${MAX:8}'}").unwrap();
    assert_eq!(numbers.data.max_connections, Some(8));
}

#[test]
fn a_mark_of_the_encoding_in_front_of_a_file_is_passed_over() {
    let files = [
        ("a.yaml", "\u{feff}data: {url: u}"),
        ("a.toml", "\u{feff}data.url = \"u\""),
        ("a.json", "\u{feff}{\"data\": {\"url\": \"u\"}}"),
    ];
    for file in files {
        let settings: Settings = Layers { files: &[file], ..Layers::default() }.read().unwrap();
        assert_eq!(settings.data.url, "u", "{}", file.0);
    }
}

#[test]
fn a_section_that_is_all_comments_keeps_what_is_below_it() {
    let layers = Layers {
        files: &[("app.yaml", "data: {url: x}"), ("app.prod.yaml", "data:\n#  url: y\n")],
        ..Layers::default()
    };
    assert_eq!(layers.read::<Settings>().unwrap().data.url, "x");
    let settings = yaml("data: {url: x, maxConnections: , ratio: ~}").unwrap();
    assert_eq!((settings.data.max_connections, settings.data.ratio), (None, 0.0));
}

#[test]
fn a_service_without_settings_of_its_own_takes_none() {
    let read = |text| Layers { files: &[("a.yaml", text)], ..Layers::default() }.read::<()>();
    assert!(read("").is_ok());
    assert_eq!(
        read("a: 1").unwrap_err().to_string(),
        "a in a.yaml:1: there is no such setting: expected one of server, registry"
    );
}

#[test]
fn unknown_keys_at_the_top_are_refused_even_of_a_lenient_type() {
    #[derive(Debug, Deserialize)]
    struct Lenient {
        #[expect(dead_code, reason = "only decoded")]
        name: String,
    }
    let read = |text| Layers { files: &[("a.yaml", text)], ..Layers::default() }.read::<Lenient>();
    assert!(read("name: x").is_ok());
    assert_eq!(
        read("name: x\nnmae: y").unwrap_err().to_string(),
        "nmae in a.yaml:2: there is no such setting: did you mean name?"
    );
}

#[test]
fn what_is_shown_names_origins_and_hides_secrets() {
    let layers = Layers {
        files: &[(
            "app.yaml",
            "data:\n  url: postgres://bia:hunter2@db/users\n  password: hunter2",
        )],
        variables: &[("BIA_LIMITS__API_TOKEN", "77"), ("BIA_HOSTS", "a b,c")],
        flags: &["mode={fancy: {level: 3, my_secret: hunter2}}"],
    };
    let tree = layers.tree().unwrap();
    let (_, notes) =
        Layers { flags: &[], ..layers }.tree().unwrap().decode::<Settings>(&[]).unwrap();
    let mut shown = Shown::default();
    shown.add_layers(&tree, &notes);
    let effective = serde_json::json!({"server": {"address": "0.0.0.0:8000", "timeout": "10s"}});
    let mut server = Tree::new();
    server.add_flag("server.timeout=10s").unwrap();
    shown.add_effective(&effective, &server, &super::Notes::default());
    let yaml = shown.to_yaml();
    assert!(!yaml.contains("hunter2") && !yaml.contains("77"), "{yaml}");
    for line in [
        "  url: postgres://bia:***@db/users                            # app.yaml:2",
        "  password: ***                                               # app.yaml:3",
        "  connectTimeout:                                             # default of the program",
        "  api_token: ***                                              # BIA_LIMITS__API_TOKEN",
        "hosts: \"a b,c\"                                                # BIA_HOSTS",
    ] {
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(yaml.lines().any(|l| squeezed(l) == squeezed(line)), "{line}\n{yaml}");
    }
    assert!(yaml.contains("  address: 0.0.0.0:8000"), "{yaml}");
    assert!(yaml.contains("# --set server.timeout"), "{yaml}");
    assert!(yaml.contains("# default\n"), "{yaml}");
}

#[test]
fn a_file_by_reference_holds_a_secret_that_nobody_sees() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let (password, name) = (file("password", b"hunter2\n"), file("name", b"bia\r\n"));
    let text = format!(
        "greeting: 'hi ${{data.url}}'\nhosts: [a, '${{file:{name}}}']\n\
         data: {{url: 'db://${{file:{name}}}:${{file:{password}}}@h', password: '${{file:{password}}}'}}"
    );
    let layers = Layers { files: &[("app.yaml", &text)], ..Layers::default() };
    let tree = layers.tree().unwrap();
    let (settings, notes): (Settings, _) = tree.decode(&[]).unwrap();
    assert_eq!(settings.data.password.reveal(), "hunter2");
    assert_eq!(settings.data.url, "db://bia:hunter2@h");
    assert_eq!(settings.hosts, ["a", "bia"]);
    assert_eq!(settings.greeting, "hi db://bia:hunter2@h", "also by way of another setting");
    let mut shown = Shown::default();
    shown.add_layers(&tree, &notes);
    let shown = shown.to_yaml();
    assert!(!shown.contains("hunter2") && !shown.contains("bia:"), "{shown}");
    assert!(shown.contains(&format!("app.yaml:3 from file {password}")), "{shown}");
}

#[test]
fn a_file_by_reference_that_cannot_be_read_is_named_and_a_wrong_value_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("word"), "hunter2").unwrap();
    std::fs::write(at("binary"), b"\xff\xfe").unwrap();
    std::fs::write(at("large"), vec![b'x'; (1 << 20) + 1]).unwrap();
    let table = [
        ("url", "", "cannot read file : no path is given"),
        ("url", "/no/such", "data.url in app.yaml:1: cannot read file /no/such: No such file"),
        ("url", &at(""), "it is no file"),
        ("url", "/dev/zero", "it is no file"),
        ("url", &at("binary"), "it is no text"),
        ("url", &at("large"), "it is larger than 1 MiB"),
        ("maxConnections", &at("word"), "expected a whole number from 0 to 65535, found something"),
        ("connectTimeout", &at("word"), "expected something else than the file holds"),
        ("eager", &at("word"), "expected true or false, found something else (it is not shown"),
    ];
    for (key, file, expected) in table {
        let url = if key == "url" { "" } else { "url: x, " };
        let error =
            yaml(&format!("data: {{{url}{key}: '${{file:{file}}}'}}")).unwrap_err().to_string();
        assert!(error.contains(expected), "{file}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn rules_are_told_by_the_names_that_the_file_has() {
    use garde::Validate;

    #[derive(Debug, Deserialize, Validate)]
    #[serde(default, rename_all = "camelCase")]
    struct Ruled {
        #[garde(range(min = 1, max = 10))]
        max_connections: u32,
        #[garde(dive)]
        peers: Vec<Peer>,
        #[garde(length(min = 20))]
        password: String,
        #[garde(range(max = 5))]
        retries: u8,
    }

    #[derive(Debug, Default, Deserialize, Validate)]
    #[serde(rename_all = "camelCase")]
    struct Peer {
        #[garde(length(min = 3))]
        host_name: String,
    }

    impl Default for Ruled {
        fn default() -> Self {
            let password = String::new();
            Self { max_connections: 1, peers: Vec::new(), password, retries: 9 }
        }
    }

    let text = "maxConnections: 0\npassword: hunter2\npeers: [{hostName: abc}, {hostName: x}]";
    let tree = Layers { files: &[("app.yaml", text)], ..Layers::default() }.tree().unwrap();
    let (ruled, notes) = tree.decode::<Ruled>(&[]).unwrap();
    let invalid = tree.locate(super::check_rules(&ruled).unwrap_err(), &notes);
    let told: Vec<_> = invalid.into_all().into_iter().map(|fault| fault.to_string()).collect();
    let expected = [
        "maxConnections in app.yaml:1: expected at least 1, found 0",
        "password in app.yaml:2: expected a length of at least 20",
        "peers.1.hostName in app.yaml:3: expected a length of at least 3, found x",
        "retries in the program's own default: expected at most 5",
    ];
    assert_eq!(told, expected);
}

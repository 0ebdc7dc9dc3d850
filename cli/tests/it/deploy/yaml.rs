//! YAML as JSON, for tests that look into what was written.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test")]

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

/// Each document of `text`.
pub(super) fn documents(text: &str) -> Vec<Value> {
    let all = YamlLoader::load_from_str(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    all.iter().map(value).filter(|value| !value.is_null()).collect()
}

/// The only one.
pub(super) fn document(text: &str) -> Value {
    let mut all = documents(text);
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0)
}

fn value(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Integer(number) => Value::from(*number),
        Yaml::Real(number) => Value::from(number.parse::<f64>().unwrap()),
        Yaml::String(text) => Value::from(text.as_str()),
        Yaml::Boolean(truth) => Value::from(*truth),
        Yaml::Array(items) => items.iter().map(value).collect(),
        Yaml::Hash(fields) => {
            let fields =
                fields.iter().map(|(name, it)| (name.as_str().unwrap().to_owned(), value(it)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Yaml::Null => Value::Null,
        Yaml::Alias(_) | Yaml::BadValue => panic!("{yaml:?}"),
    }
}

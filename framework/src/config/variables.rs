use std::collections::BTreeMap;

use super::tree::DEEPEST;

/// The environment's variables: the one place where they are read.
#[derive(Clone, Debug, Default)]
pub struct Variables(BTreeMap<String, String>);

/// What the variables of settings begin with.
const PREFIX: &str = "BIA_";

/// The variable that says where the service runs, and so which file is read: `app.prod.yaml`.
const ENVIRONMENT: &str = "BIA_ENV";

impl Variables {
    /// The variables of this process. One whose value is not UTF-8 is left out.
    #[must_use]
    pub fn of_process() -> Self {
        let readable = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Self(readable.collect())
    }

    /// Variables of a test.
    pub fn new<K: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self(variables.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }

    /// The value of one, if it is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Where the service runs, `prod`: what `BIA_ENV` says, if it says anything.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        self.get(ENVIRONMENT).filter(|environment| !environment.is_empty())
    }

    /// Every variable of the form `BIA_SECTION__KEY`, with the path it names in lower case.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&str, Vec<String>, &str)> {
        self.0.iter().filter_map(|(name, value)| {
            let path = name.strip_prefix(PREFIX)?;
            // One part more than settings can have: who reads it refuses it.
            let parts = path.split("__").take(DEEPEST + 1);
            let path: Vec<_> = parts.map(str::to_ascii_lowercase).collect();
            (name != ENVIRONMENT && path.iter().all(|part| !part.is_empty())).then_some((
                name.as_str(),
                path,
                value.as_str(),
            ))
        })
    }
}

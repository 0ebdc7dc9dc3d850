use crate::config::Invalid;

/// The name of an operation, or what the names of several begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    name: String,
    is_prefix: bool,
}

impl Pattern {
    /// Reads `/service/Method`, or `/service/*`, `/prefix.*`, `*`; none if it is neither.
    pub(super) fn new(text: &str) -> Option<Self> {
        let (name, is_prefix) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        let is_name = match name.strip_prefix('/') {
            Some(name) if is_prefix => !name.contains('*'),
            Some(name) => name.split('/').filter(|part| !part.is_empty()).count() == 2,
            None => name.is_empty() && is_prefix,
        };
        is_name.then(|| Self { name: name.to_owned(), is_prefix })
    }

    /// The same; `key` is which setting said it.
    ///
    /// # Errors
    ///
    /// If it is neither.
    pub(super) fn read(text: &str, key: impl FnOnce() -> String) -> Result<Self, Invalid> {
        Self::new(text).ok_or_else(|| {
            let what = format!(
                "{text:?} names no operation: write /user.v1.UserService/GetUser, or \
                 /user.v1.UserService/* for all of a service"
            );
            Invalid::new(key(), what)
        })
    }

    pub(super) fn has(&self, operation: &str) -> bool {
        if self.is_prefix { operation.starts_with(&self.name) } else { operation == self.name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_named_whole_or_by_its_beginning() {
        for (text, has, has_not) in [
            ("/a.v1.A/Get", "/a.v1.A/Get", "/a.v1.A/GetAll"),
            ("/a.v1.A/*", "/a.v1.A/Get", "/a.v1.B/Get"),
            ("/a.v1.*", "/a.v1.B/Get", "/a.v2.A/Get"),
        ] {
            let pattern = Pattern::new(text).unwrap();
            assert!(pattern.has(has) && !pattern.has(has_not), "{text}");
        }
        assert!(Pattern::new("*").unwrap().has("/a.v1.A/Get"));
        for text in ["", "a.v1.A/Get", "/a.v1.A", "/", "//", "/a/*/b", "/*/*"] {
            assert_eq!(Pattern::new(text), None, "{text}");
        }
    }
}

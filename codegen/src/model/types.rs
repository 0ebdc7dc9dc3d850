//! The Rust type of a message's full name, the same one that the messages' generator writes.

use std::collections::BTreeMap;

use super::names::{camel, snake};

/// Where types are that are not generated here.
#[derive(Clone, Debug)]
pub(crate) struct Types {
    /// Full names of types or packages, with a dot in front, and their paths.
    outside: BTreeMap<String, String>,
}

impl Types {
    pub(crate) fn new(extern_paths: &[(String, String)], prost: &str, prost_types: &str) -> Self {
        let mut outside: BTreeMap<_, _> = extern_paths.iter().cloned().collect();
        let known = [
            ("", prost_types.to_owned()),
            (".BoolValue", "bool".to_owned()),
            (".BytesValue", format!("{prost}::alloc::vec::Vec<u8>")),
            (".DoubleValue", "f64".to_owned()),
            (".Empty", "()".to_owned()),
            (".FloatValue", "f32".to_owned()),
            (".Int32Value", "i32".to_owned()),
            (".Int64Value", "i64".to_owned()),
            (".StringValue", format!("{prost}::alloc::string::String")),
            (".UInt32Value", "u32".to_owned()),
            (".UInt64Value", "u64".to_owned()),
        ];
        for (name, path) in known {
            outside.entry(format!(".google.protobuf{name}")).or_insert(path);
        }
        Self { outside }
    }

    /// The path of the type called `name`, `.user.v1.User`, as seen from the module of `package`.
    pub(crate) fn path(&self, package: &str, name: &str) -> String {
        self.outside_path(name).unwrap_or_else(|| {
            let mut from = package.split('.').filter(|part| !part.is_empty()).peekable();
            let mut to = name.trim_start_matches('.').split('.').peekable();
            let mut left = to.clone().count();
            // The last part is the type itself and never a shared module.
            while left > 1 && from.peek().is_some() && from.peek() == to.peek() {
                from.next();
                to.next();
                left -= 1;
            }
            let up = from.map(|_| "super".to_owned());
            let down = to
                .enumerate()
                .map(|(place, part)| if place + 1 == left { camel(part) } else { snake(part) });
            up.chain(down).collect::<Vec<_>>().join("::")
        })
    }

    /// The path of a type that is not generated here.
    pub(crate) fn outside_path(&self, name: &str) -> Option<String> {
        if let Some(path) = self.outside.get(name) {
            return Some(path.clone());
        }
        let (prefix, path) = name
            .rmatch_indices('.')
            .find_map(|(dot, _)| self.outside.get_key_value(&name[..dot]))?;
        let rest: Vec<_> = name[prefix.len() + 1..].split('.').collect();
        let (last, modules) = rest.split_last()?;
        // What is nested in a type is in the module beside it.
        let path = match path.rsplit_once("::") {
            Some((modules, name)) if name.starts_with(char::is_uppercase) => {
                format!("{modules}::{}", snake(name))
            }
            _ => path.clone(),
        };
        let modules = modules.iter().map(|part| format!("::{}", snake(part))).collect::<String>();
        Some(format!("{path}{modules}::{}", camel(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types() -> Types {
        let outside = [(".shared.v1", "::shared_api::v1"), (".other.Type", "::other::HttpType")];
        let outside = outside.map(|(name, path)| (name.to_owned(), path.to_owned()));
        Types::new(&outside, "::bia::__codegen::prost", "::bia::__codegen::prost_types")
    }

    #[test]
    fn a_type_is_named_from_where_it_is_used() {
        let path = |name| types().path("user.v1", name);
        assert_eq!(path(".user.v1.User"), "User");
        assert_eq!(path(".user.v1.User.Address"), "user::Address");
        assert_eq!(path(".user.v2.User"), "super::v2::User");
        assert_eq!(path(".order.v1.type.Item"), "super::super::order::v1::r#type::Item");
        assert_eq!(path(".Alone"), "super::super::Alone");
        assert_eq!(types().path("", ".user.v1.User"), "user::v1::User");
        // A message that is named as its package's part.
        assert_eq!(types().path("a.b", ".a.b"), "super::B");
    }

    #[test]
    fn types_that_are_elsewhere_are_named_there() {
        let path = |name| types().path("user.v1", name);
        assert_eq!(path(".google.protobuf.Empty"), "()");
        assert_eq!(path(".google.protobuf.Timestamp"), "::bia::__codegen::prost_types::Timestamp");
        assert_eq!(
            path(".google.protobuf.StringValue"),
            "::bia::__codegen::prost::alloc::string::String"
        );
        assert_eq!(path(".shared.v1.Money.Unit"), "::shared_api::v1::money::Unit");
        assert_eq!(path(".other.Type"), "::other::HttpType");
        assert_eq!(path(".other.Type.Inner.Kind"), "::other::http_type::inner::Kind");
    }
}

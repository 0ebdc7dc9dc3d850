//! What everything in a new proto is called.

use std::path::{Component, Path};

use crate::command::proto::lint::names::{is_lower_snake, is_pascal, lower_snake, pascal, version};
use crate::error::{Error, Result};

/// The names of a new proto.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    /// `shop.v1`
    pub(super) package: String,
    pub(super) has_version: bool,
    /// What paths begin with: `v1`.
    pub(super) version: String,
    /// What the service is for: `Shop`.
    pub(super) thing: String,
}

/// Names that Rust or protobuf keeps for itself.
const KEYWORDS: &[&str] = &[
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "bool",
    "box",
    "break",
    "bytes",
    "const",
    "continue",
    "crate",
    "do",
    "double",
    "dyn",
    "edition",
    "else",
    "enum",
    "extend",
    "extensions",
    "extern",
    "false",
    "final",
    "fixed32",
    "fixed64",
    "float",
    "fn",
    "for",
    "gen",
    "group",
    "if",
    "impl",
    "import",
    "in",
    "int32",
    "int64",
    "let",
    "loop",
    "macro",
    "map",
    "match",
    "message",
    "mod",
    "move",
    "mut",
    "oneof",
    "option",
    "optional",
    "override",
    "package",
    "priv",
    "pub",
    "public",
    "ref",
    "repeated",
    "required",
    "reserved",
    "return",
    "returns",
    "rpc",
    "self",
    "service",
    "sfixed32",
    "sfixed64",
    "sint32",
    "sint64",
    "static",
    "stream",
    "string",
    "struct",
    "super",
    "syntax",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "uint32",
    "uint64",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "weak",
    "where",
    "while",
    "yield",
];

impl Names {
    /// From the path of the file, and what the user calls the service.
    ///
    /// # Errors
    ///
    /// A path that tells no package, and names that cannot be.
    pub(super) fn of(path: &Path, service: Option<&str>) -> Result<Self> {
        let shown = path.display();
        if path.extension().is_none_or(|ending| ending != "proto") {
            return Err(Error::usage(format!("{shown} does not end in .proto"))
                .with_hint("write it like proto/shop/v1/shop.proto"));
        }
        let mut folders = Vec::new();
        let parent = path.parent().unwrap_or_else(|| Path::new(""));
        for part in parent.components() {
            match part {
                Component::Normal(part) => match part.to_str() {
                    Some(part) => folders.push(part),
                    None => return Err(Error::usage(format!("{shown} is not UTF-8"))),
                },
                // What is above is no part of a package.
                _ => folders.clear(),
            }
        }
        if let Some(at) = folders.iter().rposition(|it| ["proto", "protos"].contains(it)) {
            folders.drain(..=at);
        }
        if folders.is_empty() {
            return Err(Error::usage(format!("{shown} tells no package")).with_hint(
                "the folders below proto are the package: proto/shop/v1/shop.proto is of shop.v1",
            ));
        }
        for folder in &folders {
            usable(folder, "folder")?;
            if !is_lower_snake(folder) {
                return Err(Error::usage(format!(
                    "the folder {folder} cannot be part of a package"
                ))
                .with_hint(format!(
                    "call it {}: lower case letters, digits and _",
                    better(folder)
                )));
            }
        }
        let stem = path.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
        if !is_lower_snake(stem) {
            return Err(Error::usage(format!(
                "the file {stem}.proto is not called lower_snake_case"
            ))
            .with_hint(format!("call it {}.proto", better(stem))));
        }
        let thing = match service {
            Some(name) => {
                if !is_pascal(name) {
                    return Err(Error::usage(format!("`{name}` cannot be the name of a service"))
                        .with_hint(format!("services are called like {}", pascal(&better(name)))));
                }
                name.strip_suffix("Service").filter(|it| !it.is_empty()).unwrap_or(name).to_owned()
            }
            None => pascal(stem.strip_suffix("_service").unwrap_or(stem)),
        };
        usable(&lower_snake(&thing), "service")?;
        let last = folders.last().copied().unwrap_or_default();
        let has_version = version(last).is_some();
        Ok(Self {
            package: folders.join("."),
            has_version,
            version: if has_version { last.to_owned() } else { "v1".to_owned() },
            thing,
        })
    }

    pub(super) fn service(&self) -> String {
        if self.thing == "Service" { self.thing.clone() } else { format!("{}Service", self.thing) }
    }

    /// What makes the service in Rust: `shop_service`.
    pub(super) fn function(&self) -> String {
        lower_snake(&self.service())
    }

    /// `shop_item`
    pub(super) fn field(&self) -> String {
        lower_snake(&self.thing)
    }

    /// `ShopItems`
    pub(super) fn many(&self) -> String {
        plural(&self.thing)
    }
}

fn usable(name: &str, kind: &str) -> Result<()> {
    if KEYWORDS.contains(&name) {
        return Err(Error::usage(format!(
            "{name} is a keyword, and cannot be the name of a {kind}"
        ))
        .with_hint(format!("choose another, like {name}_item or {name}s")));
    }
    Ok(())
}

/// A name that could be.
fn better(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let snake = lower_snake(plain.trim_start_matches(|c: char| !c.is_ascii_alphabetic()));
    if snake.is_empty() { "shop".to_owned() } else { snake }
}

/// Good enough for most words of English.
fn plural(word: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    match word.strip_suffix('y') {
        Some(stem) if !ends(&["ay", "ey", "oy", "uy"]) => format!("{stem}ies"),
        _ if ends(&["s", "x", "z", "ch", "sh"]) => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, service: Option<&str>) -> Result<Names, String> {
        Names::of(Path::new(path), service).map_err(|error| error.to_string())
    }

    #[test]
    fn the_path_tells_the_package_and_the_service() {
        for (path, service, package, thing, many) in [
            ("proto/shop/v1/shop.proto", None, "shop.v1", "Shop", "Shops"),
            ("shop/v1/user_service.proto", None, "shop.v1", "User", "Users"),
            ("../a/protos/shop/cart/v2/fox.proto", None, "shop.cart.v2", "Fox", "Foxes"),
            (
                "proto/shop/v1/shop.proto",
                Some("CategoryService"),
                "shop.v1",
                "Category",
                "Categories",
            ),
            ("proto/shop/v1/shop.proto", Some("Day"), "shop.v1", "Day", "Days"),
        ] {
            let names = names(path, service).expect(path);
            assert_eq!((names.package.as_str(), names.thing.as_str()), (package, thing), "{path}");
            assert_eq!(names.many(), many);
            assert_eq!(names.service(), format!("{thing}Service"));
        }
    }

    #[test]
    fn names_that_cannot_be_are_refused_with_one_that_can() {
        for (path, service, why) in [
            ("shop.proto", None, "tells no package"),
            ("proto/shop.proto", None, "tells no package"),
            ("proto/shop/v1/shop.txt", None, "does not end in .proto"),
            ("proto/Shop/v1/shop.proto", None, "cannot be part of a package"),
            ("proto/shop/type/shop.proto", None, "type is a keyword"),
            ("proto/shop/v1/Shop.proto", None, "not called lower_snake_case"),
            ("proto/shop/v1/match.proto", None, "match is a keyword"),
            ("proto/shop/v1/shop.proto", Some("Message"), "message is a keyword"),
            ("proto/shop/v1/shop.proto", Some("my shop"), "cannot be the name of a service"),
        ] {
            let error = names(path, service).unwrap_err();
            assert!(error.contains(why), "{path}: {error}");
        }
    }
}

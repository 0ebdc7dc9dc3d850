//! The code of a service: its protos, and what it is generated and built with.

use std::path::Path;

use bia_codegen::Model;
use toml_edit::DocumentMut;

use crate::error::Result;

use super::super::finding::Finding;
use super::super::version::numbers;

/// The version that this command came with.
const OURS: &str = env!("CARGO_PKG_VERSION");

pub(super) fn protos(model: Result<Model>) -> Finding {
    match model {
        Ok(model) => {
            let services = || model.packages.iter().flat_map(|package| &package.services);
            let methods: usize = services().map(|service| service.methods.len()).sum();
            let names: Vec<&str> = services().map(|it| it.full_name.as_str()).collect();
            match names.as_slice() {
                [] => Finding::warn(
                    "protos",
                    "they compile, and have no service",
                    "`bia add service` writes one, if there is to be one",
                ),
                names => Finding::ok("protos", format!("{}, {methods} methods", names.join(", "))),
            }
        }
        Err(error) => Finding::bad(
            "protos",
            error.to_string(),
            error.hint().unwrap_or("correct the proto at that place"),
        ),
    }
}

/// Whether what is locked fits together, and with this command.
pub(super) fn versions(root: &Path) -> Vec<Finding> {
    let Ok(lock) = std::fs::read_to_string(root.join("Cargo.lock")) else {
        return vec![Finding::warn(
            "lock",
            "there is no Cargo.lock: the next build may take other versions",
            "`cargo generate-lockfile`, and check it in",
        )];
    };
    vec![Finding::ok("lock", "Cargo.lock is there"), locked(&lock)]
}

/// The versions of a package in a lock file.
fn of<'a>(lock: &'a DocumentMut, name: &str) -> Vec<&'a str> {
    let packages = lock.get("package").and_then(|it| it.as_array_of_tables());
    let text = |table: &'a toml_edit::Table, key: &str| table.get(key).and_then(|it| it.as_str());
    packages
        .into_iter()
        .flatten()
        .filter(|package| text(package, "name") == Some(name))
        .filter_map(|package| text(package, "version"))
        .collect()
}

fn locked(lock: &str) -> Finding {
    let Ok(lock) = lock.parse::<DocumentMut>() else {
        return Finding::bad(
            "versions",
            "Cargo.lock cannot be read",
            "`cargo generate-lockfile` makes it anew",
        );
    };
    let (bia, codegen) = (of(&lock, "bia"), of(&lock, "bia-codegen"));
    let update = "`cargo update bia bia-codegen`, with the same version for both in Cargo.toml";
    match (bia.as_slice(), codegen.as_slice()) {
        ([], _) => Finding::warn("versions", "bia is not locked", "`cargo build` locks it"),
        ([one], [other]) if one != other => {
            let what =
                format!("bia is {one} and bia-codegen {other}: what is generated may not compile");
            Finding::bad("versions", what, update)
        }
        ([one], _) => {
            let [ours, theirs] = [OURS, one].map(numbers);
            if ours[..2] == theirs[..2] {
                return Finding::ok(
                    "versions",
                    format!("bia and bia-codegen {one}, this command {OURS}"),
                );
            }
            let what = format!("the project is built with bia {one}, and this command is {OURS}");
            Finding::warn(
                "versions",
                what,
                "use the command of the project's version, or update the project",
            )
        }
        (several, _) => {
            let what = format!("bia is there in several versions: {}", several.join(", "));
            Finding::bad("versions", what, update)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Mark;
    use super::*;

    fn lock(packages: &[(&str, &str)]) -> String {
        let packages = packages.iter().map(|(name, version)| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\n")
        });
        packages.collect()
    }

    #[test]
    fn versions_that_do_not_fit_together_are_told() {
        let mark = |packages: &[(&str, &str)]| locked(&lock(packages)).mark;
        assert_eq!(mark(&[("bia", OURS), ("bia-codegen", OURS), ("serde", "1.0.0")]), Mark::Ok);
        assert_eq!(mark(&[("bia", OURS), ("bia-codegen", "0.0.9")]), Mark::Bad);
        assert_eq!(mark(&[("bia", "7.1.0"), ("bia-codegen", "7.1.0")]), Mark::Warn);
        assert_eq!(mark(&[("bia", "0.1.0"), ("bia", "0.2.0")]), Mark::Bad);
        assert_eq!(mark(&[]), Mark::Warn);
        assert_eq!(locked("= no toml").mark, Mark::Bad);
    }
}

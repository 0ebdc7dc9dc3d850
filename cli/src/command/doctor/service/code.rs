//! The code of a service: its protos, and what it is generated and built with.

use std::path::Path;

use bia_codegen::Model;
use toml_edit::DocumentMut;

use crate::command::sync::Plan;
use crate::error::Result;
use crate::project::{Member, here};
use crate::shell::Shell;

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

/// Whether the code has what the protos say, as `bia sync --check` asks.
pub(super) fn synced(member: &Member, model: &Model, shell: &Shell) -> Finding {
    const CHECK: &str = "sync";
    let mut plan = Plan::default();
    let looked = plan.add(member, model, false, &shell.quieter());
    let (Ok(here), Ok(())) = (here(), &looked) else {
        let what = looked.err().map_or_else(String::new, |error| error.to_string());
        return Finding::bad(CHECK, what, "correct it; `bia sync --check` looks again");
    };
    let told: Vec<String> = plan
        .findings
        .iter()
        .filter(|finding| finding.waits(true))
        .map(|finding| finding.line(true, &here))
        .collect();
    if told.is_empty() {
        return Finding::ok(CHECK, "the code has the methods that the protos have");
    }
    let remedy = "`bia sync` adds what is new and says what else to do; `bia sync --create` also makes \
                  what has no implementation";
    Finding::bad(CHECK, told.join("\n"), remedy)
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

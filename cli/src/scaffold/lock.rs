//! The versions that a project is built with: those that the framework was tested with, so that
//! cargo has to ask nobody.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::interrupt;

use super::{Framework, template};

/// What the service of the template is called.
const SAMPLE: &str = "sample-service";

/// Has cargo bring a lock file in line with the manifests, so that `--locked` builds: nothing is missing, and what
/// nobody needs goes.
///
/// Where cargo cannot tell without asking somebody, as on a machine that has built nothing yet, it does
/// so with the first build.
pub(crate) fn prune(root: &Path) {
    // Nobody is left behind who still writes there: who stops us waits for cargo, which the terminal stops too.
    let _held = interrupt::hold();
    let mut cargo = Command::new("cargo");
    cargo.args(["update", "--workspace", "--offline", "--quiet"]).current_dir(root);
    cargo.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    drop(cargo.status());
}

/// A lock file for a project of these services.
///
/// It holds more than they need, see [`prune`].
pub(crate) fn whole(services: &[&str], framework: &Framework) -> String {
    merged("", services, framework)
}

/// `existing` with what is needed for `services`; what it has keeps its version.
pub(crate) fn merged(existing: &str, services: &[&str], framework: &Framework) -> String {
    let (head, ours) = split(template::root_lock());
    let mut packages: Vec<String> = split(existing).1.into_iter().map(str::to_owned).collect();
    let is_there = |packages: &[String], package: &str| {
        packages.iter().any(|it| it.lines().take(2).eq(package.lines().take(2)))
    };
    let are_beside = matches!(framework, Framework::Folders { .. });
    for package in ours {
        let named = |name: &str| package.starts_with(&format!("name = \"{name}\"\n"));
        if package.contains("\nsource = ") || are_beside && (named("bia") || named("bia-codegen")) {
            if !is_there(&packages, package) {
                packages.push(package.to_owned());
            }
        } else if are_beside && named(SAMPLE) {
            for service in services {
                let package = package.replacen(SAMPLE, service, 1);
                if !is_there(&packages, &package) {
                    packages.push(package);
                }
            }
        }
    }
    packages.sort();
    let mut text = head.to_owned();
    for package in packages {
        text.push_str("\n[[package]]\n");
        text.push_str(package.trim_end());
        text.push('\n');
    }
    text
}

/// What stands in front of the packages, and each package without its heading.
fn split(lock: &str) -> (&str, Vec<&str>) {
    let mut parts = lock.split("\n[[package]]\n");
    let head = parts.next().unwrap_or_default();
    (head, parts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_has_the_framework_and_the_services_and_nothing_else_of_ours() {
        let beside = Framework::find(None).expect("it is there");
        let lock = whole(&["user-service"], &beside);
        let has = |lock: &str, name: &str| lock.contains(&format!("\nname = \"{name}\"\n"));
        for name in ["bia", "bia-codegen", "user-service", "tokio", "sqlx"] {
            assert!(has(&lock, name), "{name}");
        }
        for name in ["bia-cli", "xtask", "order-service", SAMPLE] {
            assert!(!has(&lock, name), "{name}");
        }
        let published = whole(&["user-service"], &Framework::Version("0.1.0".to_owned()));
        assert!(!has(&published, "bia") && !has(&published, "user-service"));
        assert!(has(&published, "tokio"));
    }

    #[test]
    fn a_further_service_changes_no_version_of_those_that_are_there() {
        let beside = Framework::find(None).expect("it is there");
        let existing = "version = 4\n\n[[package]]\nname = \"uuid\"\nversion = \"1.0.0\"\n";
        let lock = merged(existing, &["b"], &beside);
        assert!(lock.contains("name = \"uuid\"\nversion = \"1.0.0\"\n"), "{lock}");
        assert_eq!(merged(&lock, &["b"], &beside), lock);
    }
}

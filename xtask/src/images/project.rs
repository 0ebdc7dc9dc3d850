//! A service as a person makes it, whose image can be built before the framework is published.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{About as _, Error, Result};
use crate::exec::{self, cargo, words};
use crate::root::{repository, target, write};

pub(super) const SERVICE: &str = "stock-service";
/// What goes to `vendor/bia`, as the hint of `bia deploy` says.
const FRAMEWORK: [&str; 4] = ["Cargo.toml", "framework", "codegen", "proto"];
/// What lies about in a project and must not get into a build.
pub(super) const LITTER: [&str; 4] = ["target/debug/left", ".env", "tls.key", "data/stocks.db"];

/// A service, in a folder of its own.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) folder: PathBuf,
}

impl Project {
    /// `bia new` below `parent`, then what its hint says of a framework that is not published.
    pub(super) fn make(parent: &Path, port: u16) -> Result<Self> {
        exec::run(cargo().args(["build", "--quiet", "--package", "bia-cli"]))?;
        let project = Self { folder: parent.join(SERVICE) };
        let mut new = bia();
        new.args(["new", SERVICE, "--yes", "--port", &port.to_string(), "--framework"]);
        exec::output(new.arg(repository()).current_dir(parent))?;
        project.vendor()?;
        for file in LITTER {
            let file = project.folder.join(file);
            let folder = file.parent().unwrap_or(&project.folder);
            std::fs::create_dir_all(folder).about(|| format!("make {}", folder.display()))?;
            write(&file, "not for others\n")?;
        }
        Ok(project)
    }

    fn vendor(&self) -> Result<()> {
        let vendor = self.folder.join("vendor/bia");
        std::fs::create_dir_all(&vendor).about(|| format!("make {}", vendor.display()))?;
        let mut copy = Command::new("cp");
        copy.arg("-R").args(FRAMEWORK).arg(&vendor).current_dir(repository());
        exec::output(&mut copy)?;
        let manifest = self.folder.join("Cargo.toml");
        let text = self.read("Cargo.toml")?;
        let here = format!("path = \"{}/", repository().display());
        let text = text.replace(&here, "path = \"vendor/bia/").replacen(
            "[workspace]\n",
            "[workspace]\nexclude = [\"vendor\"]\n",
            1,
        );
        write(&manifest, text)
    }

    /// Has cargo fetch the crates that the build needs, from where it has crates on this machine.
    pub(super) fn fetch(&self) -> Result<()> {
        let told = exec::output(Command::new("rustc").arg("-vV").current_dir(repository()))?;
        let host = told.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let mut fetch = cargo();
        fetch.args(["fetch", "--locked", "--quiet", "--target", host]);
        exec::run(fetch.current_dir(&self.folder))
    }

    /// `bia deploy docker --base …`; gives the command that it says is next.
    ///
    /// # Errors
    ///
    /// It fails, or warns of something that keeps the image from being built.
    pub(super) fn deploy(&self, base: &str) -> Result<Vec<String>> {
        let mut deploy = bia();
        deploy.args(["deploy", "docker", "--base", base]).current_dir(&self.folder);
        let words = words(&deploy);
        let ended = deploy.output().about(|| format!("run `{words}`"))?;
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        // That the base is another one than before is told, and meant.
        let warns = said.lines().any(|it| it.contains("warning") && !it.contains("was written by"));
        let next = said.split_once("next: `").and_then(|(_, rest)| rest.split_once('`'));
        match next {
            Some((next, _)) if ended.status.success() && !warns => {
                Ok(next.split_whitespace().map(str::to_owned).collect())
            }
            _ => Err(Error::new(format!("`{words}` says: {said}"))),
        }
    }

    pub(super) fn read(&self, path: &str) -> Result<String> {
        let path = self.folder.join(path);
        std::fs::read_to_string(&path).about(|| format!("read {}", path.display()))
    }
}

/// The command, as it was built here.
pub(super) fn bia() -> Command {
    Command::new(target("debug/bia"))
}

/// The default of an argument of a Dockerfile.
pub(super) fn argument(dockerfile: &str, name: &str) -> Result<String> {
    let set = format!("ARG {name}=");
    let value = dockerfile.lines().find_map(|line| line.strip_prefix(&set));
    value.map(str::to_owned).ok_or_else(|| Error::new(format!("the Dockerfile has no {set}")))
}

#[cfg(test)]
mod tests {
    use super::argument;

    #[test]
    fn an_argument_of_a_dockerfile_has_the_value_that_it_has_by_default() {
        let text = "# ARG A=no\nARG A=some/where:1\nFROM ${A}\nARG B\n";
        assert_eq!(argument(text, "A").expect("it has one"), "some/where:1");
        assert!(argument(text, "B").is_err());
    }
}

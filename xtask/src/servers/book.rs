//! mdBook, which makes the book. No test needs it, so that only who builds the book waits for it.

use std::process::Command;

use super::parts::Part;
use crate::exec::{self, cargo};
use crate::root::empty_folder;

const VERSION: &str = "0.5.4";

pub(crate) const MDBOOK: Part = Part {
    name: "mdbook",
    what: "mdBook, compiled from its package, with a search index and without a server",
    binaries: &["mdbook"],
    is_optional: true,
    check: |cache| {
        let text = exec::output(Command::new(cache.find("mdbook")?).arg("--version")).ok()?;
        text.split_whitespace().last().map(|version| version.trim_start_matches('v').to_owned())
    },
    get: |cache| {
        let (target, root) = (cache.join("tmp/mdbook"), cache.join("opt/mdbook"));
        let mut install = cargo();
        install.args(["install", "mdbook", "--version", VERSION, "--locked", "--force"]);
        install.args(["--no-default-features", "--features", "search"]);
        // Forty pages need no optimized program, and that takes twice as long to compile.
        install.arg("--debug").arg("--root").arg(&root).arg("--target-dir").arg(&target);
        exec::logged(&mut install, &cache.log())?;
        empty_folder(&target)?;
        cache.link(&root.join("bin/mdbook"), "mdbook")
    },
};

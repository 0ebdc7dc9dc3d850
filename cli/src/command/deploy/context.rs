//! What the build of an image is given, and what of a project cannot be built of it.

use std::path::{Path, PathBuf};

use crate::project::{Member, Project};
use crate::shell::Shell;

use super::facts::Facts;

/// Tells what would keep the image from being built; whether it can be, as far as is seen.
pub(super) fn look_around(project: &Project, facts: &Facts, shell: &Shell) -> bool {
    if !project.root.join("Cargo.lock").is_file() {
        shell.warn("there is no Cargo.lock, and images are built with --locked");
        shell.hint("`cargo generate-lockfile`, and check it in");
    }
    let Some(member) = project.members.iter().find(|member| member.name == facts.package) else {
        return true;
    };
    if let Some(outside) = member.neighbours.iter().find(|it| !it.starts_with(&project.root)) {
        shell.warn(format_args!(
            "{} takes {} from {}, which is outside of the context of the build: the image cannot be built like this",
            member.name,
            what(member, outside),
            outside.display()
        ));
        shell.hint(
            "name a published version in Cargo.toml, or put it below the workspace: for the framework copy `Cargo.toml`, `framework`, `codegen` and `proto` of its checkout to `vendor/bia`, write `exclude = [\"vendor\"]` below [workspace], and name `vendor/bia/framework` and `vendor/bia/codegen` as paths",
        );
        false
    } else if let Some(absolute) = named_absolutely(project, member) {
        let inside = absolute.strip_prefix(&project.root).unwrap_or(&absolute);
        shell.warn(format_args!(
            "{} takes {} from {}, and in the build that folder has another name: the image cannot be built like this",
            member.name,
            what(member, &absolute),
            absolute.display()
        ));
        shell.hint(format_args!(
            "name it in Cargo.toml as seen from there: `{}` from the workspace's",
            inside.display()
        ));
        false
    } else {
        true
    }
}

/// What is had from `folder`, as its reader calls it.
fn what(member: &Member, folder: &Path) -> &'static str {
    if member.framework.as_deref() == Some(folder) { "bia" } else { "a crate" }
}

/// The first folder that a manifest names from the root of this machine.
fn named_absolutely(project: &Project, member: &Member) -> Option<PathBuf> {
    let manifests: Vec<String> = [&project.root, &member.folder]
        .iter()
        .filter_map(|folder| std::fs::read_to_string(folder.join("Cargo.toml")).ok())
        .collect();
    let is_named = |folder: &Path| {
        ['"', '\''].iter().any(|quote| {
            let named = format!("{quote}{}{quote}", folder.display());
            manifests.iter().any(|text| text.contains(&named))
        })
    };
    member.neighbours.iter().find(|folder| is_named(folder)).cloned()
}

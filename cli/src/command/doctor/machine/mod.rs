//! What services need of the machine.

mod system;
mod tools;

use std::path::Path;

use crate::project::{Member, Project};

use super::finding::Finding;

pub(super) fn look(project: Option<&Project>, member: Option<&Member>) -> Vec<Finding> {
    let folder = match project {
        Some(project) if project.target.is_dir() => &project.target,
        Some(project) => &project.root,
        None => Path::new("."),
    };
    let needed = member.and_then(|it| it.rust_version.as_deref());
    let findings = [
        Some(tools::rust(tools::ask("rustc").as_deref(), needed)),
        Some(tools::cargo(tools::ask("cargo").as_deref())),
        Some(tools::compiler(tools::compilers().iter().find_map(|it| tools::ask(it)).as_deref())),
        Some(tools::git(tools::ask("git").as_deref())),
        system::free_space(folder).map(|free| system::disk(free, folder)),
        Some(system::files(system::open_files())),
        system::number("/proc/sys/net/core/somaxconn").map(system::backlog),
        system::number("/proc/sys/fs/inotify/max_user_watches").map(system::watches),
        Some(system::clock(system::now(), project.and_then(|it| system::newest(&it.root)))),
        Some(system::cpus(system::count(), system::quota())),
    ];
    findings.into_iter().flatten().collect()
}

//! The folder of the local registry: whether services may use it, and what lies in it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bia::Settings;
use bia::app::RegistryKind;
use bia::backend::local::LocalSettings;
use serde::Deserialize;

use super::super::finding::Finding;

const CHECK: &str = "registry";

pub(super) fn look(settings: &Settings) -> Option<Finding> {
    if settings.registry.kind != RegistryKind::Local {
        return None;
    }
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let path = settings.registry.local.path.clone();
    let path = path.unwrap_or_else(|| LocalSettings::default_path(runtime.as_deref()));
    Some(folder(&path))
}

fn folder(path: &Path) -> Finding {
    let shown = path.display();
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Finding::ok(CHECK, format!("{shown} is made when a service starts"));
    };
    let remedy = "make it yours alone (chmod 700), or set registry.local.path";
    if !metadata.is_dir() {
        return Finding::bad(
            CHECK,
            format!("{shown} is no folder"),
            "remove it, or set registry.local.path",
        );
    }
    let own = std::fs::metadata("/proc/self").map(|it| it.uid()).ok();
    if own.is_some_and(|own| own != metadata.uid()) {
        return Finding::bad(CHECK, format!("{shown} belongs to user {}", metadata.uid()), remedy);
    }
    if metadata.mode() & 0o022 != 0 {
        return Finding::bad(CHECK, format!("others can write to {shown}"), remedy);
    }
    if let Err(error) = tempfile::Builder::new().prefix(".doctor").tempfile_in(path) {
        return Finding::bad(CHECK, format!("cannot write to {shown}: {error}"), remedy);
    }
    let leases = leases(path);
    let stale = leases.iter().filter(|lease| !lease.is_alive()).count();
    let what = format!("{shown}: {} instances", leases.len() - stale);
    match stale {
        0 => Finding::ok(CHECK, what),
        _ => Finding::warn(
            CHECK,
            format!("{what}, and {stale} of processes that are gone"),
            "nothing: nobody calls them, and the next service that starts removes them",
        ),
    }
}

/// The part of a lease that tells whether somebody holds it.
#[derive(Debug, Deserialize)]
struct Lease {
    #[serde(default)]
    process: Option<Process>,
}

#[derive(Debug, Deserialize)]
struct Process {
    pid: u32,
}

impl Lease {
    /// Also where it cannot be told: in another container there are other numbers.
    fn is_alive(&self) -> bool {
        self.process.as_ref().is_none_or(|it| Path::new(&format!("/proc/{}", it.pid)).exists())
    }
}

fn leases(folder: &Path) -> Vec<Lease> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path());
    let leases = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    leases.filter_map(|path| serde_json::from_slice(&std::fs::read(path).ok()?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::super::finding::Mark;
    use super::*;

    #[test]
    fn a_folder_that_services_would_refuse_is_told() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("bia");
        assert_eq!(folder(&path).mark, Mark::Ok, "it is made at the start");
        std::fs::write(&path, "").expect("written");
        assert_eq!(folder(&path).mark, Mark::Bad, "a file");
        std::fs::remove_file(&path).expect("removed");
        std::fs::create_dir(&path).expect("made");
        std::fs::set_permissions(&path, Permissions::from_mode(0o777)).expect("set");
        assert!(folder(&path).what.contains("others can write"));
        std::fs::set_permissions(&path, Permissions::from_mode(0o700)).expect("set");
        assert_eq!(folder(&path).mark, Mark::Ok);
    }

    #[tokio::test]
    async fn leases_of_the_living_and_of_the_dead_are_told_apart() {
        use bia::backend::local::Local;
        use bia::registry::{Instance, Registrar as _};
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("bia");
        let local = Local::new(&LocalSettings::at(&path)).expect("a registry");
        let lease = local.register(Instance::new("1", "users", "v1")).await.expect("a lease");
        assert!(folder(&path).what.ends_with("1 instances"), "{:?}", folder(&path));
        let file = path.join("users@1.json");
        let text = std::fs::read_to_string(&file).expect("its file");
        let ours = format!("\"pid\": {}", std::process::id());
        assert!(text.contains(&ours), "{text}");
        std::fs::write(path.join("users@2.json"), text.replace(&ours, "\"pid\": 4194305"))
            .expect("written");
        let finding = folder(&path);
        assert_eq!(finding.mark, Mark::Warn);
        assert!(
            finding.what.ends_with("1 instances, and 1 of processes that are gone"),
            "{finding:?}"
        );
        lease.release().await.expect("released");
    }
}

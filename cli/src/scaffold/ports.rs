//! Ports of the services of a workspace.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// How far the ports of two services are from each other: room for their pages, and for copies.
const STEP: u16 = 100;

/// The first port from 8000 on, in steps of a hundred, that the settings of no service below `root` or
/// in `more` folders name, nor the one behind it. What `own`, the folder of the service that it is for,
/// names already is not taken.
pub(crate) fn free(root: &Path, own: &Path, more: &[PathBuf]) -> u16 {
    let mut taken = BTreeSet::new();
    let all = folders(&root.join("services"));
    for service in all.iter().chain(more).filter(|it| *it != own) {
        for file in folders(&service.join("configs")) {
            taken.extend(named(&fs::read_to_string(file).unwrap_or_default()));
        }
    }
    let is_free = |port: &u16| !taken.contains(port) && !taken.contains(&(port + 1));
    (8000..u16::MAX - STEP).step_by(usize::from(STEP)).find(is_free).unwrap_or(8000)
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// The ports at the end of all addresses in settings.
fn named(yaml: &str) -> impl Iterator<Item = u16> {
    yaml.lines().filter_map(|line| {
        let (_, address) = line.split('#').next()?.split_once("address:")?;
        address.trim().trim_matches(['"', '\'']).rsplit(':').next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_gets_ports_that_no_other_has() {
        let root = tempfile::TempDir::new().expect("a folder");
        let own = root.path().join("services/new");
        assert_eq!(free(root.path(), &own, &[]), 8000);
        for (name, yaml) in [
            (
                "a",
                "server:\n  address: 0.0.0.0:8000 # calls\nadmin:\n  address: \"127.0.0.1:8001\"\n",
            ),
            ("b", "admin:\n  address: 127.0.0.1:8101\n"),
        ] {
            let folder = root.path().join("services").join(name).join("configs");
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join("app.yaml"), yaml).expect("a file");
        }
        assert_eq!(free(root.path(), &own, &[]), 8200);
        assert_eq!(free(root.path(), &root.path().join("services/b"), &[]), 8100);
        let elsewhere = root.path().join("tools/c");
        fs::create_dir_all(elsewhere.join("configs")).expect("a folder");
        fs::write(elsewhere.join("configs/app.yaml"), "server:\n  address: :8200\n")
            .expect("a file");
        assert_eq!(free(root.path(), &own, &[elsewhere]), 8300);
    }
}

//! The templates, as they were when this command was built.

/// Names and texts: `service/src/main.rs`.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// The manifest of the workspace that the templates are part of: it has the versions.
pub(super) fn root_manifest() -> &'static str {
    file("root-manifest")
}

/// The lock file of that workspace.
pub(super) fn root_lock() -> &'static str {
    file("root-lock")
}

/// The files of a template, by their names below its folder.
pub(super) fn of(template: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().filter_map(move |(name, text)| {
        Some((name.strip_prefix(template)?.strip_prefix('/')?, *text))
    })
}

/// A file by its whole name; empty if there is none, which a test rules out.
pub(super) fn file(name: &str) -> &'static str {
    FILES.iter().find(|(it, _)| *it == name).map_or("", |(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn names(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            // What a service that is started where it lies leaves there.
            if ["service/data", "service/target"].contains(&name.as_str()) {
                continue;
            }
            if entry.path().is_dir() {
                names(&entry.path(), &format!("{name}/"), found);
            } else {
                found.insert(name);
            }
        }
    }

    #[test]
    fn every_file_of_the_templates_is_in_the_binary() {
        let mut lying = BTreeSet::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
        names(&folder, "", &mut lying);
        let carried = FILES.iter().map(|(name, _)| (*name).to_owned());
        let carried: BTreeSet<String> = carried.filter(|name| !name.starts_with("root-")).collect();
        assert_eq!(carried, lying, "a new entry of a template needs a link in cli/templates");
        assert!(root_manifest().contains("[workspace.dependencies]"));
        assert!(root_lock().contains("name = \"sample-service\""));
    }
}

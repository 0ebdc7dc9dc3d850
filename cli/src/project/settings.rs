//! The settings of a service, as it reads them itself.

use std::path::Path;

use bia::Settings;
use bia::config::{Invalid, Tree, Variables};

/// The framework's settings of the service in a folder, as its files have them and `variables` over them.
///
/// # Errors
///
/// They are wrong: says where and how.
pub(crate) fn settings(folder: &Path, variables: &Variables) -> Result<Settings, Invalid> {
    let mut tree = Tree::new();
    let configs = folder.join("configs");
    let environment = variables.environment().map(|it| format!("app.{it}"));
    for name in [Some("app".to_owned()), environment].into_iter().flatten() {
        for ending in ["yaml", "yml", "toml", "json"] {
            let path = configs.join(format!("{name}.{ending}"));
            if let Ok(text) = std::fs::read_to_string(&path) {
                tree.add_file(&path, &text)?;
            }
        }
    }
    tree.add_variables(variables);
    // What a section of the service refers to is its own matter.
    let resolved = tree.resolve(variables);
    let (settings, _): (Settings, _) = tree.take(&Settings::SECTIONS).decode(&[])?;
    match resolved.err().into_iter().flat_map(Invalid::into_all).find(is_ours) {
        Some(invalid) => Err(invalid),
        None => Ok(settings),
    }
}

fn is_ours(invalid: &Invalid) -> bool {
    invalid.key().is_some_and(is_of_framework)
}

/// Whether a setting is one of the framework's own.
pub(crate) fn is_of_framework(key: &str) -> bool {
    key.split('.').next().is_some_and(|section| Settings::SECTIONS.contains(&section))
}

#[cfg(test)]
mod tests {
    use bia::app::RegistryKind;

    use super::*;

    #[test]
    fn settings_are_read_as_the_service_reads_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let configs = folder.path().join("configs");
        std::fs::create_dir(&configs).expect("made");
        let write = |text: &str| std::fs::write(configs.join("app.yaml"), text).expect("written");
        write("server: {address: 127.0.0.1:9}\nregistry: {kind: none}\ndata: {url: '${NOBODY}'}\n");
        let read = settings(folder.path(), &Variables::of_process()).expect("they are right");
        assert_eq!(read.server.address, "127.0.0.1:9");
        assert_eq!(read.registry.kind, RegistryKind::None);
        write("server: {adress: x}\n");
        let error =
            settings(folder.path(), &Variables::of_process()).expect_err("a typo").to_string();
        assert!(error.contains("adress") && error.contains("app.yaml"), "{error}");
    }
}

//! Projects that are looked at and never built.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A workspace of services, each with what its `configs/app.yaml` says.
pub(crate) struct Workspace(TempDir);

impl Workspace {
    pub(crate) fn of(services: &[(&str, &str)]) -> Self {
        let workspace = Self(TempDir::new().unwrap());
        let names: Vec<String> = services.iter().map(|(name, _)| format!("{name:?}")).collect();
        let members = names.join(", ");
        workspace.write(
            "Cargo.toml",
            &format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n"),
        );
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let (bia, codegen) = (repository.join("framework"), repository.join("codegen"));
        for (name, settings) in services {
            let manifest = format!(
                "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\
                 [dependencies]\nbia = {{ path = {bia:?} }}\n\
                 [build-dependencies]\nbia-codegen = {{ path = {codegen:?} }}\n"
            );
            workspace.write(&format!("{name}/Cargo.toml"), &manifest);
            workspace.write(&format!("{name}/build.rs"), "fn main() {}\n");
            workspace.write(&format!("{name}/src/main.rs"), "fn main() {}\n");
            workspace.write(&format!("{name}/configs/app.yaml"), settings);
        }
        workspace
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Puts a program where cargo would: a script.
    pub(crate) fn program(&self, path: &str, script: &str) {
        self.write(path, &format!("#!/bin/sh\n{script}\n"));
        let rights = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(self.path(path), rights).unwrap();
    }
}

//! Puts the templates into the binary, and with them where the framework lies that it is built beside.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// A manifest in a folder would make it a package of its own, and names with a dot are hidden from
/// some tools: these are called otherwise here than in a project.
const RENAMED: [(&str, &str); 3] =
    [("manifest", "Cargo.toml"), ("gitignore", ".gitignore"), ("ci", ".ci")];

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let templates = folder.join("templates");
    let mut files = Vec::new();
    walk(&templates, "", &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for (name, path) in &files {
        println!("cargo:rerun-if-changed={}", path.display());
        let path = fs::canonicalize(path)?;
        writeln!(code, "    ({name:?}, include_str!({:?})),", path.display().to_string())
            .map_err(io::Error::other)?;
    }
    code.push_str("]\n");
    fs::write(out.join("templates.rs"), code)?;

    // A package that was installed has no framework beside it.
    let framework = folder.join("../framework");
    println!("cargo:rerun-if-changed={}", framework.join("Cargo.toml").display());
    if framework.join("Cargo.toml").is_file() {
        println!("cargo:rustc-env=BIA_FRAMEWORK={}", fs::canonicalize(framework)?.display());
    }
    Ok(())
}

/// All files below, by what they are called in a project.
fn walk(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    println!("cargo:rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let called = RENAMED
            .iter()
            .find(|(here, _)| *here == name)
            .map_or(name.as_str(), |(_, there)| there);
        let called =
            if prefix.is_empty() { called.to_owned() } else { format!("{prefix}/{called}") };
        if path.is_dir() {
            walk(&path, &called, files)?;
        } else {
            files.push((called, path));
        }
    }
    Ok(())
}

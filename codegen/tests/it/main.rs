//! What users of the generator are promised.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod code;
mod errors;
mod files;
mod garbage;
mod http;
mod openapi;
mod options;
mod rules;
mod tools;
mod unknown;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bia_codegen::{Compiler, Error};

/// A folder with protos.
struct Protos(tempfile::TempDir);

impl Protos {
    fn new(files: &[(&str, &str)]) -> Self {
        let protos = Self(tempfile::tempdir().expect("a temporary folder"));
        for (name, text) in files {
            protos.write(name, text.as_bytes());
        }
        protos
    }

    fn write(&self, name: &str, text: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What the compiler makes of the files called `names`.
    fn generate(&self, names: &[&str]) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        Compiler::new().files(names.iter().map(|name| self.path(name))).mocks(true).generate()
    }

    /// What the compiler says against the files called `names`, with paths relative to the folder.
    fn error(&self, names: &[&str]) -> String {
        self.shorten(&self.generate(names).expect_err("the protos are not right"))
    }

    fn shorten(&self, error: &Error) -> String {
        error.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}

/// The generated file called `name`, as text.
fn text<'a>(files: &'a BTreeMap<String, Vec<u8>>, name: &str) -> &'a str {
    let file = files.get(name).unwrap_or_else(|| panic!("{name} is among {:?}", files.keys()));
    str::from_utf8(file).expect("code is text")
}

/// The protos beside these tests.
fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protos").join(name)
}

//! What was written last: by it an edit of a person is told from what this command wrote itself.
//!
//! It lies beside what is written and is checked in with it, a line a file: the digest of what was
//! written, and the path. A mark in each file would not do: JSON has no comments, and the first line
//! of a Dockerfile belongs to Docker.

use std::collections::BTreeMap;
use std::path::Path;

/// The name of the file.
pub(super) const FILE: &str = ".bia-deploy";

const HEADING: &str = "\
# What `bia deploy` wrote, by which it knows what was edited since. Check it in, and leave it alone.\n";

/// Which files were written, and what they said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record(BTreeMap<String, String>);

impl Record {
    /// Reads what [`Record::text`] writes; lines that are none are read over.
    pub(super) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once(' '));
        Self(pairs.map(|(digest, path)| (path.to_owned(), digest.to_owned())).collect())
    }

    pub(super) fn text(&self) -> String {
        let mut text = HEADING.to_owned();
        for (path, digest) in &self.0 {
            text.push_str(&format!("{digest} {path}\n"));
        }
        text
    }

    /// Whether `contents` is what was written to `path`.
    pub(super) fn knows(&self, path: &Path, contents: &[u8]) -> bool {
        self.0.get(&*path.to_string_lossy()).is_some_and(|it| *it == digest(contents))
    }

    pub(super) fn note(&mut self, path: &Path, contents: &[u8]) {
        self.0.insert(path.to_string_lossy().into_owned(), digest(contents));
    }

    pub(super) fn forget(&mut self, path: &Path) {
        self.0.remove(&*path.to_string_lossy());
    }

    /// The paths that begin with one of `owned`.
    pub(super) fn below<'a>(&'a self, owned: &'a [String]) -> impl Iterator<Item = &'a str> {
        self.0.keys().map(String::as_str).filter(|path| {
            owned.iter().any(|folder| {
                path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
            })
        })
    }
}

/// FNV-1a of 64 bits: it tells an edit, and keeps nobody from anything.
fn digest(contents: &[u8]) -> String {
    let hash = contents.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_known_again_and_an_edit_is_told() {
        let mut record = Record::default();
        record.note(Path::new("helm/a b/values.yaml"), b"x");
        record.note(Path::new("helmet"), b"y");
        let record = Record::parse(&record.text());
        assert!(record.knows(Path::new("helm/a b/values.yaml"), b"x"));
        assert!(!record.knows(Path::new("helm/a b/values.yaml"), b"x "));
        assert!(!record.knows(Path::new("other"), b"x"));
        let owned = ["helm".to_owned()];
        let below: Vec<&str> = record.below(&owned).collect();
        assert_eq!(below, ["helm/a b/values.yaml"]);
    }

    #[test]
    fn the_digest_is_that_of_the_tables_of_fnv() {
        assert_eq!(digest(b""), "cbf29ce484222325");
        assert_eq!(digest(b"a"), "af63dc4c8601ec8c");
        assert_eq!(digest(b"foobar"), "85944171f73967e8");
    }
}

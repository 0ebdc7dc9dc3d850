//! What was written last: by it an edit of a person is told from what this command wrote itself.
//!
//! It lies beside what is written and is checked in with it, a line a file: the digest of what was
//! written, and the path. A mark in each file would not do: JSON has no comments, and the first line
//! of a Dockerfile belongs to Docker. A line a folder tells by which command it was written, so that
//! an option that is forgotten the next time does not go unseen.

use std::collections::BTreeMap;
use std::path::Path;

/// The name of the file.
pub(super) const FILE: &str = ".bia-deploy";

const HEADING: &str = "\
# What `bia deploy` wrote, by which it knows what was edited since. Check it in, and leave it alone.\n";

/// What a line begins with that tells a folder's command.
const COMMAND: &str = "command ";

/// Which files were written and what they said, and by which command each folder was.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    digests: BTreeMap<String, String>,
    commands: BTreeMap<String, String>,
}

impl Record {
    /// Reads what [`Record::text`] writes; lines that are none are read over.
    pub(super) fn parse(text: &str) -> Self {
        let mut record = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (kept, pair) = match line.strip_prefix(COMMAND) {
                Some(rest) => (&mut record.commands, rest.split_once(' ')),
                None => (&mut record.digests, line.split_once(' ').map(|(a, b)| (b, a))),
            };
            kept.extend(pair.map(|(key, value)| (key.to_owned(), value.to_owned())));
        }
        record
    }

    pub(super) fn text(&self) -> String {
        let mut text = HEADING.to_owned();
        for (folder, command) in &self.commands {
            text.push_str(&format!("{COMMAND}{folder} {command}\n"));
        }
        for (path, digest) in &self.digests {
            text.push_str(&format!("{digest} {path}\n"));
        }
        text
    }

    /// Whether `contents` is what was written to `path`.
    pub(super) fn knows(&self, path: &Path, contents: &[u8]) -> bool {
        self.digests.get(&*path.to_string_lossy()).is_some_and(|it| *it == digest(contents))
    }

    pub(super) fn note(&mut self, path: &Path, contents: &[u8]) {
        self.digests.insert(path.to_string_lossy().into_owned(), digest(contents));
    }

    pub(super) fn forget(&mut self, path: &Path) {
        self.digests.remove(&*path.to_string_lossy());
    }

    /// By which command a folder was written.
    pub(super) fn command(&self, folder: &str) -> Option<&str> {
        self.commands.get(folder).map(String::as_str)
    }

    pub(super) fn note_command(&mut self, folder: &str, command: &str) {
        self.commands.insert(folder.to_owned(), command.to_owned());
    }

    /// The paths that lie in one of `owned`.
    pub(super) fn below<'a>(&'a self, owned: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
        self.digests.keys().map(String::as_str).filter(|path| {
            owned
                .iter()
                .any(|folder| path.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/')))
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
        record.note_command("helm/a", "bia deploy helm a --image x");
        let record = Record::parse(&record.text());
        assert!(record.knows(Path::new("helm/a b/values.yaml"), b"x"));
        assert!(!record.knows(Path::new("helm/a b/values.yaml"), b"x "));
        assert!(!record.knows(Path::new("other"), b"x"));
        assert_eq!(record.command("helm/a"), Some("bia deploy helm a --image x"));
        assert_eq!(record.command("helm"), None);
        let below: Vec<&str> = record.below(&["helm"]).collect();
        assert_eq!(below, ["helm/a b/values.yaml"]);
    }

    #[test]
    fn the_digest_is_that_of_the_tables_of_fnv() {
        assert_eq!(digest(b""), "cbf29ce484222325");
        assert_eq!(digest(b"a"), "af63dc4c8601ec8c");
        assert_eq!(digest(b"foobar"), "85944171f73967e8");
    }
}

//! The tree as the rules see it: every text file, and of Rust files which lines are tests.

use std::path::{Path, PathBuf};

use super::mask::mask;
use crate::error::{About as _, Result};

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];

/// A text file of the repository.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the repository, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// For Rust: the text without comments and literals. Otherwise empty.
    pub(super) code: String,
    /// For Rust: whether each line is part of a test.
    tests: Vec<bool>,
}

impl Source {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let code = if is_rust(&path) { mask(&text) } else { String::new() };
        let is_test_file =
            path.ends_with("/tests.rs") || path.contains("/tests/") || path.contains("/benches/");
        let tests = if is_test_file { vec![true; code.lines().count()] } else { test_lines(&code) };
        Self { path, text, code, tests }
    }

    pub(super) fn is_rust(&self) -> bool {
        is_rust(&self.path)
    }

    /// Written by a generator: judged by the generator's own tests.
    pub(super) fn is_generated(&self) -> bool {
        self.text.starts_with("// @generated") || self.path.contains("/generated/")
    }

    /// Whether line `number` (from 1) is part of a test.
    pub(super) fn is_test(&self, number: usize) -> bool {
        self.tests.get(number.saturating_sub(1)).copied().unwrap_or(false)
    }

    /// How many lines are no tests.
    pub(super) fn length(&self) -> usize {
        self.tests.iter().filter(|is_test| !**is_test).count()
    }

    /// The number (from 1) of the line that holds byte `at`.
    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count()
    }

    /// Where a word stands in the code: `sleep` is not in `sleeper`.
    pub(super) fn find_word<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let in_name = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        };
        let bytes = self.code.as_bytes();
        self.code.match_indices(word).map(|(at, _)| at).filter(move |at| {
            let before = at.checked_sub(1).and_then(|index| bytes.get(index));
            let ends_in_name = in_name(word.as_bytes().last());
            let behind = bytes.get(at + word.len());
            !in_name(before) && (!ends_in_name || !in_name(behind))
        })
    }
}

/// Reads every text file under `root`.
///
/// # Errors
///
/// A folder or a file cannot be read.
pub(super) fn read_tree(root: &Path) -> Result<Vec<Source>> {
    let mut files = Vec::new();
    walk(root, &mut files)?;
    files.sort();
    let mut sources = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file).about(|| format!("read {}", file.display()))?;
        // What is not UTF-8 is a picture or the like.
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let path = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        sources.push(Source::new(path, text));
    }
    mark_test_modules(&mut sources);
    Ok(sources)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let about = || format!("read {}", folder.display());
    for entry in std::fs::read_dir(folder).about(about)? {
        let entry = entry.about(about)?;
        let (path, kind) = (entry.path(), entry.file_type().about(about)?);
        if kind.is_dir() && !SKIPPED.iter().any(|name| entry.file_name() == *name) {
            walk(&path, files)?;
        } else if kind.is_file() && entry.file_name() != ".git" {
            files.push(path);
        }
    }
    Ok(())
}

/// A file whose parent says `#[cfg(test)] mod name;` is a test, whatever it is called.
pub(super) fn mark_test_modules(sources: &mut [Source]) {
    let mut roots = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust()) {
        let folder = super::floors::module_folder(&source.path);
        for at in source.find_word("mod") {
            let rest = source.code.get(at + 3..).unwrap_or_default().trim_start();
            let name: String = rest
                .chars()
                .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                .collect();
            let is_file =
                rest.get(name.len()..).is_some_and(|rest| rest.trim_start().starts_with(';'));
            if is_file && source.is_test(source.line(at)) {
                roots.push(format!("{folder}{name}"));
            }
        }
    }
    for source in sources.iter_mut().filter(|source| source.is_rust()) {
        let is_below = |root: &String| {
            source
                .path
                .strip_prefix(root.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        if roots.iter().any(is_below) {
            source.tests.fill(true);
        }
    }
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|ending| ending == "rs")
}

/// Marks the lines of items under `#[cfg(test)]`, and of functions under `#[test]`.
fn test_lines(code: &str) -> Vec<bool> {
    let mut tests = vec![false; code.lines().count()];
    for opening in ["#[cfg(test)]", "#[cfg(all(test", "#[test]", "#[tokio::test"] {
        for (start, _) in code.match_indices(opening) {
            let end = item_end(code, start);
            let line =
                |at: usize| code.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
            for is_test in tests.iter_mut().take(line(end) + 1).skip(line(start)) {
                *is_test = true;
            }
        }
    }
    tests
}

/// Where the item ends whose attribute starts at `start`: after its block, or at its semicolon.
fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_i32;
    let mut is_in_body = false;
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'{' | b'(' | b'[' => {
                is_in_body |= byte == b'{' && depth == 0;
                depth += 1;
            }
            b'}' | b')' | b']' => {
                depth -= 1;
                if depth == 0 && is_in_body && byte == b'}' {
                    return at;
                }
            }
            b';' if depth == 0 => return at,
            _ => {}
        }
    }
    code.len()
}

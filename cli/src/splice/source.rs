//! A file of Rust, and what is put into it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use proc_macro2::Span;

use crate::error::{Error, Result};
use crate::paths::shown;
use crate::rustfmt;

use super::{Broken, broken, tokens};

const BOM: &str = "\u{feff}";

/// A file as it was read, and what it means.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Where the syntax begins: behind what Rust does not count, a byte order mark and a `#!` line.
    base: usize,
    pub(crate) syntax: syn::File,
}

impl Source {
    /// Parses `text`, which was read from `path`.
    ///
    /// # Errors
    ///
    /// It is not Rust.
    pub(crate) fn parse(path: impl Into<PathBuf>, text: String) -> Result<Self, Broken> {
        let (path, base) = (path.into(), base(&text));
        match broken::parse(&text[base..]) {
            Ok(syntax) => Ok(Self { path, text, base, syntax }),
            Err((at, why)) => {
                let (line, column) = position(&text, base + at);
                Err(Broken { path, line, column, why })
            }
        }
    }

    /// The bytes of what `span` is of.
    pub(crate) fn range(&self, span: Span) -> Range<usize> {
        let range = span.byte_range();
        self.base + range.start..self.base + range.end
    }

    /// `line` of where `span` begins, from 1.
    pub(crate) fn line(&self, span: Span) -> usize {
        position(&self.text, self.range(span).start).0
    }

    /// The text with `insertions` in it. If it was laid out as rustfmt does for this edition of Rust, it
    /// is so again: what was put in may leave no room on a line.
    ///
    /// # Errors
    ///
    /// It would no longer mean what it meant, and what was put in: nobody may write it then.
    pub(crate) fn with(&self, insertions: Insertions, edition: &str) -> Result<String> {
        let after = self.spliced(insertions)?;
        Ok(rustfmt::kept(&self.path, edition, &self.text, after))
    }

    /// The text with `insertions` in it, and otherwise as it was to the byte.
    pub(super) fn spliced(&self, insertions: Insertions) -> Result<String> {
        let (text, put_in) = insertions.into_text(&self.text);
        let survives = tokens::survive(&self.text[self.base..], &text[self.base..], |at| {
            let at = at + self.base;
            put_in.iter().any(|range| range.contains(&at))
        });
        if survives { Ok(text) } else { Err(cannot(&self.path)) }
    }
}

/// What can go wrong where a file is written in a way that nobody thought of.
fn cannot(path: &Path) -> Error {
    Error::new(format!(
        "cannot put anything into {} without changing what is there; nothing was written",
        shown(path)
    ))
    .with_hint("write it by hand: `--dry-run` shows what")
}

/// Text that is put in, each piece at a byte of what is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Insertions(Vec<(usize, String)>);

impl Insertions {
    /// Puts `text` in front of the byte `at`; behind what was put there before.
    pub(crate) fn add(&mut self, at: usize, text: impl Into<String>) {
        self.0.push((at, text.into()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The whole, and which of its bytes are new.
    pub(crate) fn into_text(mut self, before: &str) -> (String, Vec<Range<usize>>) {
        self.0.sort_by_key(|(at, _)| *at);
        let (mut text, mut put_in, mut done) = (String::with_capacity(before.len()), vec![], 0);
        for (at, piece) in self.0 {
            text.push_str(&before[done..at]);
            put_in.push(text.len()..text.len() + piece.len());
            text.push_str(&piece);
            done = at;
        }
        text.push_str(&before[done..]);
        (text, put_in)
    }
}

fn base(text: &str) -> usize {
    let bom = if text.starts_with(BOM) { BOM.len() } else { 0 };
    let rest = &text[bom..];
    let is_script = rest.strip_prefix("#!").is_some_and(|rest| !rest.trim_start().starts_with('['));
    if is_script { bom + rest.find('\n').unwrap_or(rest.len()) } else { bom }
}

/// Line and column of a byte, from 1.
pub(crate) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column =
        before.rsplit('\n').next().unwrap_or_default().trim_start_matches(BOM).chars().count();
    (line, column + 1)
}

//! YAML, and JSON, which is YAML too: text is spliced where the parser says that a value stands.
//!
//! What comes of it is read again by whoever asked: a splice that says anything else than was meant is
//! not used. So this may be simple where a document is not.

mod index;
mod writer;

use std::ops::Range;

use super::{Edit, Format};

use self::index::{Kind, root};
use self::writer::Writer;

/// The texts that the edit may make, the plainest first.
pub(super) fn edited(format: Format, text: &str, edit: &Edit) -> Vec<String> {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let (bom, text) = text.split_at(mark);
    let Some(root) = root(text) else { return Vec::new() };
    let writer = Writer::new(format, text, &root);
    let made = match edit {
        Edit::Unset { path } => vec![writer.unset(&root, path)],
        Edit::Set { path, text: typed, value } => writer
            .renderings(typed, value)
            .iter()
            .map(|inline| writer.set(&root, path, inline))
            .collect(),
    };
    made.into_iter().flatten().map(|text| format!("{bom}{text}")).collect()
}

pub(super) fn spans(text: &str, keys: &[&str]) -> Vec<Option<Range<usize>>> {
    let root = root(text);
    let find = |key: &&str| {
        let mut at = root.as_ref()?;
        for part in key.split('.') {
            let Kind::Table { entries, .. } = &at.kind else { return None };
            at = &entries.iter().find(|it| it.key == part)?.node;
        }
        Some(at.span.clone())
    };
    keys.iter().map(find).collect()
}

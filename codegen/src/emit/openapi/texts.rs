//! What comments say, taken apart for a document: a summary, a description, examples.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::{DescriptorPool, FileDescriptor};
use serde_json::Value;

use crate::model::Docs;

/// The comments of all files that take part.
#[derive(Debug)]
pub(super) struct Texts(BTreeMap<String, HashMap<Vec<i32>, Text>>);

/// What one comment says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text {
    /// All of it but the examples, as Markdown; empty if there is nothing.
    pub(super) description: String,
    /// What stands behind `Example:` in a line of its own: JSON, or a text without quotes.
    pub(super) examples: Vec<Value>,
}

impl Texts {
    pub(super) fn of(pool: &DescriptorPool) -> Self {
        Self(pool.files().map(|file| (file.name().to_owned(), of_file(&file))).collect())
    }

    /// What is said at a place, as descriptors call it.
    pub(super) fn at(&self, file: &FileDescriptor, path: &[i32]) -> Text {
        self.0.get(file.name()).and_then(|file| file.get(path)).cloned().unwrap_or_default()
    }
}

fn of_file(file: &FileDescriptor) -> HashMap<Vec<i32>, Text> {
    let info = file.file_descriptor_proto().source_code_info.iter();
    let locations = info.flat_map(|info| &info.location).filter_map(|location| {
        let comments = [&location.leading_comments, &location.trailing_comments];
        let told: Vec<_> = comments.into_iter().flatten().map(String::as_str).collect();
        (!told.is_empty()).then(|| (location.path.clone(), Text::of(&told.join("\n\n"))))
    });
    locations.collect()
}

impl Text {
    fn of(comment: &str) -> Self {
        let (docs, mut text, mut lines) = (Docs::of(comment), Self::default(), Vec::new());
        for line in docs.lines() {
            match line.trim().strip_prefix("Example:").map(str::trim) {
                Some(example) if !example.is_empty() => {
                    let value = serde_json::from_str(example);
                    text.examples.push(value.unwrap_or_else(|_| Value::from(example)));
                }
                _ => lines.push(line.as_str()),
            }
        }
        text.description = lines.join("\n").trim().to_owned();
        text
    }

    /// The first sentence, in one line and without a full stop.
    pub(super) fn summary(&self) -> Option<String> {
        let paragraph = self.description.split("\n\n").next()?;
        let line = paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        let sentence = line.split_once(". ").map_or(line.as_str(), |(first, _)| first);
        let sentence = sentence.trim().trim_end_matches('.');
        (!sentence.is_empty() && !sentence.starts_with("```")).then(|| sentence.to_owned())
    }

    /// All that is said, if the summary does not say it already.
    pub(super) fn beyond_summary(&self) -> Option<String> {
        let all = self.description.as_str();
        let is_told = self.summary().is_some_and(|summary| summary == all.trim_end_matches('.'));
        (!all.is_empty() && !is_told).then(|| all.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_the_first_sentence_and_the_description_all_of_it() {
        let text = Text::of(" Fetches a\n user. By id.\n\n Fails if there is none.\n");
        assert_eq!(text.summary().as_deref(), Some("Fetches a user"));
        let all = "Fetches a\nuser. By id.\n\nFails if there is none.";
        assert_eq!(text.beyond_summary().as_deref(), Some(all));
    }

    #[test]
    fn what_a_summary_says_is_not_said_twice() {
        let text = Text::of(" Fetches a user.");
        assert_eq!(
            (text.summary().as_deref(), text.beyond_summary()),
            (Some("Fetches a user"), None)
        );
        assert_eq!(Text::default().summary(), None);
        assert_eq!(Text::of(" ```\n x\n ```").summary(), None);
    }

    #[test]
    fn examples_stand_in_lines_of_their_own_as_json_or_text() {
        let text = Text::of(" The name.\n Example: \"Ada\"\n Example: Ada Lovelace\n Example: 7\n");
        assert_eq!(text.description, "The name.");
        assert_eq!(text.examples, [Value::from("Ada"), "Ada Lovelace".into(), 7.into()]);
        assert_eq!(Text::of(" Example:\n\n     x").examples, Vec::<Value>::new());
    }
}

//! What is told of one name, as text and as JSON.

use serde_json::{Map, Value, json};

use crate::command::proto::explained::{Explained, Of};
use crate::shell::{Look, wrap};

use super::catalogue::Entry;

/// How wide the names in front of what is told are.
const NAMES: usize = 10;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// `reason` of the framework, `error` of a proto, `grpc`, `http`, `exit`, `rule` of `bia proto lint`, `change` of
    /// `bia proto breaking`, `buf`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// Whose it is: `framework`, or the enum of the proto.
    pub(super) of: String,
    /// HTTP status and gRPC code.
    pub(super) codes: Vec<(u16, &'static str)>,
    pub(super) means: String,
    pub(super) by: String,
    /// The category of a rule, by which it is chosen.
    pub(super) category: String,
    /// Why a rule is there, or who breaks by a change.
    pub(super) why: String,
    /// What was before a change.
    pub(super) before: String,
    /// What breaks a rule, or is behind a change.
    pub(super) example: String,
    pub(super) remedy: String,
    /// How a rule is left out.
    pub(super) leave_out: String,
    /// What a person is told, with `{name}` for what the metadata calls so.
    pub(super) message: String,
    /// The messages that it brings along.
    pub(super) details: Vec<String>,
    /// Operations that list it, and the services that they are of.
    pub(super) methods: Vec<String>,
    /// What else to look at.
    pub(super) see: Vec<String>,
}

impl Answer {
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            kind: "reason",
            name: entry.reason.to_owned(),
            of: "framework".to_owned(),
            codes: entry.statuses.iter().map(|it| (*it, entry.grpc(*it).name())).collect(),
            means: entry.means.to_owned(),
            by: entry.by.words().to_owned(),
            remedy: entry.remedy.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn of_rule(rule: &Explained) -> Self {
        let (kind, of) = match rule.of {
            Of::Lint => ("rule", "bia proto lint"),
            Of::Breaking => ("change", "bia proto breaking"),
            Of::Buf => ("buf", "buf"),
        };
        let is_change = rule.of == Of::Breaking;
        let nothing = if is_change && rule.example.is_empty() { "nothing" } else { "" };
        Self {
            kind,
            name: rule.id.to_owned(),
            of: of.to_owned(),
            category: rule.category.to_owned(),
            means: rule.means.clone(),
            why: rule.why.to_owned(),
            before: rule.before.to_owned(),
            example: format!("{}{nothing}", rule.example),
            remedy: rule.remedy.to_owned(),
            leave_out: rule.leave_out.clone(),
            see: rule.here.iter().map(|it| (*it).to_owned()).collect(),
            ..Self::default()
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("kind".to_owned(), self.kind.into());
        let texts = [
            ("name", &self.name),
            ("of", &self.of),
            ("means", &self.means),
            ("by", &self.by),
            ("category", &self.category),
            ("why", &self.why),
            ("before", &self.before),
            ("example", &self.example),
            ("remedy", &self.remedy),
            ("leave_out", &self.leave_out),
            ("message", &self.message),
        ];
        for (name, text) in texts {
            if !text.is_empty() {
                fields.insert(name.to_owned(), text.as_str().into());
            }
        }
        for (name, list) in
            [("details", &self.details), ("methods", &self.methods), ("see", &self.see)]
        {
            if !list.is_empty() {
                fields.insert(name.to_owned(), json!(list));
            }
        }
        if !self.codes.is_empty() {
            let codes: Vec<Value> =
                self.codes.iter().map(|(http, grpc)| json!({"http": http, "grpc": grpc})).collect();
            fields.insert("codes".to_owned(), codes.into());
        }
        Value::Object(fields)
    }

    /// As text, without a line break at its end.
    pub(super) fn render(&self, width: usize) -> String {
        let what = match self.kind {
            "reason" => "a reason of the framework".to_owned(),
            "error" => format!("an error of {}", self.of),
            "grpc" => "a code of gRPC".to_owned(),
            "http" => "an HTTP status".to_owned(),
            "rule" => format!("a rule of {}", self.of),
            "buf" => "of buf".to_owned(),
            "change" => format!("a change of {}", self.of),
            _ => "an exit code".to_owned(),
        };
        let mut text = format!("{}  {}", Look::Bold.paint(&self.name), Look::Faint.paint(what));
        if !self.means.is_empty() {
            text.push_str("\n\n");
            text.push_str(&indented("", &self.means, width));
        }
        text.push('\n');
        let codes: Vec<String> =
            self.codes.iter().map(|(http, grpc)| format!("HTTP {http}, gRPC {grpc}")).collect();
        let lines = [
            ("category", self.category.clone()),
            ("codes", codes.join("; ")),
            ("message", self.message.clone()),
            ("details", self.details.join(", ")),
            ("methods", self.methods.join(", ")),
            ("who", self.by.clone()),
            (if self.kind == "change" { "who breaks" } else { "why" }, self.why.clone()),
            ("before", self.before.clone()),
            (if self.kind == "change" { "after" } else { "broken by" }, self.example.clone()),
            ("what to do", self.remedy.clone()),
            ("leave out", self.leave_out.clone()),
            ("see", self.see.join(", ")),
        ];
        for (name, told) in lines {
            if !told.is_empty() {
                text.push('\n');
                text.push_str(&indented(name, &told, width));
            }
        }
        text
    }
}

/// Words below each other behind a name.
fn indented(name: &str, words: &str, width: usize) -> String {
    let margin = if name.is_empty() { 2 } else { 2 + NAMES + 2 };
    let room = width.saturating_sub(margin).max(20);
    let lines = wrap(words, room);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        match index {
            0 if name.is_empty() => text.push_str(&format!("  {line}")),
            0 => text
                .push_str(&format!("  {}  {line}", Look::Faint.paint(format!("{name:<NAMES$}")))),
            _ => text.push_str(&format!("\n{:margin$}{line}", "")),
        }
    }
    text
}

pub(super) fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let reasons = super::super::catalogue::all().map(Answer::of);
        let rules = crate::command::proto::explained::all().map(|it| Answer::of_rule(&it));
        for answer in reasons.chain(rules) {
            for width in [60, 80, 100] {
                let text = answer.render(width);
                let text = anstream::adapter::strip_str(&text).to_string();
                for line in text.lines() {
                    assert!(line.chars().count() <= width, "{width}: {line}");
                }
            }
        }
    }
}

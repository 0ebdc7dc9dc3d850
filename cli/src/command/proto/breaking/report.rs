//! What was found, for people and for scripts.

use serde_json::{Value, json};

use crate::command::proto::list;
use crate::protofile::Place;
use crate::shell::Look;

use super::change::{Change, Level};
use super::compare::Finding;

/// Changes of one thing that are one edit stand together.
pub(super) fn text(findings: &[Finding], columns: Option<usize>) -> String {
    let mut lines = Vec::new();
    let is_one = |a: &Finding, b: &Finding| {
        (&a.place, &a.subject, &a.detail, &a.from, &a.to)
            == (&b.place, &b.subject, &b.detail, &b.from, &b.to)
    };
    for edit in findings.chunk_by(is_one) {
        let Some(first) = edit.first() else { continue };
        let gone = if first.is_gone { " (gone)" } else { "" };
        let place = place(&first.place);
        let detail =
            if first.detail.is_empty() { String::new() } else { format!(": {}", first.detail) };
        let text = format!("{}{detail}{gone}{}", first.subject, turn(first));
        let head = format!("{}:", Look::Bold.paint(&place));
        lines.push(list::hang((&head, place.chars().count() + 1), &text, columns));
        for finding in edit {
            let look = match finding.change.level {
                Level::Breaks => Look::Bad,
                Level::Notes => Look::Warn,
            };
            let change = finding.change;
            let text = format!("{}; {}", change.what, change.breaks);
            lines.push(list::line(change.id, look, &text, columns));
        }
        lines.push(list::line("remedy", Look::Good, first.change.remedy, columns));
    }
    lines.join("\n")
}

fn turn(finding: &Finding) -> String {
    match (&finding.from, &finding.to) {
        (Some(from), Some(to)) => format!(": {from} → {to}"),
        (Some(from), None) => format!(": {from}"),
        (None, Some(to)) => format!(": {to}"),
        (None, None) => String::new(),
    }
}

fn place(place: &Place) -> String {
    match place.position {
        Some((line, column)) => format!("{}:{line}:{column}", place.file),
        None => place.file.clone(),
    }
}

/// One object: `against`, `breaking` (how many break somebody) and `findings`.
pub(super) fn json(against: &str, findings: &[Finding]) -> Value {
    let breaking = findings.iter().filter(|it| it.change.level == Level::Breaks).count();
    let findings: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let mut value = kind(finding.change);
            let position = finding.place.position;
            value["subject"] = json!(finding.subject);
            value["detail"] = json!(finding.detail);
            value["from"] = json!(finding.from);
            value["to"] = json!(finding.to);
            value["file"] = json!(finding.place.file);
            value["line"] = json!(position.map(|it| it.0));
            value["column"] = json!(position.map(|it| it.1));
            value["side"] = json!(if finding.is_gone { "old" } else { "new" });
            value
        })
        .collect();
    json!({"against": against, "breaking": breaking, "findings": findings})
}

/// What is always true of a kind of change.
pub(super) fn kind(change: &Change) -> Value {
    json!({
        "id": change.id,
        "category": change.category.name(),
        "level": change.level.name(),
        "what": change.what,
        "breaks": change.breaks,
        "remedy": change.remedy,
    })
}

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::tools::tool;

use super::rules::BREAKING;
use super::{EDITS, Verdict, text, told, verdicts, whole};

/// An edit that buf cannot read: its parser knows no message sets.
pub(super) const UNREADABLE: &str = "message set";

/// buf's rules, with their categories.
pub(super) fn rules(buf: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let folder = tempfile::TempDir::new().expect("a folder");
    let all = told(buf, folder.path(), &["config", "ls-breaking-rules", "--version", "v2"]);
    let rules = all.iter().map(|rule| {
        let categories = rule["categories"].as_array().expect("a list").iter();
        let categories = categories.map(|it| it.as_str().expect("a text").to_owned());
        (text(rule, "id"), categories.collect())
    });
    rules.collect()
}

/// What buf refuses in a category and we let pass; none if we are as strict.
pub(super) fn laxer(
    verdict: &Verdict,
    rules: &BTreeMap<String, BTreeSet<String>>,
) -> Option<String> {
    let lax = [("WIRE", &["WIRE"][..]), ("WIRE_JSON", &["WIRE", "JSON"])];
    lax.into_iter().find_map(|(category, ours)| {
        let is_of = |rule: &&String| rules[*rule].contains(category);
        let theirs: Vec<_> = verdict.buf.iter().filter(is_of).collect();
        let is_judged = verdict.ours.iter().any(|(category, _)| ours.contains(&category.as_str()));
        (!theirs.is_empty() && !is_judged).then(|| format!("{category}: {theirs:?}"))
    })
}

#[test]
fn no_edit_of_the_matrix_passes_that_buf_refuses_on_the_wire_or_in_json() {
    let test = "no_edit_of_the_matrix_passes_that_buf_refuses_on_the_wire_or_in_json";
    let Some(buf) = tool("buf", test) else { return };
    let rules = rules(&buf);
    let (names, edits): (Vec<&str>, Vec<_>) = EDITS
        .iter()
        .filter(|(name, ..)| *name != UNREADABLE)
        .map(|(name, old, new, _)| (*name, (whole(old), whole(new))))
        .unzip();
    let verdicts = verdicts(&buf, &edits);
    let mut seen = BTreeSet::new();
    let mut unseen_by_us = BTreeSet::<&str>::new();
    let mut wrong = Vec::new();
    for (name, verdict) in names.iter().zip(&verdicts) {
        seen.extend(&verdict.buf);
        wrong.extend(laxer(verdict, &rules).map(|it| format!("{name}: {it}")));
        if verdict.ours.is_empty() {
            unseen_by_us.extend(verdict.buf.iter().map(String::as_str));
        }
    }
    assert!(wrong.is_empty(), "we let pass:\n{}", wrong.join("\n"));
    // Of all that it has besides, only what is about code of other languages is found by nothing.
    let of_others = BREAKING.iter().filter(|rule| rule.here.is_empty()).map(|rule| rule.id);
    assert_eq!(
        unseen_by_us.difference(&of_others.collect()).collect::<Vec<_>>(),
        Vec::<&&str>::new()
    );
    let of_callers = rules
        .iter()
        .filter(|(_, categories)| categories.contains("WIRE") || categories.contains("WIRE_JSON"));
    let unshown: Vec<_> =
        of_callers.map(|(rule, _)| rule).filter(|it| !seen.contains(it)).collect();
    assert!(unshown.is_empty(), "no edit of the matrix breaks {unshown:?}");
}

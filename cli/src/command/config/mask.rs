//! Documents as people may see them: without what is secret in them.

use std::collections::BTreeMap;
use std::path::Path;

use bia::config::{Secrets, Setting, Tree};

use super::edit::spans;

/// What stands for a secret that is another one than before.
const ANOTHER: &str = "*** (another one)";

/// The text without its secrets. What is secret and not as in `before` is marked, so that one sees that
/// it differs.
pub(super) fn masked(name: &str, text: &str, before: Option<&str>) -> String {
    let before: BTreeMap<String, String> = before
        .map(|before| secrets(name, before))
        .unwrap_or_default()
        .into_iter()
        .map(|it| (it.key().to_owned(), it.text(Secrets::Revealed).to_owned()))
        .collect();
    let secrets = secrets(name, text);
    let keys: Vec<&str> = secrets.iter().map(Setting::key).collect();
    let mut found: Vec<_> = spans(name, text, &keys).into_iter().zip(&secrets).collect();
    // From the end on, so that what is left keeps its place.
    found.sort_by_key(|(span, _)| std::cmp::Reverse(span.as_ref().map(|it| it.start)));
    let mut masked = text.to_owned();
    for (span, secret) in found {
        let is_another =
            before.get(secret.key()).is_some_and(|before| before != secret.text(Secrets::Revealed));
        let shown = if is_another { ANOTHER } else { secret.text(Secrets::Masked) };
        match span.filter(|it| it.end <= masked.len()) {
            Some(span) => masked.replace_range(span, shown),
            None => masked = without_line(&masked, secret.place()),
        }
    }
    masked
}

fn secrets(name: &str, text: &str) -> Vec<Setting> {
    let mut tree = Tree::new();
    if tree.add_file(Path::new(name), text).is_err() {
        return Vec::new();
    }
    let mut settings = tree.settings();
    settings.retain(Setting::is_secret);
    settings
}

/// Where it cannot be told where a secret stands, the rest of the document from its line on is not shown.
fn without_line(text: &str, place: &str) -> String {
    let line = place.rsplit_once(':').and_then(|(_, line)| line.parse::<usize>().ok()).unwrap_or(1);
    let kept: Vec<&str> = text.lines().take(line.saturating_sub(1)).collect();
    format!("{}\n*** (not shown from here on)\n", kept.join("\n"))
}

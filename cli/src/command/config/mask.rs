//! Documents as people may see them: without what is secret in them.

use std::collections::BTreeMap;
use std::path::Path;

use bia::config::{Secrets, Setting, Tree};

use super::edit::spans;

/// What stands for a secret that is another one than before.
const ANOTHER: &str = "*** (another one)";

/// What stands for a document of which nobody can tell what is secret in it.
const UNREADABLE: &str = "*** (it cannot be read as settings: not shown without --reveal)\n";

const REST: &str = "*** (not shown from here on)\n";

/// The text without its secrets. What is secret and not as in `before` is marked, so that one sees that
/// it differs.
pub(super) fn masked(name: &str, text: &str, before: Option<&str>) -> String {
    let Some(secrets) = secrets(name, text) else {
        return UNREADABLE.to_owned();
    };
    let before = before.and_then(|before| self::secrets(name, before)).unwrap_or_default();
    let before: BTreeMap<&str, &str> =
        before.iter().map(|it| (it.key(), it.text(Secrets::Revealed))).collect();
    let keys: Vec<&str> = secrets.iter().map(Setting::key).collect();
    let mut found: Vec<_> = spans(name, text, &keys).into_iter().zip(&secrets).collect();
    // From the end on, so that what is left keeps its place.
    found.sort_by_key(|(span, _)| std::cmp::Reverse(span.as_ref().map(|it| it.start)));
    // Where it cannot be told where a secret stands, nothing is shown from its line on.
    let hidden = found.iter().filter(|(span, _)| span.is_none());
    let end = hidden.map(|(_, secret)| line_of(text, secret.place())).min();
    let mut masked = text[..end.unwrap_or(text.len())].to_owned();
    for (span, secret) in found {
        let Some(span) = span.filter(|it| it.start < masked.len()) else { continue };
        let span = span.start..span.end.min(masked.len());
        let is_another = before
            .get(secret.key())
            .is_some_and(|before| *before != secret.text(Secrets::Revealed));
        let shown = if is_another { ANOTHER } else { secret.text(Secrets::Masked) };
        masked.replace_range(span, shown);
    }
    if end.is_some() {
        masked.push_str(REST);
    }
    masked
}

/// What is secret in a document; none if that cannot be told.
fn secrets(name: &str, text: &str) -> Option<Vec<Setting>> {
    let mut tree = Tree::new();
    tree.add_file(Path::new(name), text).ok()?;
    let mut settings = tree.settings();
    settings.retain(Setting::is_secret);
    Some(settings)
}

/// Where the line begins that a place names: `app.yaml:3`.
fn line_of(text: &str, place: &str) -> usize {
    let line = place.rsplit_once(':').and_then(|(_, line)| line.parse::<usize>().ok()).unwrap_or(1);
    text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn secrets_go_and_all_else_stays_however_they_are_written() {
        for (name, text, shown) in [
            ("a.yaml", "a: 1 # x\npassword: 'it''s' # y\n", "a: 1 # x\npassword: *** # y\n"),
            ("a.yaml", "d: {password: d, d: d}\n", "d: {password: ***, d: d}\n"),
            ("a.yaml", "url: pg://u:pw@h/d\n", "url: pg://u:***@h/d\n"),
            ("a.yaml", "token: |\n  one\n  two\nb: 1\n", "token: ***\nb: 1\n"),
            ("a.yaml", "tokens:\n  - one\n  - two\nb: 1\n", "tokens:\n  ***\nb: 1\n"),
            ("a.yaml", "b: 1\na: &t {token: x}\nc: *t\n", "b: 1\n*** (not shown from here on)\n"),
            ("a.yaml", "\u{feff}token: x\n", "\u{feff}token: ***\n"),
            ("a.toml", "a = 1\n[b]\ntoken = \"x\" # y\n", "a = 1\n[b]\ntoken = *** # y\n"),
            ("a.json", "{\"api_key\": \"x\", \"b\": 1}", "{\"api_key\": ***, \"b\": 1}"),
            ("a.yaml", "password: [", super::UNREADABLE),
        ] {
            assert_eq!(masked(name, text, None), shown);
        }
    }

    #[test]
    fn a_secret_that_is_another_one_is_seen_to_be() {
        let of = |text| masked("a.yaml", text, Some("token: one\n"));
        assert_eq!(of("token: one\n"), "token: ***\n");
        assert_eq!(of("token: two\n"), "token: *** (another one)\n");
    }
}

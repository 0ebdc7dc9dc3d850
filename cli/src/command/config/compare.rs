//! Two texts, and what differs between them.

use diffy::DiffOptions;

use crate::shell::Look;

/// What has to be done to `before` to have `after`, as `diff -u` writes it; none if nothing has.
pub(super) fn unified(before: (&str, &str), after: (&str, &str)) -> Option<String> {
    let ((before_name, before), (after_name, after)) = (before, after);
    if before == after {
        return None;
    }
    let mut options = DiffOptions::new();
    options.set_original_filename(before_name.to_owned());
    options.set_modified_filename(after_name.to_owned());
    Some(options.create_patch(before, after).to_string().trim_end().to_owned())
}

/// The same in colours.
pub(super) fn coloured(diff: &str) -> String {
    let line = |line: &str| match line.as_bytes().first() {
        _ if line.starts_with("+++") || line.starts_with("---") => Look::Bold.paint(line),
        Some(b'+') => Look::Good.paint(line),
        Some(b'-') => Look::Bad.paint(line),
        Some(b'@') => Look::Faint.paint(line),
        _ => line.to_owned(),
    };
    diff.lines().map(line).collect::<Vec<_>>().join("\n")
}

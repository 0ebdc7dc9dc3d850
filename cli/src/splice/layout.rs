//! How a text is laid out: what is put in looks the same.

/// What ends most lines.
pub(crate) fn newline(text: &str) -> &'static str {
    let windows = text.matches("\r\n").count();
    if windows * 2 > text.matches('\n').count() { "\r\n" } else { "\n" }
}

/// `text` with the line breaks of `around`.
pub(crate) fn with_newline(text: &str, around: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', newline(around))
}

/// The white space that the line of the byte `at` begins with.
pub(crate) fn indent_at(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = &text[start..];
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    &line[..line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len())]
}

/// Whether only white space stands before the byte `at` on its line.
pub(crate) fn begins_line(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    text[start..at].trim_start_matches('\u{feff}').trim().is_empty()
}

/// What a line has more than the one around it: the smallest indentation there is, and `otherwise`
/// where nothing is indented.
pub(crate) fn step(text: &str, otherwise: &str) -> String {
    let indents = text.lines().filter_map(|line| {
        let rest = line.trim_start_matches([' ', '\t']);
        // Not the ` *` of comments that go over lines.
        let counts = !rest.trim().is_empty() && !rest.starts_with('*');
        let indent = &line[..line.len() - rest.len()];
        if !counts || indent.is_empty() {
            return None;
        }
        Some(if indent.starts_with('\t') { "\t" } else { indent })
    });
    let (tabs, spaces): (Vec<&str>, Vec<&str>) = indents.partition(|it| *it == "\t");
    if tabs.len() > spaces.len() {
        return "\t".to_owned();
    }
    let smallest = spaces.into_iter().filter(|it| it.len() > 1).min_by_key(|it| it.len());
    smallest.filter(|it| it.len() <= 8).unwrap_or(otherwise).to_owned()
}

/// The end of what stands at the byte `at` on its line, comments that begin there included; none if
/// something else follows there.
pub(crate) fn line_end(text: &str, at: usize) -> Option<usize> {
    let mut end = at;
    let mut place = at;
    loop {
        let rest = &text[place..];
        let Some(first) = rest.chars().next() else { return Some(end) };
        if first == '\n' || rest.starts_with("\r\n") {
            return Some(end);
        } else if first.is_whitespace() {
            place += first.len_utf8();
        } else if rest.starts_with("//") {
            let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
            return Some(place + line.trim_end_matches('\r').len());
        } else if rest.starts_with("/*") {
            place += block_comment(rest)?;
            end = place;
        } else {
            return None;
        }
    }
}

/// How long the comment at the beginning of `text` is; they nest.
fn block_comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(found) = text[at..].find(['*', '/']) {
        at += found;
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth = depth.saturating_sub(1);
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += 1;
        }
    }
    None
}

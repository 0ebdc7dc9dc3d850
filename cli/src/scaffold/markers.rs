//! Leaves out the parts of a template that are not wanted.
//!
//! Markers are comments, whatever the file is: `// @if database`, `# @unless http`, `-- @else`,
//! `<!-- @end -->`. A template compiles with its markers where they are, so what stands in the way of
//! the rest is commented out: `//| let yaml = "";` loses its `//| ` when its part is wanted.

/// What comments begin with in the files that templates have.
const LEADERS: [&str; 4] = ["//", "#", "--", "<!--"];

enum Line<'a> {
    Marker(&'a str),
    /// What is behind the bar, with the indentation in front.
    Held {
        indent: &'a str,
        text: &'a str,
    },
    Plain,
}

/// A part that has begun.
struct Part {
    /// Whether the part around it is wanted.
    around: bool,
    wanted: bool,
}

/// `text` with the parts for which `holds`, and without markers.
///
/// # Errors
///
/// Markers that do not fit together: says on which line.
pub(super) fn apply(text: &str, holds: impl Fn(&str) -> bool) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut parts: Vec<Part> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let wanted = parts.last().is_none_or(|part| part.wanted);
        match read(line) {
            Line::Marker(marker) => {
                let wrong = || format!("line {}: `{marker}` fits nothing", index + 1);
                match marker.split_once(' ').unwrap_or((marker, "")) {
                    ("if", what) => {
                        parts.push(Part { around: wanted, wanted: wanted && holds(what) });
                    }
                    ("unless", what) => {
                        parts.push(Part { around: wanted, wanted: wanted && !holds(what) });
                    }
                    ("else", "") => {
                        let part = parts.last_mut().ok_or_else(wrong)?;
                        part.wanted = part.around && !part.wanted;
                    }
                    ("end", "") => {
                        parts.pop().ok_or_else(wrong)?;
                    }
                    _ => return Err(wrong()),
                }
            }
            Line::Held { indent, text } if wanted => {
                // No space is left over on a line of nothing else.
                out.push_str(if text.is_empty() { "" } else { indent });
                out.push_str(text);
                out.push('\n');
            }
            Line::Plain if wanted => {
                out.push_str(line);
                out.push('\n');
            }
            Line::Held { .. } | Line::Plain => {}
        }
    }
    if parts.is_empty() { Ok(out) } else { Err("a part has no `end`".to_owned()) }
}

fn read(line: &str) -> Line<'_> {
    let text = line.trim_start();
    let indent = line.strip_suffix(text).unwrap_or_default();
    for leader in LEADERS {
        let Some(rest) = text.strip_prefix(leader) else { continue };
        let rest = if leader == "<!--" { rest.trim_end().trim_end_matches("-->") } else { rest };
        if let Some(marker) = rest.strip_prefix(" @") {
            return Line::Marker(marker.trim());
        }
        if let Some(held) = rest.strip_prefix('|') {
            return Line::Held { indent, text: held.strip_prefix(' ').unwrap_or(held).trim_end() };
        }
    }
    Line::Plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, parts: &[&str]) -> String {
        apply(text, |part| parts.contains(&part)).expect("markers that fit")
    }

    #[test]
    fn a_part_is_there_or_not_and_its_markers_never_are() {
        let rust = "a\n    // @if x\n    b\n    // @else\n    //| c\n    // @end\nd\n";
        assert_eq!(with(rust, &["x"]), "a\n    b\nd\n");
        assert_eq!(with(rust, &[]), "a\n    c\nd\n");
        assert_eq!(with("# @unless x\n#|\n#| [w]\n# @end\n", &[]), "\n[w]\n");
        let page = "<!-- @if x -->\n# Title\n<!-- @else -->\n<!--| none -->\n<!-- @end -->\n";
        assert_eq!(with(page, &["x"]), "# Title\n");
        assert_eq!(with(page, &[]), "none\n");
    }

    #[test]
    fn a_part_in_a_part_needs_both() {
        let text = "-- @if x\n-- @if y\nboth\n-- @else\nonly x\n-- @end\n-- @end\n";
        assert_eq!(with(text, &["x", "y"]), "both\n");
        assert_eq!(with(text, &["x"]), "only x\n");
        assert_eq!(with(text, &["y"]), "");
    }

    #[test]
    fn markers_that_do_not_fit_are_told_with_their_line() {
        for (text, told) in
            [("a\n// @end\n", "line 2"), ("# @fi x\n", "line 1"), ("# @if x\n", "end")]
        {
            let error = apply(text, |_| true).expect_err(text);
            assert!(error.contains(told), "{error}");
        }
    }
}

//! Code in the documentation is code that is compiled: a block under `<!-- from FILE -->` stands in that file.
//!
//! A line `// …` leaves out what stands between. Indentation does not count, so that a method can be
//! shown without what is around it.

use super::Finding;
use super::source::Source;

const MARK: &str = "<!-- from ";
const OMISSION: &str = "// …";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| source.path.ends_with(".md"))
        .flat_map(|page| quotes(page).into_iter().filter_map(|quote| judge(page, &quote, sources)))
        .collect()
}

struct Quote<'a> {
    file: &'a str,
    line: usize,
    code: Vec<&'a str>,
}

fn quotes(page: &Source) -> Vec<Quote<'_>> {
    let mut quotes = Vec::new();
    let mut lines = page.text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let mark = line.trim().strip_prefix(MARK).and_then(|rest| rest.strip_suffix(" -->"));
        let Some(file) = mark else { continue };
        let code = lines
            .by_ref()
            .skip_while(|(_, line)| !line.starts_with("```"))
            .skip(1)
            .take_while(|(_, line)| !line.starts_with("```"))
            .map(|(_, line)| line.trim())
            .filter(|line| !line.is_empty())
            .collect();
        quotes.push(Quote { file, line: index + 1, code });
    }
    quotes
}

fn judge(page: &Source, quote: &Quote<'_>, sources: &[Source]) -> Option<Finding> {
    let finding =
        |what| Some(Finding { path: page.path.clone(), line: quote.line, rule: "quote", what });
    let Some(file) = sources.iter().find(|source| source.path == quote.file) else {
        return finding(format!("there is no file {}", quote.file));
    };
    let lines: Vec<&str> =
        file.text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut rest = lines.as_slice();
    for piece in quote.code.split(|line| *line == OMISSION).filter(|piece| !piece.is_empty()) {
        let Some(at) = rest.windows(piece.len()).position(|window| window == piece) else {
            let first = piece.first().copied().unwrap_or_default();
            return finding(format!(
                "`{first}` and what follows it does not stand in {}",
                quote.file
            ));
        };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    fn found(page: &str) -> Vec<usize> {
        let code = "fn a() {\n    one();\n\n    two();\n    three();\n}\n";
        let sources = [Source::new("docs/a.md", page), Source::new("x/a.rs", code)];
        check(&sources).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_quote_that_stands_in_its_file_is_fine_with_gaps_and_without_indentation() {
        let page = "# A\n\n<!-- from x/a.rs -->\n```rust\none();\ntwo();\n```\n\n<!-- from x/a.rs -->\n\n```rust\nfn a() {\n    // …\n    three();\n}\n```\n";
        assert_eq!(found(page), [0; 0]);
    }

    #[test]
    fn a_quote_that_does_not_is_told_where_it_stands() {
        assert_eq!(found("\n<!-- from x/a.rs -->\n```rust\none();\nthree();\n```\n"), [2]);
        assert_eq!(found("<!-- from x/a.rs -->\n```\nthree();\n// …\none();\n```\n"), [1]);
        assert_eq!(found("<!-- from x/b.rs -->\n```\none();\n```\n"), [1]);
    }
}

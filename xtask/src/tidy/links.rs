//! A link from one page to another leads somewhere.

use super::Finding;
use super::source::Source;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for page in sources.iter().filter(|source| source.path.ends_with(".md")) {
        let mut is_code = false;
        for (index, line) in page.text.lines().enumerate() {
            is_code ^= line.trim_start().starts_with("```");
            let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            for link in links.filter(|link| !is_code && !is_elsewhere(link)) {
                if let Some(what) = wrong(page, link, sources) {
                    findings.push(Finding {
                        path: page.path.clone(),
                        line: index + 1,
                        rule: "link",
                        what,
                    });
                }
            }
        }
    }
    findings
}

fn is_elsewhere(link: &str) -> bool {
    link.contains("://") || link.starts_with("mailto:")
}

/// What is wrong with a link on `page`; none if it leads somewhere.
fn wrong(page: &Source, link: &str, sources: &[Source]) -> Option<String> {
    let (file, part) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { page.path.clone() } else { resolve(&page.path, file) };
    if !exists(&target, sources) {
        return Some(format!("there is no {target}"));
    }
    let target = sources.iter().find(|source| source.path == target)?;
    if part.is_empty() || !target.path.ends_with(".md") {
        return None;
    }
    let is_there = headings(&target.text).any(|heading| anchor(heading) == part);
    (!is_there).then(|| format!("{} has no heading for #{part}", target.path))
}

/// The headings of a page, without their marks.
fn headings(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter_map(move |line| {
        is_code ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        (!is_code && heading.len() < line.len() && heading.starts_with(' ')).then(|| heading.trim())
    })
}

/// What a heading is called in a link, by mdBook and by those who show a repository alike.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// What a link on the page `from` leads to, as seen from the repository.
fn resolve(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn exists(target: &str, sources: &[Source]) -> bool {
    let folder = format!("{target}/");
    sources.iter().any(|source| source.path == target || source.path.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    #[test]
    fn a_link_to_nowhere_is_told_and_others_are_left_alone() {
        let page = "[a](b.md#a-part-of-b) [b](../x/) [c](https://example.com/no.md) [d](#here)\n\
                    ```\n[e](no.md)\n# Not here\n```\n[f](no.md) [g](../../up.md)\n\
                    ## Here\n[h](b.md#part) [i](#not-here)\n";
        let sources = [
            Source::new("docs/a.md", page),
            Source::new("docs/b.md", "# `B`\n### A `part` of B!\n"),
            Source::new("x/y.rs", ""),
        ];
        let found: Vec<_> =
            check(&sources).into_iter().map(|finding| (finding.line, finding.what)).collect();
        let expected = [
            (6, "there is no docs/no.md".to_owned()),
            (6, "there is no up.md".to_owned()),
            (8, "docs/b.md has no heading for #part".to_owned()),
            (8, "docs/a.md has no heading for #not-here".to_owned()),
        ];
        assert_eq!(found, expected);
    }
}

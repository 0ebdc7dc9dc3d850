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
            for link in links.filter(|link| !is_code && is_relative(link)) {
                let file = link.split('#').next().unwrap_or_default();
                let target = resolve(&page.path, file);
                if !exists(&target, sources) {
                    findings.push(Finding {
                        path: page.path.clone(),
                        line: index + 1,
                        rule: "link",
                        what: format!("there is no {target}"),
                    });
                }
            }
        }
    }
    findings
}

fn is_relative(link: &str) -> bool {
    !link.contains("://") && !link.starts_with('#') && !link.starts_with("mailto:")
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
        let page = "[a](b.md#part) [b](../x/) [c](https://example.com/no.md) [d](#here)\n\
                    ```\n[e](no.md)\n```\n[f](no.md) [g](../../up.md)\n";
        let sources = [
            Source::new("docs/a.md", page),
            Source::new("docs/b.md", ""),
            Source::new("x/y.rs", ""),
        ];
        let found: Vec<_> =
            check(&sources).into_iter().map(|finding| (finding.line, finding.what)).collect();
        let expected =
            [(5, "there is no docs/no.md".to_owned()), (5, "there is no up.md".to_owned())];
        assert_eq!(found, expected);
    }
}

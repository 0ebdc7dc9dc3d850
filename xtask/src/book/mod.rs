//! `cargo xtask book`: the book as mdBook makes it, and whether it is whole.

mod page;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::error::{About as _, Error, Result};
use crate::exec::words;
use crate::root::{Cache, empty_folder, repository, target};
use crate::servers::{self, MDBOOK};
use crate::ui;

use page::Page;

/// Pages that mdBook makes of the others.
const MADE: [&str; 3] = ["404.html", "print.html", "toc.html"];

/// Builds the book into `target/book` and looks at it; mdBook is installed if it is not there.
///
/// # Errors
///
/// mdBook cannot be had, fails or warns; a page is missing, a link leads nowhere, or HTML stands where
/// text was meant.
pub(crate) fn main() -> Result<()> {
    let cache = Cache::open()?;
    if let Some(missing) = servers::install(&cache, &[&MDBOOK])?.pop() {
        return Err(Error::new(format!("mdBook is not installed: {}", missing.why)));
    }
    let program = cache.find("mdbook").ok_or_else(|| Error::new("mdBook is not installed"))?;
    let book = target("book");
    empty_folder(&book)?;
    let mut build = Command::new(program);
    build.arg("build").arg(repository().join("docs")).arg("--dest-dir").arg(&book);
    let output = build.output().about(|| format!("run `{}`", words(&build)))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let is_complaint = |line: &&str| line.contains("WARN") || line.contains("ERROR");
    let complaints: Vec<&str> = said.lines().filter(is_complaint).collect();
    if !output.status.success() || !complaints.is_empty() {
        return Err(Error::new(format!("mdBook complains:\n{}", said.trim())));
    }
    let source = repository().join("docs/src");
    let summary = read(&source.join("SUMMARY.md"))?;
    let (mut written, mut files) = (Vec::new(), Vec::new());
    files_below(&source, "", &mut written)?;
    files_below(&book, "", &mut files)?;
    let mut pages = BTreeMap::new();
    for file in files.iter().filter(|file| file.ends_with(".html")) {
        pages.insert(file.clone(), Page::read(&read(&book.join(file))?));
    }
    let index = files.iter().find(|file| file.starts_with("searchindex") && file.ends_with(".js"));
    let index = index.map_or_else(|| Ok(String::new()), |file| read(&book.join(file)))?;
    let mut faults = faults(&summary, &files, &pages, &index);
    faults.extend(forgotten(&summary, &written));
    if !faults.is_empty() {
        return Err(Error::new(format!("the book is not whole:\n{}", faults.join("\n"))));
    }
    ui::say(format_args!("{} pages in {}", linked(&summary).count(), book.display()));
    Ok(())
}

/// The pages that a summary names, as mdBook calls them.
fn linked(summary: &str) -> impl Iterator<Item = String> {
    let links = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    links.filter_map(|link| Some(format!("{}.html", link.strip_suffix(".md")?)))
}

/// Pages that were written and are in no book.
fn forgotten(summary: &str, written: &[String]) -> Vec<String> {
    let is_linked = |file: &&String| summary.contains(&format!("]({file})"));
    let pages = written.iter().filter(|file| file.ends_with(".md") && *file != "SUMMARY.md");
    let forgotten = pages.filter(|file| !is_linked(file));
    forgotten.map(|file| format!("{file}: not named by SUMMARY.md")).collect()
}

fn faults(
    summary: &str,
    files: &[String],
    pages: &BTreeMap<String, Page>,
    index: &str,
) -> Vec<String> {
    let mut faults = Vec::new();
    for page in linked(summary) {
        if !pages.contains_key(&page) {
            faults.push(format!("{page}: named by SUMMARY.md and not there"));
        } else if !index.contains(&format!("\"{page}#")) {
            faults.push(format!("{page}: the search does not know it"));
        }
    }
    for (name, page) in pages.iter().filter(|(name, _)| !MADE.contains(&name.as_str())) {
        for tag in &page.foreign {
            faults.push(format!("{name}: <{tag}> is no Markdown: put it into backticks"));
        }
        for link in &page.links {
            let (file, part) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { name.clone() } else { page::resolve(name, file) };
            match pages.get(&target) {
                Some(there) if !part.is_empty() && !there.ids.contains(part) => {
                    faults.push(format!("{name}: {link} leads to no part of {target}"));
                }
                None if !files.contains(&target) => {
                    faults.push(format!("{name}: {link} leads out of the book"));
                }
                _ => {}
            }
        }
    }
    faults
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).about(|| format!("read {}", file.display()))
}

/// Every file below `folder`, by its path there.
fn files_below(folder: &Path, prefix: &str, files: &mut Vec<String>) -> Result<()> {
    let about = || format!("look through {}", folder.display());
    for entry in std::fs::read_dir(folder).about(about)? {
        let entry = entry.about(about)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files_below(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_in_a_book_is_told() {
        let page = |main: &str| Page::read(&format!("<nav href=\"x\"><main>{main}</main><b>"));
        let pages = [
            (
                "a.html",
                page("<h1 id=\"one\">1</h1><a href=\"b/c.html#two\">2</a><a href='https://x'>"),
            ),
            (
                "b/c.html",
                page("<a href=\"../a.html#one\"><a href=\"#no\"><a href=\"../../up.html\"><name>"),
            ),
            ("print.html", page("<a href=\"no.html\">")),
        ];
        let pages: BTreeMap<String, Page> =
            pages.into_iter().map(|(name, page)| (name.to_owned(), page)).collect();
        let files: Vec<String> = pages.keys().cloned().collect();
        let summary = "[A](a.md)\n- [C](b/c.md)\n- [D](d.md)\n";
        let found = faults(summary, &files, &pages, "[\"a.html#one\"]");
        let expected = [
            "b/c.html: the search does not know it",
            "d.html: named by SUMMARY.md and not there",
            "a.html: b/c.html#two leads to no part of b/c.html",
            "b/c.html: <name> is no Markdown: put it into backticks",
            "b/c.html: #no leads to no part of b/c.html",
            "b/c.html: ../../up.html leads out of the book",
        ];
        assert_eq!(found, expected);
        let written = ["SUMMARY.md", "a.md", "b/e.md", "book.js"].map(str::to_owned);
        assert_eq!(forgotten(summary, &written), ["b/e.md: not named by SUMMARY.md"]);
    }
}

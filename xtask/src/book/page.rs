//! A page as mdBook writes it: what it links to, what can be linked to in it, and what it is made of.

use std::collections::BTreeSet;

/// What mdBook makes of Markdown. Any other tag was text that looked like one.
const MARKDOWN: [&str; 26] = [
    "a", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "hr", "img", "input", "li", "main",
    "ol", "p", "pre", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
];

#[derive(Debug, Default)]
pub(super) struct Page {
    /// Links within the book, as they stand in the text of the page.
    pub(super) links: Vec<String>,
    pub(super) ids: BTreeSet<String>,
    /// Tags that Markdown has not.
    pub(super) foreign: BTreeSet<String>,
}

impl Page {
    /// Takes in the text of a page, and not what stands around it.
    pub(super) fn read(html: &str) -> Self {
        let start = html.find("<main").unwrap_or(0);
        let end = html.find("</main>").unwrap_or(html.len());
        let mut page = Self::default();
        for tag in html.get(start..end).unwrap_or_default().split('<').skip(1) {
            let Some((tag, _)) = tag.split_once('>') else { continue };
            let name = tag.trim_start_matches('/').split(|c: char| c.is_whitespace() || c == '/');
            let name = name.into_iter().next().unwrap_or_default().to_lowercase();
            // Comments are seen by nobody.
            if !name.starts_with('!') && !MARKDOWN.contains(&name.as_str()) {
                page.foreign.insert(name);
            }
            page.ids.extend(attribute(tag, "id"));
            let link = attribute(tag, "href").or_else(|| attribute(tag, "src"));
            page.links.extend(link.filter(|it| !it.contains("://") && !it.starts_with("mailto:")));
        }
        page
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}="))?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = rest.get(1..)?.split(quote).next()?;
    Some(value.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

/// What a link of the page `from` leads to, as seen from the book's folder; above it, that begins with `..`.
pub(super) fn resolve(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match (part, parts.last()) {
            ("." | "", _) => {}
            ("..", Some(last)) if *last != ".." => drop(parts.pop()),
            (name, _) => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::{Page, resolve};

    #[test]
    fn a_page_is_what_stands_in_its_main_part() {
        let page = Page::read(
            "<a href=\"around.html\"><main><h1 id=\"clients&lt;name&gt;\"><!-- a --><a class=\"header\" href='x.html#y'>\
             </a></h1><br /><T></main><script>",
        );
        assert_eq!(page.links, ["x.html#y"]);
        assert!(page.ids.contains("clients<name>"));
        assert_eq!(page.foreign.into_iter().collect::<Vec<_>>(), ["t"]);
    }

    #[test]
    fn a_link_leads_from_the_folder_of_its_page() {
        assert_eq!(resolve("a/b.html", "../c/./d.html"), "c/d.html");
        assert_eq!(resolve("a/b.html", "../../up.html"), "../up.html");
        assert_eq!(resolve("a.html", "b.html"), "b.html");
    }
}

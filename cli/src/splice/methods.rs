//! Where in an `impl` new methods go.

use syn::spanned::Spanned as _;
use syn::{AttrStyle, ImplItem, ItemImpl};

use super::layout::{begins_line, indent_at, line_end, step};
use super::{Insertions, Source, with_newline};

/// How the methods of an `impl` are indented: the white space in front of a method, and what a line has
/// more than the one around it.
pub(crate) fn indentation(source: &Source, item: &ItemImpl) -> (String, String) {
    let text = &source.text;
    let around = indent_at(text, source.range(item.span()).start);
    let own = item.items.iter().find_map(|it| {
        let start = source.range(it.span()).start;
        begins_line(text, start).then(|| indent_at(text, start))
    });
    match own {
        Some(own) if own.len() > around.len() && own.starts_with(around) => {
            (own.to_owned(), own[around.len()..].to_owned())
        }
        Some(own) if !own.is_empty() => (own.to_owned(), step(text, "    ")),
        _ => {
            let step = step(text, "    ");
            (format!("{around}{step}"), step)
        }
    }
}

/// Puts methods into `item`, behind its item number `behind`, or before all of its items. `write` is
/// given how they are indented, and hands each back with a line break behind each of its lines.
pub(crate) fn add_methods(
    source: &Source,
    item: &ItemImpl,
    behind: Option<usize>,
    write: impl FnOnce(&str, &str) -> Vec<String>,
    insertions: &mut Insertions,
) {
    let text = &source.text;
    let (indent, step) = indentation(source, item);
    let methods = write(&indent, &step).join("\n");
    let methods = methods.trim_end_matches('\n');
    let around = indent_at(text, source.range(item.span()).start);
    let close = source.range(item.brace_token.span.close()).start;

    let (at, piece) = if let Some(before) = behind.and_then(|index| item.items.get(index)) {
        after(text, source.range(before.span()).end, close, methods, around)
    } else {
        let inner = item.attrs.iter().filter(|it| matches!(it.style, AttrStyle::Inner(_)));
        let ends = inner.map(|it| source.range(it.span()).end);
        let open = source.range(item.brace_token.span.open()).end;
        let top = ends.fold(open, usize::max);
        match item.items.first() {
            Some(_) => first(text, top, methods, &indent),
            None => only(text, top, close, methods, around),
        }
    };
    insertions.add(at, with_newline(&piece, text));
}

/// Behind an item that ends at `end`, and what is noted behind it on its line.
fn after(text: &str, end: usize, close: usize, methods: &str, around: &str) -> (usize, String) {
    match line_end(text, end).filter(|end| *end < close) {
        Some(end) => (end, format!("\n\n{methods}")),
        // The brace that closes stands on the same line, or another item does.
        None if text[end..close].trim().is_empty() => (end, format!("\n\n{methods}\n{around}")),
        None => (end, format!("\n\n{methods}\n\n{around}")),
    }
}

/// Before all items, behind the brace that opens at `top`.
fn first(text: &str, top: usize, methods: &str, indent: &str) -> (usize, String) {
    match line_end(text, top) {
        Some(end) => (end, format!("\n{methods}\n")),
        None => (top, format!("\n{methods}\n\n{indent}")),
    }
}

/// Into braces without any item, which may hold comments.
pub(super) fn only(
    text: &str,
    top: usize,
    close: usize,
    methods: &str,
    around: &str,
) -> (usize, String) {
    let inside = &text[top..close];
    let comments = top + inside.trim_end().len();
    match text[comments..close].find('\n') {
        // In front of the line of the brace that closes.
        Some(_) => (comments, format!("\n{methods}")),
        None => (close, format!("\n{methods}\n{around}")),
    }
}

/// The names that macros among the items of `item` speak of: they may stand for methods.
pub(crate) fn spoken_of_by_macros(item: &ItemImpl) -> Vec<String> {
    fn gather(stream: proc_macro2::TokenStream, names: &mut Vec<String>) {
        for token in stream {
            match token {
                proc_macro2::TokenTree::Ident(name) => names.push(name.to_string()),
                proc_macro2::TokenTree::Group(group) => gather(group.stream(), names),
                _ => {}
            }
        }
    }
    let mut names = Vec::new();
    for it in &item.items {
        if let ImplItem::Macro(it) = it {
            gather(it.mac.tokens.clone(), &mut names);
        }
    }
    names
}

//! The reference of the settings, written from the documentation of the types that hold them.
//!
//! What a setting means is said once, beside its field. This reads those lines: from the type
//! `Settings` of the framework on, section by section, into one page of the book.

use std::collections::BTreeMap;
use std::path::Path;

use crate::effects::Effects;
use crate::error::{About as _, Error, Result};
use crate::root::repository;
use crate::ui;

const PAGE: &str = "docs/src/reference/settings.md";
const ROOT: &str = "Settings";
const HEAD: &str = "\
<!-- Written by `cargo xtask gen` from the documentation of the settings' types. Edit it there. -->

# Settings

Every setting of the framework with its default. Later layers win: defaults, `configs/app.yaml`, `configs/app.{env}.yaml`,
variables (`BIA_SERVER__ADDRESS` is `server.address`), `--set server.address=…`. A service's own sections stand beside
these. `--print-config` shows what is in force and where each value came from.

Durations are written `250ms`, `10s`, `5m`, `1h`.

Settings can be changed while the service runs. Of each it is said when a change takes effect: *at once*, which is from
the next call on; *for new connections*, while those that are there keep what they have until they are replaced; or
*at the next start*: then a warning tells of it, and `/config` shows it as pending until the service is restarted.
";

/// A type that settings are read into.
#[derive(Debug, PartialEq, Eq)]
enum Type {
    Section {
        doc: String,
        fields: Vec<Field>,
    },
    /// What one setting may be: names with what each means, or in words if it is read by hand.
    Choice {
        doc: String,
        values: Vec<Value>,
    },
}

type Types = BTreeMap<String, Type>;

#[derive(Debug, PartialEq, Eq)]
struct Field {
    name: String,
    kind: String,
    doc: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Value {
    name: String,
    doc: String,
}

/// Writes the page, or with `check` says whether it is stale.
///
/// # Errors
///
/// The framework has no `Settings`, a file cannot be read or written, or with `check` the page is stale.
pub(crate) fn main(check: bool) -> Result<()> {
    let mut types = Types::new();
    read_folder(&repository().join("framework/src"), &mut types)?;
    let page = render(&types, &Effects::read()?)?;
    let file = repository().join(PAGE);
    let old = std::fs::read_to_string(&file).unwrap_or_default();
    if old == page {
        return Ok(());
    }
    if check {
        return Err(Error::new(format!("{PAGE} is stale")).with_hint("run `cargo xtask gen`"));
    }
    crate::root::write(&file, page)?;
    ui::say(format_args!("wrote {PAGE}"));
    Ok(())
}

fn read_folder(folder: &Path, types: &mut Types) -> Result<()> {
    let about = || format!("read {}", folder.display());
    for entry in std::fs::read_dir(folder).about(about)? {
        let path = entry.about(about)?.path();
        if path.is_dir() {
            read_folder(&path, types)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text =
                std::fs::read_to_string(&path).about(|| format!("read {}", path.display()))?;
            types.extend(parse(&text));
        }
    }
    Ok(())
}

/// The types of one file that can be read from settings, as rustfmt lays them out.
fn parse(text: &str) -> Vec<(String, Type)> {
    let mut types = Vec::new();
    let mut open: Option<(String, Type)> = None;
    let (mut doc, mut attributes) = (String::new(), String::new());
    for line in text.lines() {
        let trimmed = line.trim();
        let is_inside_attribute = attributes.matches('[').count() > attributes.matches(']').count();
        if let Some(words) = trimmed.strip_prefix("///") {
            doc.push_str(words.strip_prefix(' ').unwrap_or(words));
            doc.push('\n');
            continue;
        }
        if trimmed.starts_with("#[") || is_inside_attribute {
            attributes.push_str(trimmed);
            continue;
        }
        match &mut open {
            Some(_) if line == "}" => types.extend(open.take()),
            Some((_, Type::Section { fields, .. })) => {
                if let Some((name, kind)) = field(trimmed) {
                    fields.push(Field { name, kind, doc: std::mem::take(&mut doc) });
                }
            }
            Some((_, Type::Choice { values, .. })) => {
                if let Some(name) = trimmed.strip_suffix(',') {
                    let name = if is_plain(name) { snake(name) } else { String::new() };
                    values.push(Value { name, doc: std::mem::take(&mut doc) });
                }
            }
            None => open = begin(line, &doc, &attributes),
        }
        doc.clear();
        attributes.clear();
    }
    types
}

fn begin(line: &str, doc: &str, attributes: &str) -> Option<(String, Type)> {
    let doc = doc.to_owned();
    let name = |prefix: &str| line.strip_prefix(prefix)?.strip_suffix(" {").map(str::to_owned);
    if let Some(name) = name("pub struct ").filter(|name| name.ends_with(ROOT)) {
        let is_read = attributes.contains("Deserialize");
        return is_read.then_some((name, Type::Section { doc, fields: Vec::new() }));
    }
    name("pub enum ").map(|name| (name, Type::Choice { doc, values: Vec::new() }))
}

fn field(line: &str) -> Option<(String, String)> {
    let (name, kind) = line.strip_prefix("pub ")?.strip_suffix(',')?.split_once(": ")?;
    Some((name.strip_prefix("r#").unwrap_or(name).to_owned(), kind.to_owned()))
}

fn is_plain(name: &str) -> bool {
    name.chars().all(|letter| letter.is_ascii_alphanumeric())
}

/// `RoundRobin` as serde writes it: `round_robin`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn render(types: &Types, effects: &Effects) -> Result<String> {
    let mut page = HEAD.to_owned();
    let mut open = vec![(String::new(), ROOT.to_owned())];
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    while let Some((prefix, name)) = open.pop() {
        let Some(Type::Section { doc, fields }) = types.get(&name) else {
            return Err(Error::new(format!("no settings' type `{name}` is in framework/src")));
        };
        if let Some(first) = told.get(&name) {
            page.push_str(&format!(
                "\n## `{prefix}`\n\nWhat [`{first}`](#{}) has, for this one alone.\n",
                first.replace('.', "")
            ));
            continue;
        }
        told.insert(name, prefix.clone());
        if !prefix.is_empty() {
            let doc = doc.strip_prefix("The section `").unwrap_or(doc);
            let doc = doc.split_once("`: ").map_or(doc, |(_, doc)| doc);
            page.push_str(&format!("\n## `{prefix}`\n\n{}", sentence(&plain(doc))));
        }
        let mut inner = Vec::new();
        for field in fields {
            let path = if prefix.is_empty() {
                field.name.clone()
            } else {
                format!("{prefix}.{}", field.name)
            };
            let value = map_value(&field.kind).map(last_name);
            match value.unwrap_or_else(|| last_name(&field.kind)) {
                kind if matches!(types.get(kind), Some(Type::Section { .. })) => {
                    let path = if value.is_some() { format!("{path}.<name>") } else { path };
                    inner.push((path, kind.to_owned()));
                }
                _ => {
                    page.push_str(&setting(&path, field, types));
                    if let Some(effect) = effects.of(&path) {
                        page.push_str(&format!("\nA change takes effect *{effect}*.\n"));
                    }
                }
            }
        }
        // The stack gives the last one first.
        open.extend(inner.into_iter().rev());
    }
    Ok(page)
}

fn setting(path: &str, field: &Field, types: &Types) -> String {
    let mut text = format!("\n### `{path}`\n\n");
    match types.get(last_name(&field.kind)) {
        Some(Type::Choice { values, .. }) if !values.is_empty() && values.iter().all(is_named) => {
            text.push_str(&plain(&field.doc));
            text.push('\n');
            for Value { name, doc } in values {
                let doc = plain(doc).trim().replace('\n', " ");
                text.push_str(&format!("- `{name}`: {doc}\n"));
            }
        }
        Some(Type::Choice { doc, .. }) => {
            text.push_str(&format!("{}\n{}", plain(&field.doc), plain(doc)));
        }
        _ => text.push_str(&format!("*{}*. {}", words(&field.kind), plain(&field.doc))),
    }
    text
}

/// Whether a value is written by its name alone; a type with others is read by hand, and its own
/// documentation says what can be written.
fn is_named(value: &Value) -> bool {
    !value.name.is_empty()
}

fn map_value(kind: &str) -> Option<&str> {
    kind.strip_prefix("BTreeMap<String, ")?.strip_suffix('>')
}

/// The type without the path to it; a type with parameters stays as it is.
fn last_name(kind: &str) -> &str {
    if kind.contains('<') { kind } else { kind.rsplit("::").next().unwrap_or(kind) }
}

/// A Rust type in the words of somebody who writes YAML.
fn words(kind: &str) -> String {
    if let Some(inner) = kind.strip_prefix("Option<").and_then(|kind| kind.strip_suffix('>')) {
        return format!("{}, may be left out", words(inner));
    }
    if let Some(inner) = kind.strip_prefix("Vec<").and_then(|kind| kind.strip_suffix('>')) {
        return format!("list of {}", words(inner));
    }
    if let Some(inner) = map_value(kind) {
        return format!("table of {}", words(inner));
    }
    match kind {
        "Duration" | "Bound" => "duration".to_owned(),
        "String" => "text".to_owned(),
        "Secret" => "text, never printed".to_owned(),
        "PathBuf" => "path".to_owned(),
        "bool" => "true or false".to_owned(),
        "usize" | "u8" | "u16" | "u32" | "u64" => "whole number".to_owned(),
        "f64" | "f32" => "number".to_owned(),
        other => format!("`{}`", last_name(other)),
    }
}

/// Rust's links between items mean nothing in the book: their text stays.
fn plain(doc: &str) -> String {
    let mut text = String::new();
    let mut rest = doc;
    while let Some((before, link)) = rest.split_once("[`") {
        let Some((name, behind)) = link.split_once("`]") else { break };
        text.push_str(&format!("{before}`{name}`"));
        // `[`name`](path)`: the path is one of Rust's.
        rest = match behind.strip_prefix('(').and_then(|target| target.split_once(')')) {
            Some((_, behind)) => behind,
            None => behind,
        };
    }
    text.push_str(rest);
    text
}

fn sentence(doc: &str) -> String {
    let mut letters = doc.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::{Effects, parse, plain, render, words};

    const SOURCE: &str = "\
/// Everything.
#[derive(Clone, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The port.
    pub server: ServerSettings,
    /// Each one.
    pub clients: BTreeMap<String, client::ClientSettings>,
    /// All.
    pub client: ClientSettings,
}

/// The section `server`: where it listens.
#[derive(Deserialize)]
pub struct ServerSettings {
    /// Where; default `0.0.0.0:8000`. See [`Advertise`] and [`x`](crate::x).
    ///
    /// More.
    pub address: String,
    #[serde(with = \"duration\")]
    pub timeout: Duration,
    /// How replies are written.
    pub encoding: Encoding,
    /// Where it is called.
    pub advertise: Advertise,
}

/// How.
#[derive(
    Clone, Deserialize,
)]
#[serde(rename_all = \"snake_case\")]
pub enum Encoding {
    /// As it
    /// is.
    #[default]
    AsIs,
    /// gzip.
    Gzip,
}

/// One of:
///
/// `auto`, or a host.
pub enum Advertise {
    /// The bound one.
    Auto,
    /// This.
    Host(String, Option<u16>),
}

/// Not read from anywhere.
#[derive(Clone)]
pub struct OtherSettings {
    pub a: u8,
}

/// The section `clients`: one callee.
#[derive(Deserialize)]
pub struct ClientSettings {
    /// How many.
    pub max: Option<u32>,
}
";

    #[test]
    fn every_setting_is_on_the_page_under_its_whole_name_with_its_documentation() {
        let effects = Effects::parse("(\"server.timeout\", AtOnce),");
        let page = render(&parse(SOURCE).into_iter().collect(), &effects).expect("a page");
        let body = page.split_once("is restarted.\n").expect("the head").1;
        assert_eq!(
            body,
            "\n## `server`\n\nWhere it listens.\n\n### `server.address`\n\n*text*. Where; default `0.0.0.0:8000`. \
             See `Advertise` and `x`.\n\nMore.\n\n### `server.timeout`\n\n*duration*. \
             \nA change takes effect *at once*.\n\
             \n### `server.encoding`\n\nHow replies are written.\n\n- `as_is`: As it is.\n- `gzip`: gzip.\n\
             \n### `server.advertise`\n\nWhere it is called.\n\nOne of:\n\n`auto`, or a host.\n\
             \n## `clients.<name>`\n\nOne callee.\n\n### `clients.<name>.max`\n\n\
             *whole number, may be left out*. How many.\n\n## `client`\n\n\
             What [`clients.<name>`](#clients<name>) has, for this one alone.\n"
        );
    }

    #[test]
    fn types_and_links_become_words() {
        assert_eq!(words("Vec<String>"), "list of text");
        assert_eq!(words("BTreeMap<String, String>"), "table of text");
        assert_eq!(plain("a [`B::c`], [d]"), "a `B::c`, [d]");
    }

    #[test]
    fn a_framework_without_settings_is_told() {
        let error =
            render(&parse("").into_iter().collect(), &Effects::default()).expect_err("no page");
        assert!(error.to_string().starts_with("no settings' type `Settings`"));
    }
}

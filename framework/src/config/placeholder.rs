use std::cell::{Cell, RefCell};
use std::io::Read as _;

use config::{Map, Value, ValueKind};

use super::invalid::Invalid;
use super::tree::find;
use super::variables::Variables;
use super::yaml;

/// What `${file:/run/secrets/x}` begins with inside.
const FILE: &str = "file";

/// Larger files hold no single value: what Kubernetes takes at most for a secret, in bytes.
const FILE_LIMIT: u64 = 1 << 20;

/// What the origin of a value says that came from a file by reference; between the place where it is
/// referred to and the file.
const FROM_FILE: &str = " from file ";

/// Whether a value of this origin came from a file by reference, so that nobody is to see it.
pub(super) fn is_from_file(origin: Option<&str>) -> bool {
    origin.is_some_and(|origin| origin.contains(FROM_FILE))
}

/// How far settings may refer to settings that refer to settings.
const DEPTH: usize = 8;

/// How long a value may become, in bytes: eight lines that repeat each other a hundred times can be
/// more than any machine holds.
const LONGEST: usize = 1 << 20;

/// How many placeholders one value may come to, for the same reason.
const MOST: usize = 10_000;

/// See [`super::Tree::resolve`].
pub(super) fn resolve(
    table: &mut Map<String, Value>,
    variables: &Variables,
) -> Result<(), Invalid> {
    let whole = table.clone();
    resolve_within(table, &whole, variables)
}

/// The same, of a table that is a part of the `whole` that it may refer to.
pub(super) fn resolve_within(
    table: &mut Map<String, Value>,
    whole: &Map<String, Value>,
    variables: &Variables,
) -> Result<(), Invalid> {
    let scope = Scope { whole, variables, read: RefCell::default(), used: Cell::new(0) };
    let mut faults = Vec::new();
    table.iter_mut().for_each(|(key, value)| scope.value(key, value, &mut faults));
    // Tables have no order of their own.
    faults.sort_by(|a: &Invalid, b| a.key().cmp(&b.key()));
    Invalid::of(faults).map_or(Ok(()), Err)
}

struct Scope<'a> {
    whole: &'a Map<String, Value>,
    variables: &'a Variables,
    /// The files that the value refers to which is being made.
    read: RefCell<Vec<String>>,
    /// How many placeholders the value at hand has come to.
    used: Cell<usize>,
}

impl Scope<'_> {
    fn value(&self, path: &str, value: &mut Value, faults: &mut Vec<Invalid>) {
        let origin = value.origin().map(str::to_owned);
        match &mut value.kind {
            ValueKind::String(text) if text.contains("${") => {
                self.used.set(0);
                let resolved = self.text(text, 0);
                let files = std::mem::take(&mut *self.read.borrow_mut());
                match resolved.map(|resolved| yaml::plain(&resolved)) {
                    Ok(kind) if files.is_empty() => value.kind = kind,
                    Ok(kind) => {
                        let place = origin.unwrap_or_default();
                        let origin = format!("{place}{FROM_FILE}{}", files.join(", "));
                        *value = Value::new(Some(&origin), kind);
                    }
                    Err(what) => faults.push(Invalid::new(path, what).at(origin.as_deref())),
                }
            }
            ValueKind::Table(table) => {
                for (key, value) in table {
                    self.value(&format!("{path}.{key}"), value, faults);
                }
            }
            ValueKind::Array(items) => {
                for (index, value) in items.iter_mut().enumerate() {
                    self.value(&format!("{path}.{index}"), value, faults);
                }
            }
            _ => {}
        }
    }

    fn text(&self, text: &str, depth: usize) -> Result<String, String> {
        if depth > DEPTH {
            return Err(format!("{text:?} refers to itself"));
        }
        self.used.set(self.used.get() + 1);
        if self.used.get() > MOST {
            return Err(format!("comes to more than {MOST} placeholders"));
        }
        let mut resolved = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            // `$${` stands for `${` itself.
            if rest[..start].ends_with('$') {
                resolved.push_str(&rest[..start]);
                resolved.push('{');
                rest = &rest[start + 2..];
                continue;
            }
            resolved.push_str(&rest[..start]);
            let inside = &rest[start + 2..];
            let end = end(inside).ok_or_else(|| format!("${{{inside} has no closing brace"))?;
            resolved.push_str(&self.one(&inside[..end], depth)?);
            if resolved.len() > LONGEST {
                return Err(format!("becomes longer than {} MiB", LONGEST >> 20));
            }
            rest = &inside[end + 1..];
        }
        resolved.push_str(rest);
        Ok(resolved)
    }

    fn one(&self, inside: &str, depth: usize) -> Result<String, String> {
        let (name, default) = match inside.split_once(':') {
            Some((name, default)) => (name.trim(), Some(default)),
            None => (inside.trim(), None),
        };
        if name == FILE
            && let Some(path) = default
        {
            let path = self.text(path, depth + 1)?;
            let held = held(path.trim())?;
            self.read.borrow_mut().push(path.trim().to_owned());
            return Ok(held);
        }
        if let Some(value) = self.variables.get(name) {
            return Ok(value.to_owned());
        }
        match find(self.whole, name).map(|value| &value.kind) {
            Some(ValueKind::String(text)) => return self.text(text, depth + 1),
            Some(ValueKind::Table(_) | ValueKind::Array(_)) => {
                return Err(format!("${{{name}}} is not a single value"));
            }
            None | Some(ValueKind::Nil) => {}
            Some(scalar) => return Ok(scalar.to_string()),
        }
        match default {
            Some(default) => self.text(default, depth + 1),
            None => Err(format!(
                "${{{name}}} has no value: set the variable {name} or write a default, ${{{name}:…}}"
            )),
        }
    }
}

/// What a file holds, without the line end that editors and tools leave behind it.
fn held(path: &str) -> Result<String, String> {
    let unreadable = |why: &dyn std::fmt::Display| {
        format!(
            "cannot read file {path}: {why}: ${{file:…}} takes the path of a file with one value"
        )
    };
    if path.is_empty() {
        return Err(unreadable(&"no path is given"));
    }
    let file = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !file.is_file() {
        return Err(unreadable(&"it is no file"));
    }
    let file = std::fs::File::open(path).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(unreadable(&"it is larger than 1 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_binary| unreadable(&"it is no text"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// Where the brace closes that was open before `inside`.
fn end(inside: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (index, byte) in inside.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' if open == 0 => return Some(index),
            b'}' => open -= 1,
            _ => {}
        }
    }
    None
}

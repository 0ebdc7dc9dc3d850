use std::collections::{HashMap, HashSet};
use std::str::Chars;

use config::{Map, Value, ValueKind};
use yaml_rust2::parser::{Event, Parser, Tag};
use yaml_rust2::scanner::{Marker, ScanError, TScalarStyle};

use super::invalid::Invalid;
use super::tree::DEEPEST;

/// Reads a document whose root is a table; nothing at all is an empty one.
///
/// Every value knows its line, and what is written without quotes keeps the text it was written as
/// (see [`plain`]): that is why the parser's events are read and not its values.
pub(super) fn parse(place: &str, text: &str) -> Result<Map<String, Value>, Invalid> {
    let root = Reader::new(place, text).document()?;
    let found = match root.kind {
        ValueKind::Table(table) => return Ok(table),
        ValueKind::Nil => return Ok(Map::new()),
        ValueKind::Array(_) => "a list",
        _ => "a single value",
    };
    Err(Invalid::whole(place, format!("expected keys with values, found {found}")))
}

/// Reads one value as YAML would inside a list, `[a, b]`.
pub(super) fn parse_value(place: &str, text: &str) -> Result<Value, Invalid> {
    let mut reader = Reader::new(place, text);
    reader.lines = false;
    reader.document()
}

/// What a text without quotes is: a number, a truth value, or itself.
///
/// It is taken for a number only if writing the number gives the same text, so that whoever asks for
/// a string gets what was written: `0123`, `1.10` and `1e3` stay text until a number is asked for.
pub(super) fn plain(text: &str) -> ValueKind {
    match text {
        "true" => return ValueKind::Boolean(true),
        "false" => return ValueKind::Boolean(false),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>()
        && number.to_string() == text
    {
        return ValueKind::I64(number);
    }
    if let Ok(number) = text.parse::<u64>()
        && number.to_string() == text
    {
        return ValueKind::U64(number);
    }
    if text.contains('.')
        && let Ok(number) = text.parse::<f64>()
        && number.to_string() == text
    {
        return ValueKind::Float(number);
    }
    ValueKind::String(text.to_owned())
}

/// How much a document may come to, in bytes, with what its aliases repeat: nine lines of lists that
/// refer to each other can be more than any machine holds.
const HEAVIEST: usize = 32 << 20;

struct Reader<'a> {
    place: &'a str,
    parser: Parser<Chars<'a>>,
    /// Whether a value's origin has its line.
    lines: bool,
    anchors: HashMap<usize, Value>,
    depth: usize,
    weight: usize,
}

impl<'a> Reader<'a> {
    fn new(place: &'a str, text: &'a str) -> Self {
        let parser = Parser::new_from_str(text);
        Self { place, parser, lines: true, anchors: HashMap::new(), depth: 0, weight: 0 }
    }

    fn document(mut self) -> Result<Value, Invalid> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => break,
                (Event::StreamStart | Event::DocumentStart | Event::DocumentEnd, _) => {}
                (_, mark) if root.is_some() => {
                    return Err(self.fault(mark, "expected one document, found another".to_owned()));
                }
                (event, mark) => root = Some(self.value(event, mark)?),
            }
        }
        Ok(root.unwrap_or_default())
    }

    fn next(&mut self) -> Result<(Event, Marker), Invalid> {
        self.parser.next_token().map_err(|error: ScanError| {
            self.fault(*error.marker(), format!("cannot be read as YAML: {}", error.info()))
        })
    }

    fn value(&mut self, event: Event, mark: Marker) -> Result<Value, Invalid> {
        if self.depth > DEEPEST {
            return Err(self.fault(mark, format!("is more than {DEEPEST} levels deep")));
        }
        self.depth += 1;
        let (anchor, kind) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.weigh(PLAIN + text.len(), mark)?;
                (anchor, scalar(text, style, tag.as_ref()))
            }
            Event::SequenceStart(anchor, _) => (anchor, self.list()?),
            Event::MappingStart(anchor, _) => (anchor, self.table()?),
            Event::Alias(anchor) => {
                self.depth -= 1;
                let Some(value) = self.anchors.get(&anchor).cloned() else {
                    let what = "refers to an anchor that is not complete";
                    return Err(self.fault(mark, what.to_owned()));
                };
                self.weigh(weight(&value), mark)?;
                return Ok(value);
            }
            other => return Err(self.fault(mark, format!("unexpected {other:?}"))),
        };
        self.depth -= 1;
        let value = Value::new(Some(&self.origin(mark)), kind);
        if anchor > 0 {
            self.weigh(weight(&value), mark)?;
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn weigh(&mut self, more: usize, mark: Marker) -> Result<(), Invalid> {
        self.weight = self.weight.saturating_add(more);
        if self.weight <= HEAVIEST {
            return Ok(());
        }
        let what = format!("comes to more than {} MiB with what is repeated", HEAVIEST >> 20);
        Err(self.fault(mark, what))
    }

    fn list(&mut self) -> Result<ValueKind, Invalid> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(ValueKind::Array(items)),
                (event, mark) => items.push(self.value(event, mark)?),
            }
        }
    }

    fn table(&mut self) -> Result<ValueKind, Invalid> {
        let mut table = Map::new();
        let mut own = HashSet::new();
        loop {
            let (key, mark) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(ValueKind::Table(table)),
                (Event::Scalar(key, ..), mark) => (key, mark),
                (_, mark) => return Err(self.fault(mark, "expected a key".to_owned())),
            };
            let (event, value_mark) = self.next()?;
            // A table or nothing begins on a line below its key, which is the one people look for.
            let at = if matches!(event, Event::Scalar(..)) { value_mark } else { mark };
            let value = self.value(event, at)?;
            if key == "<<" {
                self.merge(&mut table, &own, value, mark)?;
            } else if own.insert(key.clone()) {
                table.insert(key, value);
            } else {
                return Err(self.fault(mark, format!("the key {key} is there twice")));
            }
        }
    }

    /// `<<: *base`: the keys of another table, unless they are set here.
    fn merge(
        &self,
        table: &mut Map<String, Value>,
        own: &HashSet<String>,
        value: Value,
        mark: Marker,
    ) -> Result<(), Invalid> {
        match value.kind {
            ValueKind::Table(base) => {
                for (key, value) in base {
                    if !own.contains(&key) {
                        table.insert(key, value);
                    }
                }
                Ok(())
            }
            ValueKind::Array(bases) => {
                // The first has precedence, so it comes last.
                bases.into_iter().rev().try_for_each(|base| self.merge(table, own, base, mark))
            }
            _ => Err(self.fault(mark, "expected a table after <<".to_owned())),
        }
    }

    fn origin(&self, mark: Marker) -> String {
        if self.lines { format!("{}:{}", self.place, mark.line()) } else { self.place.to_owned() }
    }

    fn fault(&self, mark: Marker, what: String) -> Invalid {
        Invalid::whole(self.origin(mark), what)
    }
}

/// What a value takes that has no text in it.
const PLAIN: usize = 64;

fn weight(value: &Value) -> usize {
    PLAIN
        + match &value.kind {
            ValueKind::String(text) => text.len(),
            ValueKind::Array(items) => items.iter().map(weight).sum(),
            ValueKind::Table(table) => {
                table.iter().map(|(key, value)| key.len() + weight(value)).sum()
            }
            _ => 0,
        }
}

fn scalar(text: String, style: TScalarStyle, tag: Option<&Tag>) -> ValueKind {
    let is_text = tag.is_some_and(|tag| tag.suffix == "str" || tag.handle == "!");
    match style {
        TScalarStyle::Plain if !is_text => match text.as_str() {
            "" | "~" | "null" => ValueKind::Nil,
            text => plain(text),
        },
        _ => ValueKind::String(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Map<String, Value> {
        parse("f.yaml", text).unwrap()
    }

    #[test]
    fn what_is_written_without_quotes_keeps_its_text() {
        let table = read(
            "a: 0123\nb: 123\nc: 1.10\nd: 1.5\ne: yes\nf: true\ng: ~\nh: '5'\ni: !!str 5\nj: .inf",
        );
        let kinds = [
            ("a", ValueKind::String("0123".into())),
            ("b", ValueKind::I64(123)),
            ("c", ValueKind::String("1.10".into())),
            ("d", ValueKind::Float(1.5)),
            ("e", ValueKind::String("yes".into())),
            ("f", ValueKind::Boolean(true)),
            ("g", ValueKind::Nil),
            ("h", ValueKind::String("5".into())),
            ("i", ValueKind::String("5".into())),
            ("j", ValueKind::String(".inf".into())),
        ];
        for (key, kind) in kinds {
            assert_eq!(table[key].kind, kind, "{key}");
        }
    }

    #[test]
    fn every_value_knows_its_line() {
        let table = read("a: 1\n\nb:\n  c: 2\nd:\n- 1\n");
        assert_eq!(table["a"].origin(), Some("f.yaml:1"));
        assert_eq!(table["b"].origin(), Some("f.yaml:3"));
        assert_eq!(table["d"].origin(), Some("f.yaml:5"));
        let ValueKind::Table(b) = &table["b"].kind else { panic!("{:?}", table["b"]) };
        assert_eq!(b["c"].origin(), Some("f.yaml:4"));
    }

    #[test]
    fn anchors_and_merge_keys_are_understood() {
        let table = read("base: &b {x: 1, y: 2}\nown: {<<: *b, y: 3}\nsame: *b\n");
        let ValueKind::Table(own) = &table["own"].kind else { panic!("{:?}", table["own"]) };
        assert_eq!((own["x"].kind.clone(), own["y"].kind.clone()), (1.into(), 3.into()));
        assert!(matches!(table["same"].kind, ValueKind::Table(_)));
    }

    #[test]
    fn what_cannot_be_read_names_the_line() {
        let table = [
            ("a: 1\nb: [1", "f.yaml:3: cannot be read as YAML: "),
            ("a: 1\na: 2", "f.yaml:2: the key a is there twice"),
            ("- 1", "f.yaml: expected keys with values, found a list"),
            ("just text", "f.yaml: expected keys with values, found a single value"),
            ("a: 1\n---\nb: 2", "expected one document, found another"),
            ("a: *b", "f.yaml:1: cannot be read as YAML: "),
            ("? [a]\n: 1", "expected a key"),
        ];
        for (text, expected) in table {
            let error = parse("f.yaml", text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        assert!(read("").is_empty() && read("# nothing\n").is_empty());
    }
}

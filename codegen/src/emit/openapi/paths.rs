//! Templates of paths, as OpenAPI writes them: each parameter is one part between two slashes.

use crate::model::{Segment, Template, Variable};

use super::node::{Node, Object};

/// A template as a document has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    pub(super) pieces: Vec<Piece>,
    /// What stands behind the last `:`.
    verb: Option<String>,
}

/// What lies between two slashes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Literal(String),
    Parameter(Parameter),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// The variable that it is a part of, by the names of the proto; none of a mere `*`.
    pub(super) field: Option<String>,
    /// The whole of the variable, if this is only a part of it: `shelves/{shelf}/books/{book}`.
    pub(super) part_of: Option<String>,
    /// Whether it may have slashes in it, and may be empty.
    pub(super) is_rest: bool,
}

impl Path {
    /// `json` tells what a field's path is called in JSON.
    pub(super) fn of(template: &Template, json: impl Fn(&str) -> String) -> Self {
        let mut path = Self { pieces: Vec::new(), verb: template.verb.as_deref().map(escaped) };
        for (at, segment) in template.segments.iter().enumerate() {
            let variable = template.variables.iter().find(|one| one.segments.contains(&at));
            let piece = match segment {
                Segment::Literal(text) => Piece::Literal(escaped(text)),
                Segment::One | Segment::Rest => Piece::Parameter(Parameter {
                    name: path.free(path.name(variable, &json)),
                    field: variable.map(|variable| variable.field.clone()),
                    part_of: None,
                    is_rest: *segment == Segment::Rest,
                }),
            };
            path.pieces.push(piece);
        }
        for variable in template.variables.iter().filter(|variable| variable.segments.len() > 1) {
            let pieces = &mut path.pieces[variable.segments.clone()];
            let whole = pieces.iter().map(shown).collect::<Vec<_>>().join("/");
            for piece in pieces {
                if let Piece::Parameter(parameter) = piece {
                    parameter.part_of = Some(whole.clone());
                }
            }
        }
        path
    }

    /// `/v1/users/{id}:archive`.
    pub(super) fn text(&self) -> String {
        let pieces = self.pieces.iter().map(shown).collect::<Vec<_>>().join("/");
        let verb = self.verb.iter().map(|verb| format!(":{verb}")).collect::<String>();
        format!("/{pieces}{verb}")
    }

    /// The same without names: what two paths have in common that a document cannot tell apart.
    pub(super) fn shape(&self) -> String {
        let mut path = self.clone();
        path.parameters_mut().for_each(|parameter| parameter.name.clear());
        path.text()
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Parameter(parameter) => Some(parameter),
        })
    }

    pub(super) fn parameters_mut(&mut self) -> impl Iterator<Item = &mut Parameter> {
        self.pieces.iter_mut().filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Parameter(parameter) => Some(parameter),
        })
    }

    /// What a parameter is to be called: as the field, or, where the field is more than that, as one of
    /// what stands before it: `shelves/*` has a `shelf`.
    fn name(&self, variable: Option<&Variable>, json: impl Fn(&str) -> String) -> String {
        let before = match self.pieces.last() {
            Some(Piece::Literal(text)) => singular(text),
            _ => None,
        };
        match variable {
            Some(variable) if variable.segments.len() == 1 => json(&variable.field),
            Some(variable) => before.unwrap_or_else(|| json(&variable.field)),
            None => before.unwrap_or_else(|| "part".to_owned()),
        }
    }

    /// The name, or with a number if it is taken.
    fn free(&self, name: String) -> String {
        let is_taken = |name: &str| self.parameters().any(|parameter| parameter.name == name);
        if !is_taken(&name) {
            return name;
        }
        (2..).map(|n| format!("{name}{n}")).find(|name| !is_taken(name)).unwrap_or_default()
    }
}

/// The paths of a document with what can be done at each.
#[derive(Debug, Default)]
pub(super) struct Paths(Vec<Item>);

#[derive(Debug)]
struct Item {
    path: Path,
    operations: Object,
}

impl Paths {
    /// Gives the parameters of `path` the names that they have in the document already: of two paths
    /// that differ in these alone, a document can have only one.
    pub(super) fn rename(&self, path: &mut Path) {
        let shape = path.shape();
        if let Some(known) = self.0.iter().find(|item| item.path.shape() == shape) {
            for (parameter, known) in path.parameters_mut().zip(known.path.parameters()) {
                parameter.name.clone_from(&known.name);
            }
        }
    }

    pub(super) fn add(&mut self, path: Path, key: &str, operation: Object) {
        self.item(path).operations.set(key, operation);
    }

    /// Adds what is called by a verb that OpenAPI 3.1 has no place for.
    pub(super) fn add_more(&mut self, path: Path, verb: &str, operation: Object) {
        const KEY: &str = "x-additionalOperations";
        let operations = &mut self.item(path).operations;
        let more = match operations.remove(KEY) {
            Some(Node::Object(more)) => more,
            _ => Object::new(),
        };
        operations.set(KEY, more.with(verb, operation));
    }

    fn item(&mut self, path: Path) -> &mut Item {
        let place = self.0.iter().position(|item| item.path.text() == path.text());
        let place = place.unwrap_or_else(|| {
            self.0.push(Item { path, operations: Object::new() });
            self.0.len() - 1
        });
        &mut self.0[place]
    }

    pub(super) fn finish(self) -> Object {
        self.0
            .into_iter()
            .fold(Object::new(), |all, item| all.with(item.path.text(), item.operations))
    }
}

fn shown(piece: &Piece) -> String {
    match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Parameter(parameter) => format!("{{{}}}", parameter.name),
    }
}

/// `shelves` → `shelf`, `books` → `book`; nothing of what is no plural in letters.
fn singular(word: &str) -> Option<String> {
    if !word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let endings = [("ies", "y"), ("lves", "lf"), ("sses", "ss"), ("xes", "x"), ("s", "")];
    endings
        .iter()
        .find_map(|(plural, one)| Some(format!("{}{one}", word.strip_suffix(plural)?)))
        .filter(|word| !word.is_empty())
}

/// A literal with what cannot stand in a path as escapes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=@".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(segments: &[Segment], variables: &[(&str, std::ops::Range<usize>)]) -> Path {
        let variables = variables.iter().map(|(field, segments)| Variable {
            field: (*field).to_owned(),
            segments: segments.clone(),
        });
        let template = Template {
            text: String::new(),
            segments: segments.to_vec(),
            verb: Some("a b".to_owned()),
            variables: variables.collect(),
        };
        Path::of(&template, |field| field.replace("_id", "Id"))
    }

    fn literal(text: &str) -> Segment {
        Segment::Literal(text.to_owned())
    }

    #[test]
    fn a_variable_of_one_part_is_called_as_its_field_in_json() {
        let path = path(&[literal("v1"), Segment::One], &[("user.the_id", 1..2)]);
        assert_eq!(path.text(), "/v1/{user.theId}:a%20b");
        assert_eq!(path.shape(), "/v1/{}:a%20b");
    }

    #[test]
    fn a_variable_of_many_parts_has_a_parameter_for_each() {
        let segments =
            [literal("shelves"), Segment::One, literal("shelves"), Segment::One, Segment::Rest];
        let path = path(&segments, &[("name", 0..4)]);
        assert_eq!(path.text(), "/shelves/{shelf}/shelves/{shelf2}/{part}:a%20b");
        let parts: Vec<_> = path.parameters().map(|one| one.part_of.as_deref()).collect();
        let whole = Some("shelves/{shelf}/shelves/{shelf2}");
        assert_eq!(parts, [whole, whole, None]);
    }

    #[test]
    fn paths_that_differ_in_names_alone_are_one() {
        let one = path(&[literal("users"), Segment::One], &[("id", 1..2)]);
        let mut other = path(&[literal("users"), Segment::One], &[("user.id", 1..2)]);
        let mut paths = Paths::default();
        paths.add(one, "get", Object::new());
        paths.rename(&mut other);
        assert_eq!(other.parameters().next().map(|one| one.name.as_str()), Some("id"));
        paths.add(other, "patch", Object::new());
        let methods = Object::new().with("get", Object::new()).with("patch", Object::new());
        assert_eq!(paths.finish(), Object::new().with("/users/{id}:a%20b", methods));
    }
}

use http::Method;
use percent_encoding::percent_decode_str;

use super::super::binding::{Binding, Segment, Variable};

/// Which binding a request is for: a tree of the parts of paths, made once.
///
/// A literal comes before a variable, and a variable before the rest of the path; where that leads
/// nowhere the next is tried. Each part of a template is looked at once, so the time of a look-up is
/// bounded by the templates and not by the path. It allocates nothing.
#[derive(Debug)]
pub(crate) struct Router {
    nodes: Vec<Node>,
    /// What may stand behind a `:`.
    suffixes: Vec<&'static str>,
}

#[derive(Debug, Default)]
struct Node {
    /// Sorted.
    literals: Vec<(&'static str, usize)>,
    one: Option<usize>,
    here: Vec<Leaf>,
    rest: Vec<Leaf>,
}

/// Where a template ends.
#[derive(Debug)]
struct Leaf {
    verb: &'static str,
    suffix: Option<&'static str>,
    place: usize,
}

/// Chooses among the templates that end somewhere, of those with a suffix.
type Pick<'a> = dyn FnMut(&[Leaf], Option<&'static str>) -> Option<usize> + 'a;

impl Router {
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::default()], suffixes: Vec::new() }
    }

    /// Adds a binding, which is called `place` from here on.
    ///
    /// # Errors
    ///
    /// If there is one that fits the same requests: its place.
    pub(crate) fn add(&mut self, binding: &Binding, place: usize) -> Result<(), usize> {
        self.add_path(binding, binding.segments.iter().copied(), place)
    }

    /// Adds the path of an operation's name.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub(crate) fn add_name(&mut self, binding: &Binding, place: usize) -> Result<(), usize> {
        let parts = binding.template.split('/').skip(1).map(Segment::Literal);
        self.add_path(binding, parts, place)
    }

    fn add_path(
        &mut self,
        binding: &Binding,
        segments: impl Iterator<Item = Segment>,
        place: usize,
    ) -> Result<(), usize> {
        let (mut at, mut is_rest) = (0, false);
        for segment in segments {
            match segment {
                Segment::Literal(text) => at = self.literal(at, text),
                Segment::One => at = self.one(at),
                Segment::Rest => is_rest = true,
            }
        }
        let Binding { verb, suffix, .. } = *binding;
        let node = &mut self.nodes[at];
        let leaves = if is_rest { &mut node.rest } else { &mut node.here };
        if let Some(first) = leaves.iter().find(|leaf| leaf.verb == verb && leaf.suffix == suffix) {
            return Err(first.place);
        }
        leaves.push(Leaf { verb, suffix, place });
        if let Some(suffix) = suffix
            && !self.suffixes.contains(&suffix)
        {
            self.suffixes.push(suffix);
        }
        Ok(())
    }

    fn literal(&mut self, at: usize, text: &'static str) -> usize {
        match self.nodes[at].literals.binary_search_by_key(&text, |(text, _)| text) {
            Ok(found) => self.nodes[at].literals[found].1,
            Err(place) => {
                let made = self.make();
                self.nodes[at].literals.insert(place, (text, made));
                made
            }
        }
    }

    fn one(&mut self, at: usize) -> usize {
        if let Some(one) = self.nodes[at].one {
            return one;
        }
        let made = self.make();
        self.nodes[at].one = Some(made);
        made
    }

    fn make(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// The place of the binding that a request is for.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<usize> {
        let method = method.as_str();
        self.walk(path, &mut |leaves, suffix| {
            let of =
                |verb: &str| leaves.iter().find(|leaf| leaf.suffix == suffix && leaf.verb == verb);
            let found = of(method)
                .or_else(|| if method == "HEAD" { of("GET") } else { None })
                .or_else(|| of("*"))?;
            Some(found.place)
        })
    }

    /// The verbs that a path can be called with, sorted.
    pub(crate) fn allowed(&self, path: &str) -> Vec<&'static str> {
        let mut verbs = Vec::new();
        self.walk(path, &mut |leaves, suffix| {
            let fit = leaves.iter().filter(|leaf| leaf.suffix == suffix);
            verbs.extend(fit.map(|leaf| leaf.verb));
            // It looks for more, and so through all that fit.
            None
        });
        if verbs.contains(&"GET") {
            verbs.push("HEAD");
        }
        if !verbs.is_empty() {
            verbs.push("OPTIONS");
        }
        verbs.sort_unstable();
        verbs.dedup();
        verbs
    }

    fn walk(&self, path: &str, pick: &mut Pick<'_>) -> Option<usize> {
        let path = parts(path)?;
        let with_suffix = split_suffix(path).and_then(|(stem, text)| {
            Some((stem, *self.suffixes.iter().find(|suffix| is_literal(text, suffix))?))
        });
        if let Some((stem, suffix)) = with_suffix {
            let found = self.step(0, stem, &mut |leaves| pick(leaves, Some(suffix)));
            if found.is_some() {
                return found;
            }
        }
        self.step(0, path, &mut |leaves| pick(leaves, None))
    }

    /// No deeper than the longest template.
    fn step(
        &self,
        at: usize,
        rest: Option<&str>,
        pick: &mut dyn FnMut(&[Leaf]) -> Option<usize>,
    ) -> Option<usize> {
        let node = &self.nodes[at];
        let Some(rest) = rest else {
            return pick(&node.here).or_else(|| pick(&node.rest));
        };
        let (part, more) = match rest.split_once('/') {
            Some((part, more)) => (part, Some(more)),
            None => (rest, None),
        };
        if let Some(next) = node.literal(part) {
            let found = self.step(next, more, pick);
            if found.is_some() {
                return found;
            }
        }
        if let Some(next) = node.one
            && !part.is_empty()
        {
            let found = self.step(next, more, pick);
            if found.is_some() {
                return found;
            }
        }
        pick(&node.rest)
    }
}

impl Node {
    fn literal(&self, part: &str) -> Option<usize> {
        let found = if part.contains('%') {
            self.literals.iter().position(|(text, _)| is_literal(part, text))
        } else {
            self.literals.binary_search_by_key(&part, |(text, _)| text).ok()
        };
        found.map(|found| self.literals[found].1)
    }
}

/// Whether a part of a path says a literal, escaped or not.
fn is_literal(part: &str, text: &str) -> bool {
    percent_decode_str(part).eq(text.bytes())
}

/// What is behind the first slash, without slashes at the end, which nobody means; none for the root,
/// and nothing at all for what is no path.
#[expect(clippy::option_option, reason = "no path, the root, or parts")]
fn parts(path: &str) -> Option<Option<&str>> {
    let path = path.strip_prefix('/')?.trim_end_matches('/');
    Some((!path.is_empty()).then_some(path))
}

/// What stands before and behind the last `:` of the last part.
fn split_suffix(path: Option<&str>) -> Option<(Option<&str>, &str)> {
    let path = path?;
    let last = path.rfind('/').map_or(0, |at| at + 1);
    let colon = last + path[last..].rfind(':')?;
    let stem = &path[..colon];
    // `/:verb` is the root's.
    Some(((!stem.is_empty()).then_some(stem), &path[colon + 1..]))
}

/// The text in a path that the variable of a binding is, escapes and all.
pub(super) fn captured<'a>(path: &'a str, binding: &Binding, variable: &Variable) -> &'a str {
    let Some(Some(path)) = parts(path) else { return "" };
    let path = match (binding.suffix, split_suffix(Some(path))) {
        (Some(_), Some((stem, _))) => stem.unwrap_or_default(),
        _ => path,
    };
    let start = match variable.from.checked_sub(1) {
        None => 0,
        Some(before) => match path.match_indices('/').nth(before) {
            Some((at, _)) => at + 1,
            // A `**` that nothing is left for.
            None => return "",
        },
    };
    let value = &path[start..];
    if binding.segments[..variable.to].last() == Some(&Segment::Rest) {
        return value;
    }
    let end = value.match_indices('/').nth(variable.to - variable.from - 1);
    end.map_or(value, |(at, _)| &value[..at])
}

#[cfg(test)]
mod tests;

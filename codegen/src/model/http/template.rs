//! The grammar of a path template, as `google/api/http.proto` writes it down.
//!
//! ```text
//! Template = "/" Segments [ ":" LITERAL ] ;
//! Segments = Segment { "/" Segment } ;
//! Segment  = "*" | "**" | LITERAL | "{" FieldPath [ "=" Segments ] "}" ;
//! ```

use super::{Segment, Template, Variable};

impl Template {
    /// Reads a template; `/` alone is the root.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(path) = text.strip_prefix('/') else {
            return Err("a path begins with /".to_owned());
        };
        let mut template =
            Self { text: text.to_owned(), segments: Vec::new(), verb: None, variables: Vec::new() };
        if path.is_empty() {
            return Ok(template);
        }
        let (path, verb) = split_verb(path);
        template.verb = verb.map(literal).transpose()?;
        for part in split(path)? {
            match part.strip_prefix('{') {
                Some(inner) => template.variable(inner)?,
                None => template.segments.push(segment(part)?),
            }
        }
        template.check()
    }

    fn variable(&mut self, inner: &str) -> Result<(), String> {
        let Some(inner) = inner.strip_suffix('}') else {
            return Err(
                "a variable is a whole part of the path: nothing stands between } and the \
                        next /"
                    .to_owned(),
            );
        };
        let (field, pattern) = inner.split_once('=').unwrap_or((inner, "*"));
        if !field.split('.').all(is_name) {
            return Err(format!("{{{field}}} is no name of a field"));
        }
        let from = self.segments.len();
        for part in pattern.split('/') {
            self.segments.push(segment(part)?);
        }
        let segments = from..self.segments.len();
        self.variables.push(Variable { field: field.to_owned(), segments });
        Ok(())
    }

    fn check(self) -> Result<Self, String> {
        let rest = self.segments.iter().position(|segment| *segment == Segment::Rest);
        if rest.is_some_and(|at| at + 1 < self.segments.len()) {
            return Err("** takes all that is left of the path: nothing can follow it but a :verb"
                .to_owned());
        }
        Ok(self)
    }
}

/// What stands behind the last `:` that is in no variable.
fn split_verb(path: &str) -> (&str, Option<&str>) {
    let last = path.rfind(['/', '}']).map_or(0, |at| at + 1);
    match path[last..].find(':') {
        Some(at) => (&path[..last + at], Some(&path[last + at + 1..])),
        None => (path, None),
    }
}

/// Between the slashes that are in no variable.
fn split(path: &str) -> Result<Vec<&str>, String> {
    let (mut parts, mut from, mut is_open) = (Vec::new(), 0, false);
    for (at, char) in path.char_indices() {
        match char {
            '{' if !is_open && at == from => is_open = true,
            '{' if !is_open => {
                return Err(
                    "a variable is a whole part of the path: nothing stands between / and {"
                        .to_owned(),
                );
            }
            '{' => return Err("a variable has another variable in it".to_owned()),
            '}' if is_open => is_open = false,
            '}' => return Err("there is a } without a {".to_owned()),
            '/' if !is_open => {
                parts.push(&path[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    if is_open {
        return Err("there is a { without a }".to_owned());
    }
    parts.push(&path[from..]);
    Ok(parts)
}

fn segment(part: &str) -> Result<Segment, String> {
    match part {
        "" => Err("a part of the path is empty: there is a / too many".to_owned()),
        "*" => Ok(Segment::One),
        "**" => Ok(Segment::Rest),
        // Whoever calls resolves them before they send.
        "." | ".." => Err(format!("{part} cannot be a part of a path")),
        _ => literal(part).map(Segment::Literal),
    }
}

/// A literal without its escapes.
fn literal(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("nothing stands behind the :".to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        match char {
            '%' => {
                let digits = rest.get(..2).filter(|digits| digits.bytes().all(is_hex));
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                let Some(byte) = byte else {
                    return Err(format!("in {text:?}, two hexadecimal digits go behind %"));
                };
                bytes.push(byte);
                rest = &rest[2..];
            }
            '-' | '.' | '_' | '~' | '!' | '$' | '&' | '\'' | '(' | ')' | '+' | ',' | ';' | '='
            | '@' => bytes.push(char as u8),
            _ if char.is_alphanumeric() => {
                bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return Err(format!("{char:?} cannot stand in a path; write it with %")),
        }
    }
    match String::from_utf8(bytes) {
        Ok(literal) => Ok(literal),
        Err(_) => Err(format!("the escapes of {text:?} are not UTF-8")),
    }
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|char: char| char.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments, verb and variables, in one line.
    fn shown(text: &str) -> String {
        let Template { segments, verb, variables, .. } = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => return format!("error: {error}"),
        };
        let mut parts: Vec<String> = segments
            .iter()
            .map(|segment| match segment {
                Segment::Literal(text) => text.clone(),
                Segment::One => "*".to_owned(),
                Segment::Rest => "**".to_owned(),
            })
            .collect();
        parts.extend(verb.map(|verb| format!(":{verb}")));
        parts.extend(variables.iter().map(|variable| {
            format!("{}={}..{}", variable.field, variable.segments.start, variable.segments.end)
        }));
        parts.join(" ")
    }

    #[test]
    fn every_form_of_the_grammar_is_read() {
        let table = [
            ("/", ""),
            ("/v1/users", "v1 users"),
            ("/v1/users/{id}", "v1 users * id=2..3"),
            ("/v1/{user.id}:enable", "v1 * :enable user.id=1..2"),
            ("/v1/{name=shelves/*/books/*}", "v1 shelves * books * name=1..5"),
            ("/v1/{name=files/**}:read", "v1 files ** :read name=1..3"),
            ("/{a=*}/{b=**}", "* ** a=0..1 b=1..2"),
            ("/v1/*/x/**", "v1 * x **"),
            ("/a%20b/%C3%A9:c%2Fd", "a b é :c/d"),
            ("/v1/a=b,c;d@e", "v1 a=b,c;d@e"),
            ("/{a=b:c}", "error: ':' cannot stand in a path; write it with %"),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_of_the_grammar_is_refused_with_the_reason() {
        let table = [
            ("", "begins with /"),
            ("v1", "begins with /"),
            ("/v1/", "a / too many"),
            ("//v1", "a / too many"),
            ("/v1/{a", "a { without a }"),
            ("/v1/a}", "a } without a {"),
            ("/v1/{a}b", "between } and the next /"),
            ("/v1/b{a}", "between / and {"),
            ("/v1/{a={b}}", "another variable"),
            ("/v1/{}", "no name of a field"),
            ("/v1/{a.}", "no name of a field"),
            ("/v1/{1a}", "no name of a field"),
            ("/v1/{a=}", "a / too many"),
            ("/v1/**/a", "nothing can follow it"),
            ("/v1/{a=**}/{b}", "nothing can follow it"),
            ("/v1/***", "cannot stand in a path"),
            ("/v1/a?b", "cannot stand in a path"),
            ("/v1/a b", "cannot stand in a path"),
            ("/v1/a:b:c", "cannot stand in a path"),
            ("/v1/a:b/c", "cannot stand in a path"),
            ("/v1/a:", "nothing stands behind the :"),
            ("/v1/%zz", "two hexadecimal digits"),
            ("/v1/%+1", "two hexadecimal digits"),
            ("/v1/%ff", "not UTF-8"),
            ("/v1/..", "cannot be a part"),
        ];
        for (text, expected) in table {
            let error = Template::parse(text).map(drop).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}

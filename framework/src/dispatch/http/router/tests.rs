use proptest::prelude::*;

use super::super::super::binding::Part;
use super::*;

/// A template as a test writes it: `/v1/{a}/x`, `*` and `**` for parts, `:verb` behind the last.
fn binding(verb: &'static str, template: &str) -> Binding {
    let template: &'static str = Box::leak(template.to_owned().into_boxed_str());
    let path = template.strip_prefix('/').unwrap();
    let last = path.rfind(['/', '}']).map_or(0, |at| at + 1);
    let (path, suffix) = match path[last..].find(':') {
        Some(at) => (&path[..last + at], Some(&path[last + at + 1..])),
        None => (path, None),
    };
    let (mut segments, mut variables) = (Vec::new(), Vec::new());
    for part in parts_of(path) {
        let (field, inner) = match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(inner) => {
                let (field, inner) = inner.split_once('=').unwrap_or((inner, "*"));
                (Some(field), inner)
            }
            None => (None, part),
        };
        let from = segments.len();
        segments.extend(inner.split('/').map(|part| match part {
            "*" => Segment::One,
            "**" => Segment::Rest,
            text => Segment::Literal(text),
        }));
        let to = segments.len();
        variables.extend(field.map(|field| Variable { field, from, to }));
    }
    Binding {
        method: 0,
        verb,
        template,
        segments: segments.leak(),
        suffix,
        variables: variables.leak(),
        body: Part::None,
        body_field: None,
        response: Part::Whole,
    }
}

/// Between slashes that are in no braces.
fn parts_of(path: &str) -> Vec<&str> {
    let (mut parts, mut from, mut is_open) = (Vec::new(), 0, false);
    for (at, char) in path.char_indices() {
        match char {
            '{' => is_open = true,
            '}' => is_open = false,
            '/' if !is_open => {
                parts.push(&path[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&path[from..]);
    parts.retain(|part| !part.is_empty());
    parts
}

fn router(templates: &[(&'static str, &'static str)]) -> (Router, Vec<Binding>) {
    let mut router = Router::new();
    let bindings: Vec<_> =
        templates.iter().map(|(verb, template)| binding(verb, template)).collect();
    for (place, binding) in bindings.iter().enumerate() {
        router.add(binding, place).unwrap();
    }
    (router, bindings)
}

/// What a request comes to: the template and its variables.
fn found(of: &(Router, Vec<Binding>), verb: &str, path: &str) -> String {
    let (router, bindings) = of;
    let method = Method::from_bytes(verb.as_bytes()).unwrap();
    match router.find(&method, path) {
        None => "-".to_owned(),
        Some(place) => {
            let binding = &bindings[place];
            let values = binding.variables.iter().map(|variable| {
                format!(" {}={}", variable.field, captured(path, binding, variable))
            });
            format!("{} {}{}", binding.verb, binding.template, values.collect::<String>())
        }
    }
}

#[test]
fn literals_come_before_variables_and_those_before_the_rest_and_each_is_tried() {
    let router = router(&[
        ("GET", "/"),
        ("GET", "/v1/users"),
        ("POST", "/v1/users"),
        ("GET", "/v1/users/{id}"),
        ("GET", "/v1/users/me"),
        ("PUT", "/v1/users/{id}"),
        ("GET", "/v1/users/{id}/posts"),
        ("GET", "/v1/users/{id}:ban"),
        ("POST", "/v1/users:search"),
        ("GET", "/v1/{name=shelves/*/books/*}"),
        ("GET", "/v1/{name=files/**}"),
        ("GET", "/v1/{name=files/**}:read"),
        ("GET", "/v1/users/me/{rest=**}"),
        ("*", "/any/{a}"),
        ("GET", "/a b/é"),
        ("HEAD", "/head/{a}"),
        ("GET", "/head/{a}"),
    ]);
    let table = [
        ("GET", "/", "GET /"),
        ("GET", "/v1/users", "GET /v1/users"),
        ("GET", "/v1/users/", "GET /v1/users"),
        ("POST", "/v1/users", "POST /v1/users"),
        ("GET", "/v1/users/7", "GET /v1/users/{id} id=7"),
        ("GET", "/v1/users/me", "GET /v1/users/me"),
        ("PUT", "/v1/users/me", "PUT /v1/users/{id} id=me"),
        ("DELETE", "/v1/users/me", "-"),
        ("GET", "/v1/users/me/posts", "GET /v1/users/me/{rest=**} rest=posts"),
        ("GET", "/v1/users/7/posts", "GET /v1/users/{id}/posts id=7"),
        ("GET", "/v1/users/7:ban", "GET /v1/users/{id}:ban id=7"),
        ("GET", "/v1/users/7:8:ban", "GET /v1/users/{id}:ban id=7:8"),
        ("GET", "/v1/users/7:bans", "GET /v1/users/{id} id=7:bans"),
        ("GET", "/v1/users/7%3Aban", "GET /v1/users/{id} id=7%3Aban"),
        ("POST", "/v1/users:search", "POST /v1/users:search"),
        ("GET", "/v1/users:search", "-"),
        ("GET", "/v1/shelves/1/books/2", "GET /v1/{name=shelves/*/books/*} name=shelves/1/books/2"),
        ("GET", "/v1/shelves/1/books", "-"),
        ("GET", "/v1/shelves//books/2", "-"),
        ("GET", "/v1/files/a/b%2Fc", "GET /v1/{name=files/**} name=files/a/b%2Fc"),
        ("GET", "/v1/files", "GET /v1/{name=files/**} name=files"),
        ("GET", "/v1/files/a/b:read", "GET /v1/{name=files/**}:read name=files/a/b"),
        ("GET", "/v1/files/a//b", "GET /v1/{name=files/**} name=files/a//b"),
        ("GET", "/v1/users/me/", "GET /v1/users/me"),
        ("PATCH", "/any/x", "* /any/{a} a=x"),
        ("GET", "/any/", "-"),
        ("GET", "/%61%6ey/x", "* /any/{a} a=x"),
        ("GET", "/a%20b/%C3%A9", "GET /a b/é"),
        ("HEAD", "/v1/users", "GET /v1/users"),
        ("HEAD", "/head/x", "HEAD /head/{a} a=x"),
        ("GET", "/v2", "-"),
        ("GET", "//v1/users", "-"),
        ("GET", "/v1//users", "-"),
        ("GET", "v1/users", "-"),
        ("GET", "", "-"),
        ("OPTIONS", "*", "-"),
        ("GET", "/v1/users/..", "GET /v1/users/{id} id=.."),
    ];
    for (verb, path, expected) in table {
        assert_eq!(found(&router, verb, path), expected, "{verb} {path}");
    }
}

#[test]
fn the_verbs_of_a_path_are_those_of_every_template_that_fits_it() {
    let (router, _) = router(&[
        ("GET", "/v1/users/{id}"),
        ("PUT", "/v1/users/me"),
        ("POST", "/v1/{name=**}"),
        ("POST", "/v1/users/{id}:ban"),
    ]);
    assert_eq!(router.allowed("/v1/users/me"), ["GET", "HEAD", "OPTIONS", "POST", "PUT"]);
    assert_eq!(router.allowed("/v1/users/7"), ["GET", "HEAD", "OPTIONS", "POST"]);
    assert_eq!(router.allowed("/v1/a/b/c"), ["OPTIONS", "POST"]);
    assert!(router.allowed("/v2").is_empty());
}

#[test]
fn two_bindings_of_one_verb_and_shape_are_refused() {
    let mut router = Router::new();
    router.add(&binding("GET", "/v1/{a}"), 0).unwrap();
    assert_eq!(router.add(&binding("GET", "/v1/{b}"), 1), Err(0));
    router.add(&binding("GET", "/v1/{b}:x"), 1).unwrap();
    router.add(&binding("PUT", "/v1/{b}"), 2).unwrap();
}

#[test]
fn a_path_of_any_length_and_shape_is_looked_up_in_no_time() {
    let router = router(&[
        ("GET", "/v1/{a}/{b}/{c}"),
        ("GET", "/v1/x/{b}/x"),
        ("GET", "/v1/x/x/{c}:do"),
        ("GET", "/v1/{a}/x/y/{rest=**}"),
    ]);
    for part in ["", "x", "%2F", "..", "%", ":", "x:do", "é", "%zz", "%E9"] {
        let path = format!("/v1{}", format!("/{part}").repeat(10_000));
        found(&router, "GET", &path);
        found(&router, "GET", &format!("{path}:do"));
        router.0.allowed(&path);
    }
}

#[test]
fn looking_up_and_reading_variables_allocates_nothing() {
    let (router, bindings) = router(&[
        ("GET", "/v1/users/{id}"),
        ("GET", "/v1/{name=shelves/*/books/*}:move"),
        ("POST", "/v1/é/{rest=**}"),
    ]);
    let paths =
        [("GET", "/v1/users/7"), ("GET", "/v1/shelves/1/books/2:move"), ("POST", "/v1/%C3%A9/a/b")];
    for (verb, path) in paths {
        let method = Method::from_bytes(verb.as_bytes()).unwrap();
        let mut length = 0;
        let cost = allocation_counter::measure(|| {
            let place = router.find(&method, path).unwrap();
            let variables = bindings[place].variables.iter();
            length = variables.map(|it| captured(path, &bindings[place], it).len()).sum();
        });
        assert_eq!(cost.count_total, 0, "{verb} {path}");
        assert!(length > 0);
    }
}

/// Whether a template fits a path, part by part.
fn fits(binding: &Binding, verb: &str, path: &str) -> bool {
    let Some(path) = path.strip_prefix('/') else { return false };
    let mut path = path.trim_end_matches('/').to_owned();
    if let Some(suffix) = binding.suffix {
        let Some(stem) = path.strip_suffix(&format!(":{suffix}")) else { return false };
        path = stem.to_owned();
    }
    let parts: Vec<_> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
    let rest = binding.segments.last() == Some(&Segment::Rest);
    let fixed = binding.segments.len() - usize::from(rest);
    let lengths = if rest { parts.len() >= fixed } else { parts.len() == fixed };
    lengths
        && binding.verb == verb
        && binding.segments[..fixed].iter().zip(parts).all(|(segment, part)| match segment {
            Segment::Literal(text) => *text == part,
            Segment::One => !part.is_empty(),
            Segment::Rest => false,
        })
}

/// How narrow a template is, part by part; less is narrower.
fn rank(binding: &Binding) -> Vec<u8> {
    let segments = binding.segments.iter().map(|segment| match segment {
        Segment::Literal(_) => 0,
        Segment::One => 1,
        Segment::Rest => 3,
    });
    // One that ends here comes before one that has a rest, which may be nothing.
    segments.chain([2]).collect()
}

proptest! {
    #[test]
    fn what_is_found_is_the_narrowest_of_what_fits(
        templates in prop::collection::vec(
            ("GET|PUT", "(/(a|b|\\*|\\{x=a/\\*\\})){1,4}(/\\*\\*)?(:v|:w)?"), 1..12),
        verb in "GET|PUT",
        path in "(/(a|b|c|)){1,6}(:v|:w|:z)?/?",
    ) {
        let mut router = Router::new();
        let mut bindings = Vec::new();
        for (verb, template) in templates {
            let verb = if verb == "GET" { "GET" } else { "PUT" };
            let binding = binding(verb, &template);
            if router.add(&binding, bindings.len()).is_ok() {
                bindings.push(binding);
            }
        }
        let method = Method::from_bytes(verb.as_bytes()).unwrap();
        let fitting = bindings.iter().enumerate().filter(|(_, it)| fits(it, &verb, &path));
        // A suffix that somebody's template has is never part of a value where that fits.
        let expected = fitting.min_by_key(|(_, it)| (it.suffix.is_none(), rank(it)));
        prop_assert_eq!(router.find(&method, &path), expected.map(|(place, _)| place));
    }
}

//! Bindings that no caller could tell apart.

use std::collections::BTreeMap;

use crate::error::Problem;

use super::super::{Method, Model, Service};
use super::{Segment, Template};

/// Adds every two bindings of a package that have one verb and one shape.
///
/// Services of one package are one API, and one process answers them. What else is compiled may only be
/// called from here; where it is served beside the others, the start of the service tells.
pub(super) fn find(model: &Model, problems: &mut Vec<Problem>) {
    for package in &model.packages {
        find_in(model, &package.services, problems);
    }
}

fn find_in(model: &Model, services: &[Service], problems: &mut Vec<Problem>) {
    let mut seen = BTreeMap::<(&str, String), (&Method, &str)>::new();
    for method in services.iter().flat_map(|service| &service.methods) {
        for rule in &method.http {
            let key = (rule.verb.as_str(), shape(&rule.template));
            let path = rule.template.text.as_str();
            let Some((first, first_path)) = seen.get(&key) else {
                seen.insert(key, (method, path));
                continue;
            };
            let place = |method: &Method| {
                let file = method.descriptor.parent_file();
                model.place_of(file.name(), method.descriptor.path())
            };
            let (name, first_name) = (method.descriptor.full_name(), first.descriptor.full_name());
            let message = format!(
                "{} {path} calls {name}, and {first_path} calls {first_name} ({}): a request fits both",
                rule.verb,
                place(first)
            );
            problems
                .push(Problem::new(message).at(place(method)).remedy("change one of the paths"));
        }
    }
}

/// What a caller sees of a template: where its literals are, and not what its variables are called.
fn shape(template: &Template) -> String {
    let mut shape = String::new();
    for segment in &template.segments {
        match segment {
            Segment::Literal(text) => {
                shape.push('/');
                shape.push_str(text);
            }
            // No literal has a byte of zero before it.
            Segment::One => shape.push_str("/\0*"),
            Segment::Rest => shape.push_str("/\0**"),
        }
    }
    if let Some(verb) = &template.verb {
        shape.push_str("\0:");
        shape.push_str(verb);
    }
    shape
}

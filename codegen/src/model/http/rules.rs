//! From the options of methods to rules.

use std::borrow::Cow;

use prost_reflect::{DynamicMessage, ExtensionDescriptor, MethodDescriptor, Value};

use crate::error::Problem;

use super::super::Model;
use super::{HttpBody, HttpRule, Segment, Template, fields};

/// The option, and the numbers of the fields of `google.api.HttpRule` and `CustomHttpPattern`.
const OPTION: &str = "google.api.http";
const VERBS: [(u32, &str); 5] = [(2, "GET"), (3, "PUT"), (4, "POST"), (5, "DELETE"), (6, "PATCH")];
const BODY: u32 = 7;
const CUSTOM: u32 = 8;
const ADDITIONAL: u32 = 11;
const RESPONSE_BODY: u32 = 12;
const CUSTOM_KIND: u32 = 1;
const CUSTOM_PATH: u32 = 2;

/// The field `options` of a method in descriptor.proto.
const OPTIONS: i32 = 4;

/// Fills in the rules of every method; what is wrong with them is returned.
pub(super) fn resolve(model: &mut Model) -> Vec<Problem> {
    let mut problems = Vec::new();
    let option = model.pool.get_extension_by_name(OPTION);
    let mut packages = std::mem::take(&mut model.packages);
    for service in packages.iter_mut().flat_map(|package| &mut package.services) {
        for method in &mut service.methods {
            let mut reader = Reader { model, method: &method.descriptor, problems: &mut problems };
            method.http = reader.rules(option.as_ref());
        }
    }
    model.packages = packages;
    problems
}

/// What stands for a rule where there is none: `POST /package.Service/Method`.
fn implied(method: &MethodDescriptor) -> HttpRule {
    HttpRule {
        verb: "POST".to_owned(),
        template: operation(method),
        body: HttpBody::Whole,
        response_body: None,
        is_implied: true,
    }
}

/// The path that a call has in gRPC.
fn operation(method: &MethodDescriptor) -> Template {
    let (service, name) = (method.parent_service().full_name().to_owned(), method.name());
    Template {
        text: format!("/{service}/{name}"),
        segments: vec![Segment::Literal(service), Segment::Literal(name.to_owned())],
        verb: None,
        variables: Vec::new(),
    }
}

/// Reads the rules of one method.
struct Reader<'a> {
    model: &'a Model,
    method: &'a MethodDescriptor,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn rules(&mut self, option: Option<&ExtensionDescriptor>) -> Vec<HttpRule> {
        let options = self.method.options();
        let Some(option) = option.filter(|option| options.has_extension(option)) else {
            return vec![implied(self.method)];
        };
        let value = options.get_extension(option);
        let Some(main) = value.as_message() else { return vec![implied(self.method)] };
        let number = i32::try_from(option.number()).unwrap_or_default();
        let at = [self.method.path(), &[OPTIONS, number]].concat();
        let mut rules = Vec::new();
        rules.extend(self.rule(main, &at));
        for (place, more) in additional(main).iter().enumerate() {
            let number = [11, i32::try_from(place).unwrap_or(i32::MAX)];
            let at = [&at[..], &number[..]].concat();
            if !additional(more).is_empty() {
                let message = "an additional binding has additional bindings of its own";
                self.refuse(&at, message, Some("put them beside it"));
            }
            rules.extend(self.rule(more, &at));
        }
        rules
    }

    fn refuse(&mut self, at: &[i32], message: &str, remedy: Option<&str>) {
        let method = self.method;
        let place = self.model.place_of(method.parent_file().name(), at);
        let message = format!("{}: {message}", method.full_name());
        let mut problem = Problem::new(message).at(place);
        if let Some(remedy) = remedy {
            problem = problem.remedy(remedy);
        }
        self.problems.push(problem);
    }

    /// One rule; none if it is so wrong that nothing can be said of it.
    fn rule(&mut self, rule: &DynamicMessage, at: &[i32]) -> Option<HttpRule> {
        let (verb, path) = self.pattern(rule, at)?;
        let template = if path.is_empty() {
            operation(self.method)
        } else {
            match Template::parse(&path) {
                Ok(template) => template,
                Err(what) => {
                    self.refuse(at, &format!("the path {path:?} cannot be read: {what}"), None);
                    return None;
                }
            }
        };
        let body = self.body(&text(rule, BODY), at);
        let response_body = self.response_body(&text(rule, RESPONSE_BODY), at);
        self.variables(&template, &body, at);
        let is_implied = verb == "POST"
            && template.text == operation(self.method).text
            && matches!(body, HttpBody::Whole)
            && response_body.is_none();
        Some(HttpRule { verb, template, body, response_body, is_implied })
    }

    /// Verb and path; without any it is a POST, as Kratos has it.
    fn pattern(&mut self, rule: &DynamicMessage, at: &[i32]) -> Option<(String, String)> {
        if rule.has_field_by_number(CUSTOM) {
            let custom = rule.get_field_by_number(CUSTOM)?;
            let custom = custom.as_message()?;
            let kind = text(custom, CUSTOM_KIND).into_owned();
            let is_token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if kind.is_empty() || !kind.bytes().all(is_token) {
                let message = format!("{kind:?} is no method of HTTP");
                self.refuse(at, &message, Some("write one, such as \"HEAD\", or \"*\" for any"));
                return None;
            }
            return Some((kind, text(custom, CUSTOM_PATH).into_owned()));
        }
        let verb = VERBS.iter().find(|(number, _)| rule.has_field_by_number(*number));
        Some(match verb {
            Some((number, verb)) => ((*verb).to_owned(), text(rule, *number).into_owned()),
            None => ("POST".to_owned(), String::new()),
        })
    }

    fn body(&mut self, name: &str, at: &[i32]) -> HttpBody {
        match name {
            "" => HttpBody::None,
            "*" => HttpBody::Whole,
            name => match fields::of_message(&self.method.input(), name) {
                Ok(field) => HttpBody::Field(field),
                Err(what) => {
                    self.refuse(at, &format!("the body cannot be {name:?}: {what}"), None);
                    HttpBody::None
                }
            },
        }
    }

    fn response_body(&mut self, name: &str, at: &[i32]) -> Option<prost_reflect::FieldDescriptor> {
        if name.is_empty() {
            return None;
        }
        match fields::of_message(&self.method.output(), name) {
            Ok(field) => Some(field),
            Err(what) => {
                self.refuse(at, &format!("the response_body cannot be {name:?}: {what}"), None);
                None
            }
        }
    }

    fn variables(&mut self, template: &Template, body: &HttpBody, at: &[i32]) {
        let input = self.method.input();
        for (place, variable) in template.variables.iter().enumerate() {
            let field = &variable.field;
            if let Err(what) = fields::of_variable(&input, field) {
                let message = format!("the path {:?} cannot be: {what}", template.text);
                self.refuse(at, &message, None);
            }
            if template.variables[..place].iter().any(|first| first.field == *field) {
                let message = format!("the path {:?} tells {field} twice", template.text);
                self.refuse(at, &message, None);
            }
            if matches!(body, HttpBody::Field(body) if body.name() == field) {
                self.refuse(at, &format!("{field} is told by the path and by the body"), None);
            }
        }
    }
}

fn text(message: &DynamicMessage, number: u32) -> Cow<'_, str> {
    match message.get_field_by_number(number) {
        Some(Cow::Borrowed(Value::String(text))) => Cow::Borrowed(text),
        Some(Cow::Owned(Value::String(text))) => Cow::Owned(text),
        _ => Cow::Borrowed(""),
    }
}

fn additional(rule: &DynamicMessage) -> Vec<DynamicMessage> {
    let value = rule.get_field_by_number(ADDITIONAL);
    let all = value.as_ref().and_then(|value| value.as_list()).unwrap_or_default();
    all.iter().filter_map(|value| value.as_message().cloned()).collect()
}

//! What became of the ways by which a method is called over HTTP.

use bia_codegen::{Segment, Template};
use prost_reflect::{DynamicMessage, FileDescriptor, MessageDescriptor, MethodDescriptor};

use crate::command::proto::breaking::change;
use crate::command::proto::breaking::side::{Part, Side};

use super::{At, Comparison, values};

/// A way to call a method.
#[derive(Clone, Debug)]
struct Binding {
    verb: String,
    path: String,
    template: Option<Template>,
    body: String,
    response_body: String,
}

impl Binding {
    /// All of a method: what `google.api.http` says, or the one that stands for nothing.
    fn of(method: &MethodDescriptor) -> Vec<Self> {
        let options = method.options();
        let rule = values::message_extension(method.parent_pool(), &options, "google.api.http");
        let Some(rule) = rule else {
            let service = method.parent_service().full_name();
            let path = format!("/{service}/{}", method.name());
            let template = Template::parse(&path).ok();
            let (verb, body) = ("POST".to_owned(), "*".to_owned());
            return vec![Self { verb, path, template, body, response_body: String::new() }];
        };
        let more = values::list(&rule, "additional_bindings");
        let more = more.iter().filter_map(|it| it.as_message()).filter_map(Self::read);
        Self::read(&rule).into_iter().chain(more).collect()
    }

    fn read(rule: &DynamicMessage) -> Option<Self> {
        let plain = ["get", "put", "post", "delete", "patch"]
            .into_iter()
            .find_map(|verb| Some((verb.to_uppercase(), values::text(rule, verb)?)));
        let (verb, path) = plain.or_else(|| {
            let custom = values::message(rule, "custom")?;
            Some((values::text(&custom, "kind")?, values::text(&custom, "path")?))
        })?;
        Some(Self {
            verb,
            template: Template::parse(&path).ok(),
            path,
            body: values::text(rule, "body").unwrap_or_default(),
            response_body: values::text(rule, "response_body").unwrap_or_default(),
        })
    }

    fn name(&self) -> String {
        format!("{} {}", self.verb, self.path)
    }

    /// Whether the same requests fit both, whatever variables are called.
    fn is_like(&self, other: &Self) -> bool {
        let path = match (&self.template, &other.template) {
            (Some(a), Some(b)) => a.segments == b.segments && a.verb == b.verb,
            _ => self.path == other.path,
        };
        path && (self.verb == other.verb || self.verb == "*")
    }

    /// Whether requests that fit it fit the less exact `other` too.
    fn is_within(&self, other: &Self) -> bool {
        let (Some(a), Some(b)) = (&self.template, &other.template) else { return false };
        let fits = |(a, b): (&Segment, &Segment)| {
            a == b || matches!((a, b), (Segment::Literal(_), Segment::One))
        };
        let is_as_long = a.segments.len() == b.segments.len();
        a.segments != b.segments
            && (self.verb == other.verb || other.verb == "*")
            && a.verb == b.verb
            && is_as_long
            && a.segments.iter().zip(&b.segments).all(fits)
    }

    /// Which fields the variables go to, by their numbers: names may change.
    fn variables(&self, request: &MessageDescriptor) -> Vec<(std::ops::Range<usize>, Vec<u32>)> {
        let variables = self.template.iter().flat_map(|it| &it.variables);
        variables.map(|it| (it.segments.clone(), numbers(request, &it.field))).collect()
    }
}

/// The numbers of the fields that a path of names leads through.
fn numbers(message: &MessageDescriptor, path: &str) -> Vec<u32> {
    let mut at = Some(message.clone());
    let mut numbers = Vec::new();
    for name in path.split('.').filter(|name| !name.is_empty() && *name != "*") {
        let field = at.as_ref().and_then(|message| message.get_field_by_name(name));
        numbers.push(field.as_ref().map_or(0, prost_reflect::FieldDescriptor::number));
        at = field.and_then(|field| field.kind().as_message().cloned());
    }
    numbers
}

/// All methods of a state.
fn methods(side: &Side) -> Vec<MethodDescriptor> {
    let services = side.parts.iter().flat_map(|part| part.pool.services());
    services.flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

impl Comparison<'_> {
    pub(super) fn bindings(&mut self, old: &MethodDescriptor, new: &MethodDescriptor, at: At<'_>) {
        let name = old.full_name();
        let is = Binding::of(new);
        let text = |text: &str| Some(if text.is_empty() { "none" } else { text }.to_owned());
        for was in Binding::of(old) {
            let Some(is) = is.iter().find(|it| it.is_like(&was)) else {
                let to = is.iter().map(Binding::name).collect::<Vec<_>>().join(", ");
                self.found(change::HTTP_BINDING_REMOVED, name, at, Some(was.name()), Some(to));
                continue;
            };
            let is_same = |message: fn(&MethodDescriptor) -> MessageDescriptor,
                           a: &str,
                           b: &str| {
                (a == "*") == (b == "*") && numbers(&message(old), a) == numbers(&message(new), b)
            };
            if !is_same(MethodDescriptor::input, &was.body, &is.body) {
                let subject = (name, was.path.as_str());
                self.found_in_detail(
                    change::HTTP_BODY,
                    subject,
                    at,
                    text(&was.body),
                    text(&is.body),
                );
            }
            if !is_same(MethodDescriptor::output, &was.response_body, &is.response_body) {
                let (from, to) = (text(&was.response_body), text(&is.response_body));
                let subject = (name, was.path.as_str());
                self.found_in_detail(change::HTTP_RESPONSE_BODY, subject, at, from, to);
            }
            if was.variables(&old.input()) != is.variables(&new.input()) {
                let (from, to) = (text(&was.path), text(&is.path));
                self.found(change::HTTP_VARIABLE, name, at, from, to);
            }
        }
        self.event_ids(old, new, at);
    }

    /// The method is no more; another one may answer its requests.
    pub(super) fn bindings_gone(&mut self, part: &Part, old: &MethodDescriptor) {
        let file = old.parent_file();
        let at = At::gone(part, &file, old.path());
        let new: Vec<Binding> = methods(self.new).iter().flat_map(Binding::of).collect();
        for was in Binding::of(old).iter().filter(|was| !new.iter().any(|it| it.is_like(was))) {
            self.found(change::HTTP_BINDING_REMOVED, old.full_name(), at, Some(was.name()), None);
        }
    }

    fn event_ids(&mut self, old: &MethodDescriptor, new: &MethodDescriptor, at: At<'_>) {
        if !(old.is_server_streaming() && new.is_server_streaming()) {
            return;
        }
        let field = |method: &MethodDescriptor| {
            let is_id = |field: &prost_reflect::FieldDescriptor| {
                let value =
                    values::extension(method.parent_pool(), &field.options(), "bia.event_id");
                value.and_then(|value| value.as_bool()).unwrap_or(false)
            };
            let field = method.output().fields().find(is_id)?;
            Some((field.number(), field.name().to_owned()))
        };
        let (was, is) = (field(old), field(new));
        if was.is_some() && was.as_ref().map(|it| it.0) != is.as_ref().map(|it| it.0) {
            let text =
                |it: Option<(u32, String)>| Some(it.map_or_else(|| "none".to_owned(), |it| it.1));
            self.found(change::HTTP_EVENT_ID, old.full_name(), at, text(was), text(is));
        }
    }

    /// New paths that are more exact than one that was there and calls another method.
    pub(super) fn captured(&mut self) {
        let was: Vec<(MethodDescriptor, Binding)> = methods(self.old)
            .into_iter()
            .flat_map(|method| Binding::of(&method).into_iter().map(move |it| (method.clone(), it)))
            .collect();
        let mut found = Vec::new();
        for part in &self.new.parts {
            let files: Vec<_> = part.files().collect();
            for method in files
                .iter()
                .flat_map(FileDescriptor::services)
                .flat_map(|it| it.methods().collect::<Vec<_>>())
            {
                for binding in Binding::of(&method) {
                    if was.iter().any(|(_, it)| it.is_like(&binding)) {
                        continue;
                    }
                    let other = was.iter().find(|(old, it)| {
                        old.full_name() != method.full_name() && binding.is_within(it)
                    });
                    if let Some((other, was)) = other {
                        let from = format!("{} calls {}", was.name(), other.full_name());
                        found.push((part, method.clone(), from, binding.name()));
                    }
                }
            }
        }
        for (part, method, from, to) in found {
            let file = method.parent_file();
            let at = At::new(part, &file, method.path());
            self.found(change::HTTP_CAPTURED, method.full_name(), at, Some(from), Some(to));
        }
    }
}

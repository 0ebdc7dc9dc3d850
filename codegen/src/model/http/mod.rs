//! How methods are called over HTTP, as `google.api.http` says it.

mod conflicts;
mod fields;
mod rules;
mod template;

use prost_reflect::FieldDescriptor;

use crate::error::Error;

use super::Model;

/// Fills in how every method is called; all that is wrong with it at once.
pub(super) fn resolve(model: &mut Model) -> Result<(), Error> {
    let mut problems = rules::resolve(model);
    conflicts::find(model, &mut problems);
    Error::unless_empty(problems)
}

/// One way to call a method over HTTP: a rule of `google.api.http`, or what stands for none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpRule {
    /// `GET`, `PATCH`, what a `custom` says, or `*` for any.
    pub verb: String,
    /// Where.
    pub template: Template,
    /// What of the request is the body.
    pub body: HttpBody,
    /// The field of the reply that is the body, if it is not the whole reply.
    pub response_body: Option<FieldDescriptor>,
    /// Whether the proto says nothing and this is `POST /package.Service/Method`.
    pub is_implied: bool,
}

/// What of a request is the body.
#[derive(Clone, Debug)]
pub enum HttpBody {
    /// Nothing: what is not in the path is in the query.
    None,
    /// `*`: all that is not in the path.
    Whole,
    /// A field.
    Field(FieldDescriptor),
}

/// The template of a path: `/v1/{name=shelves/*/books/*}:move`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Template {
    /// As the proto has it.
    pub text: String,
    /// What lies between the slashes, variables taken apart.
    pub segments: Vec<Segment>,
    /// What stands behind the last `:`, without escapes.
    pub verb: Option<String>,
    /// In the order of the path.
    pub variables: Vec<Variable>,
}

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// This, and nothing else; without escapes.
    Literal(String),
    /// `*`: one part.
    One,
    /// `**`: all parts that are left, also none.
    Rest,
}

/// A field that is told in the path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variable {
    /// The field's path by its names in the proto: `user.id`.
    pub field: String,
    /// The segments that are its value.
    pub segments: std::ops::Range<usize>,
}

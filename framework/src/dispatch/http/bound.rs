use crate::json;

use super::super::binding::{Binding, Part};

/// A binding of a server, with all that is settled for it before any call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    /// The place of its operation among those of the server.
    pub(crate) route: usize,
    pub(crate) binding: Binding,
    pub(crate) json: json::Options,
}

impl Bound {
    /// What stands for a rule where the proto has none: `POST /package.Service/Method`.
    pub(crate) fn implied(name: &'static str, method: usize) -> Binding {
        Binding {
            method,
            verb: "POST",
            template: name,
            segments: &[],
            suffix: None,
            variables: &[],
            body: Part::Whole,
            body_field: None,
            response: Part::Whole,
        }
    }
}

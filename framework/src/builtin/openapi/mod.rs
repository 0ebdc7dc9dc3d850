//! What the services of an app offer over HTTP: a document at `/openapi.json`, and at `/docs` a page
//! that shows it.

mod asset;
mod merge;
mod tree;

use std::sync::Arc;

use http::header::{CONTENT_SECURITY_POLICY, HeaderValue};

use crate::dispatch::{Binding, Facts, Handler, Part, Reply, Segment, ServerCall, Service};
use crate::operation::{Idempotency, Kind, Operation};

use self::asset::Asset;

/// Where the document and what shows it are, in the order of [`OPERATIONS`].
const PATHS: [&[Segment]; 4] = [
    &[Segment::Literal("openapi.json")],
    &[Segment::Literal("docs")],
    &[Segment::Literal("docs"), Segment::Literal("page.css")],
    &[Segment::Literal("docs"), Segment::Literal("page.js")],
];

static DOCUMENT: Operation = operation("/bia.Docs/Document");
static PAGE: Operation = operation("/bia.Docs/Page");
static STYLE: Operation = operation("/bia.Docs/Style");
static SCRIPT: Operation = operation("/bia.Docs/Script");

static OPERATIONS: &[&Operation] = &[&DOCUMENT, &PAGE, &STYLE, &SCRIPT];

static BINDINGS: &[Binding] = &[
    binding(0, "/openapi.json"),
    binding(1, "/docs"),
    binding(2, "/docs/page.css"),
    binding(3, "/docs/page.js"),
];

static FACTS: Facts = Facts::new("bia.Docs", OPERATIONS, &[]).with_http(BINDINGS);

/// What the page may do: ask its own server, and nobody else anything.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const fn operation(name: &'static str) -> Operation {
    Operation::new(name, Kind::Unary).with_idempotency(Idempotency::NoSideEffects)
}

const fn binding(method: usize, template: &'static str) -> Binding {
    Binding {
        method,
        verb: "GET",
        template,
        segments: PATHS[method],
        suffix: None,
        variables: &[],
        body: Part::None,
        body_field: None,
        response: Part::Whole,
    }
}

/// Makes what answers for an app, if one of its services has a document and none has a path of its own
/// where the document would be.
pub(super) fn service(app: &str, version: &str, services: &[Service]) -> Option<Service> {
    let documents = services.iter().map(Service::openapi).filter(|one| !one.is_empty());
    let documents: Vec<_> = documents.collect();
    if documents.is_empty() || services.iter().any(has_paths_of_ours) {
        return None;
    }
    let document = merge::merge(app, version, documents).and_then(|one| serde_json::to_vec(&one));
    let document = match document {
        Ok(document) => document,
        Err(error) => {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::warn!(
                error,
                "cannot serve /openapi.json: a document of a service is not JSON"
            );
            return None;
        }
    };
    let page = |content_type, text: &'static str| Asset::new(content_type, text.as_bytes());
    let assets = [
        Asset::new("application/json", document),
        page("text/html; charset=utf-8", include_str!("page/page.html"))
            .with(CONTENT_SECURITY_POLICY, POLICY),
        page("text/css; charset=utf-8", include_str!("page/page.css")),
        page("text/javascript; charset=utf-8", include_str!("page/page.js")),
    ];
    Some(Service::new(&FACTS, Assets(Arc::new(assets))))
}

/// Whether a service has one of these very paths: what the app offers comes first.
fn has_paths_of_ours(service: &Service) -> bool {
    let is_ours = |binding: &Binding| {
        matches!(binding.verb, "GET" | "*")
            && binding.suffix.is_none()
            && PATHS.contains(&binding.segments)
    };
    service.http().iter().any(is_ours)
}

/// What each operation answers.
struct Assets(Arc<[Asset; PATHS.len()]>);

impl Handler for Assets {
    fn call(&self, method: usize, call: ServerCall) -> Reply {
        let assets = Arc::clone(&self.0);
        match assets.get(method) {
            Some(_) => call.raw(move |headers| assets[method].answer(headers)),
            None => call.unknown(),
        }
    }
}

#[cfg(test)]
mod tests;

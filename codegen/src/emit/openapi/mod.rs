//! What is served over HTTP, as OpenAPI 3.1 documents: one of each service, which its app serves, and
//! one of all.

mod answers;
mod failures;
mod known;
mod node;
mod operations;
mod parameters;
mod paths;
mod rules;
mod schemas;
mod texts;

use std::collections::BTreeMap;

use crate::error::Error;
use crate::model::{Model, Service};
use crate::output::Output;

use self::node::{Node, Object};
use self::paths::Paths;
use self::rules::Rules;
use self::schemas::Schemas;
use self::texts::Texts;

use super::Emit;

/// The name of the document of all services of one run.
const ALL: &str = "openapi.json";

/// How a document begins: what tells that it was generated.
pub(crate) const MARK: &str = "{\n  \"openapi\": \"3.1.1\",\n  \"x-generated-by\": \"bia-codegen ";

#[derive(Debug)]
pub(crate) struct OpenApi;

impl Emit for OpenApi {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        let (texts, rules) = (Texts::of(&model.pool), Rules::of_pool(&model.pool));
        let services: Vec<_> =
            model.packages.iter().flat_map(|package| &package.services).collect();
        for service in &services {
            let document = document(&texts, &rules, &[service]);
            output.add_file(file_name(service), format!("{document}\n"));
        }
        if !services.is_empty() {
            output.add_file(ALL, format!("{}\n", document(&texts, &rules, &services)));
        }
        Ok(())
    }
}

/// The file of a service's document.
pub(super) fn file_name(service: &Service) -> String {
    format!("{}.openapi.json", service.full_name)
}

fn document(texts: &Texts, rules: &Rules, services: &[&Service]) -> Node {
    let mut schemas = Schemas::new(texts, rules);
    let mut paths = Paths::default();
    let mut named = BTreeMap::<&str, usize>::new();
    for service in services {
        *named.entry(&service.proto_name).or_default() += 1;
    }
    let mut tags = Vec::new();
    for service in services {
        // Short where that is enough: clients make names of it.
        let is_only = named.get(service.proto_name.as_str()) == Some(&1);
        let name = if is_only { &service.proto_name } else { &service.full_name };
        for method in &service.methods {
            let id = format!("{name}_{}", method.proto_name);
            operations::add(&mut paths, &mut schemas, service, method, &id);
        }
        let text = texts.at(&service.descriptor.parent_file(), service.descriptor.path());
        let description = (!text.description.is_empty()).then_some(text.description);
        tags.push(
            Object::new()
                .with("name", service.full_name.as_str())
                .with_some("description", description),
        );
    }
    let schemas = Object::new().with(failures::ERROR, failures::error()).with_all(schemas.finish());
    let needs_auth =
        |service: &&Service| service.methods.iter().any(|m| failures::security(m).is_some());
    let needs_auth = services.iter().any(needs_auth);
    let components = Object::new()
        .with("schemas", schemas)
        .with("responses", failures::components())
        .with_some("securitySchemes", needs_auth.then(failures::security_schemes));
    let generator = format!("bia-codegen {}", env!("CARGO_PKG_VERSION"));
    Object::new()
        .with("openapi", "3.1.1")
        .with("x-generated-by", generator)
        .with("info", info(services))
        .with("tags", tags)
        .with("paths", paths.finish())
        .with("components", components)
        .into()
}

/// What the document is of: an app that serves it puts its own name and version there.
fn info(services: &[&Service]) -> Object {
    let names: Vec<_> = services.iter().map(|service| service.full_name.as_str()).collect();
    let packages = services.iter().map(|service| service.descriptor.package_name());
    let versions = packages.filter_map(|package| package.rsplit('.').next());
    let is_version = |part: &&str| {
        part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let version = versions.filter(is_version).max().unwrap_or("0");
    Object::new().with("title", names.join(", ")).with("version", version)
}

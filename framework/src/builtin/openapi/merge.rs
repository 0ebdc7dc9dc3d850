//! The documents of an app's services, put together into one.
//!
//! Two services may bring schemas of one name that differ, when they were generated from different
//! versions of a proto: the later one is renamed. Paths that differ in the names of their parameters
//! alone become one, since a document cannot hold both.

use std::collections::HashSet;

use super::tree::{Object, Tree};

/// What begins a reference to a schema.
const SCHEMA: &str = "#/components/schemas/";

/// The document of an app, `title` in this `version`, of those of its services.
///
/// # Errors
///
/// If one is not JSON.
pub(super) fn merge<'a>(
    title: &str,
    version: &str,
    documents: impl IntoIterator<Item = &'a str>,
) -> serde_json::Result<Tree> {
    let mut all = Object::default();
    let mut ids = HashSet::new();
    for text in documents {
        let Tree::Object(mut document) = serde_json::from_str(text)? else { continue };
        rename_schemas(&mut document, &all);
        rename_operations(&mut document, &mut ids);
        if all.0.is_empty() {
            for key in ["openapi", "x-generated-by"] {
                if let Some(value) = document.get(key) {
                    all.set(key, value.clone());
                }
            }
            let info = [("title", title), ("version", version)];
            let info = info.map(|(key, value)| (key.to_owned(), value.into()));
            all.set("info", Tree::Object(Object(info.into())));
            // Before the paths, as in each of the documents.
            all.set("tags", Tree::List(Vec::new()));
        }
        if let (Some(Tree::List(tags)), Some(more)) =
            (all.get_mut("tags"), document.get_mut("tags"))
        {
            tags.extend(more.items_mut().iter().cloned());
        }
        if let Some(paths) = all.object("paths") {
            let own = document.take("paths").into_iter();
            own.for_each(|(path, item)| add_path(paths, path, item));
        }
        for (kind, mut members) in document.take("components") {
            let known = all.object("components").and_then(|all| all.object(&kind));
            if let (Some(known), Some(members)) = (known, members.as_object_mut()) {
                members.0.drain(..).for_each(|(name, it)| known.set(&name, it));
            }
        }
    }
    Ok(Tree::Object(all))
}

/// Gives schemas of `document` other names where `all` has others by these.
fn rename_schemas(document: &mut Object, all: &Object) {
    let schemas = |of: &Object| match of.get("components") {
        Some(Tree::Object(components)) => match components.get("schemas") {
            Some(Tree::Object(schemas)) => schemas.clone(),
            _ => Object::default(),
        },
        _ => Object::default(),
    };
    let (known, own) = (schemas(all), schemas(document));
    let differs = |name: &str, schema: &Tree| known.get(name).is_some_and(|known| known != schema);
    let mut renamed = Vec::new();
    for (name, schema) in own.0.iter().filter(|(name, schema)| differs(name, schema)) {
        let is_free = |name: &str| !differs(name, schema) && own.get(name).is_none();
        let free = (2..).map(|n| format!("{name}_{n}")).find(|name| is_free(name));
        renamed.extend(free.map(|free| (name.clone(), free)));
    }
    if renamed.is_empty() {
        return;
    }
    let new = |name: &str| renamed.iter().find(|(old, _)| old == name).map(|(_, new)| new);
    for (_, part) in &mut document.0 {
        part.each_member(&mut |key, value| {
            let name = value.text().filter(|_| key == "$ref").and_then(|v| v.strip_prefix(SCHEMA));
            if let Some(new) = name.and_then(&new) {
                *value = format!("{SCHEMA}{new}").as_str().into();
            }
        });
    }
    let schemas = document.object("components").and_then(|all| all.object("schemas"));
    for (name, _) in schemas.into_iter().flat_map(|schemas| &mut schemas.0) {
        if let Some(new) = new(name) {
            name.clone_from(new);
        }
    }
}

/// Gives operations the names of their packages where others are called as they are.
fn rename_operations(document: &mut Object, ids: &mut HashSet<String>) {
    let Some(Tree::Object(paths)) = document.get_mut("paths") else { return };
    for operation in paths.0.iter_mut().filter_map(|(_, item)| item.as_object_mut()) {
        for operation in operation.0.iter_mut().filter_map(|(_, one)| one.as_object_mut()) {
            let Some(id) = operation.get("operationId").and_then(Tree::text) else { continue };
            let mut id = id.to_owned();
            if !ids.insert(id.clone()) {
                let package = operation.get("x-operation").and_then(Tree::text);
                let package = package.and_then(|name| name[1..].rsplit_once('.'));
                id = package
                    .map_or_else(|| format!("{id}_"), |(package, _)| format!("{package}.{id}"));
                ids.insert(id.clone());
                operation.set("operationId", id.as_str().into());
            }
        }
    }
}

/// Adds what can be done at a path to what can be done there already.
fn add_path(paths: &mut Object, path: String, item: Tree) {
    let shape = shape(&path);
    let Some((known, Tree::Object(operations))) =
        paths.0.iter_mut().find(|(known, _)| self::shape(known) == shape)
    else {
        paths.0.push((path, item));
        return;
    };
    let names: Vec<_> = parameters(&path)
        .zip(parameters(known))
        .map(|(own, known)| (own.to_owned(), known.to_owned()))
        .collect();
    let Tree::Object(Object(more)) = item else { return };
    for (verb, mut operation) in more {
        if let Some(parameters) =
            operation.as_object_mut().and_then(|one| one.get_mut("parameters"))
        {
            for parameter in parameters.items_mut().iter_mut().filter_map(Tree::as_object_mut) {
                if parameter.get("in").and_then(Tree::text) != Some("path") {
                    continue;
                }
                let name = parameter.get("name").and_then(Tree::text);
                let new = names.iter().find(|(own, _)| Some(own.as_str()) == name);
                if let Some((_, new)) = new {
                    parameter.set("name", new.as_str().into());
                }
            }
        }
        if operations.get(&verb).is_none() {
            operations.set(&verb, operation);
        }
    }
}

/// The names in a path's braces.
fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name)
}

/// A path without the names in its braces.
fn shape(path: &str) -> String {
    let mut parts = path.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shape, part| {
        let rest = part.split_once('}').map_or("", |(_, rest)| rest);
        format!("{shape}{{}}{rest}")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn merged(documents: &[Value]) -> Value {
        let texts: Vec<_> = documents.iter().map(Value::to_string).collect();
        let tree = merge("shop", "1.2.3", texts.iter().map(String::as_str)).unwrap();
        serde_json::to_value(tree).unwrap()
    }

    fn document(path: &str, operation: &str, schema: &Value) -> Value {
        let [service, method] = operation.split('/').collect::<Vec<_>>()[..] else { panic!() };
        let short = service.rsplit('.').next().unwrap();
        json!({
            "openapi": "3.1.1",
            "info": {"title": service, "version": "v1"},
            "tags": [{"name": service}],
            "paths": {path: {"get": {
                "operationId": format!("{short}_{method}"),
                "x-operation": format!("/{operation}"),
                "parameters": [{"in": "path", "name": path.split(['{', '}']).nth(1)}],
                "responses": {"200": {"schema": {"$ref": "#/components/schemas/m.M"}}},
            }}},
            "components": {"schemas": {"m.M": schema}, "responses": {"Error": {}}},
        })
    }

    #[test]
    fn an_app_has_one_document_of_all_its_services_in_its_own_name() {
        let schema = &json!({"type": "object"});
        let one = document("/v1/a/{id}", "a.v1.S/Get", schema);
        let other = document("/v1/b/{id}", "b.v1.T/Get", schema);
        let all = merged(&[one, other]);
        assert_eq!(all["info"], json!({"title": "shop", "version": "1.2.3"}));
        assert_eq!(all["openapi"], "3.1.1");
        assert_eq!(all["tags"], json!([{"name": "a.v1.S"}, {"name": "b.v1.T"}]));
        assert_eq!(all["paths"].as_object().unwrap().len(), 2);
        assert_eq!(all["components"]["schemas"], json!({"m.M": {"type": "object"}}));
    }

    #[test]
    fn schemas_of_one_name_that_differ_are_told_apart() {
        let one = document("/v1/a", "a.v1.S/Get", &json!({"type": "object"}));
        let other = document(
            "/v1/b",
            "b.v1.T/Get",
            &json!({"items": {"$ref": "#/components/schemas/m.M"}}),
        );
        let all = merged(&[one, other]);
        let of = |path: &str| &all["paths"][path]["get"]["responses"]["200"]["schema"]["$ref"];
        assert_eq!(of("/v1/a"), "#/components/schemas/m.M");
        assert_eq!(of("/v1/b"), "#/components/schemas/m.M_2");
        let schemas = &all["components"]["schemas"];
        assert_eq!(schemas["m.M"], json!({"type": "object"}));
        assert_eq!(schemas["m.M_2"], json!({"items": {"$ref": "#/components/schemas/m.M_2"}}));
    }

    #[test]
    fn operations_of_one_name_get_that_of_their_package() {
        let one = document("/v1/a", "a.v1.S/Get", &json!({}));
        let other = document("/v1/b", "b.v1.S/Get", &json!({}));
        let all = merged(&[one, other]);
        assert_eq!(all["paths"]["/v1/a"]["get"]["operationId"], "S_Get");
        assert_eq!(all["paths"]["/v1/b"]["get"]["operationId"], "b.v1.S_Get");
    }

    #[test]
    fn paths_that_differ_in_names_alone_are_one() {
        let one = document("/v1/{id}:x", "a.v1.S/Get", &json!({}));
        let mut other = document("/v1/{user.id}:x", "b.v1.T/Put", &json!({}));
        let item = other["paths"]["/v1/{user.id}:x"].as_object_mut().unwrap();
        let put = item.remove("get").unwrap();
        item.insert("put".to_owned(), put);
        let all = merged(&[one, other]);
        assert_eq!(all["paths"].as_object().unwrap().len(), 1);
        let item = &all["paths"]["/v1/{id}:x"];
        assert_eq!(item["put"]["parameters"][0]["name"], "id");
        assert_eq!(item["get"]["operationId"], "S_Get");
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        assert!(merge("", "", ["{"]).is_err());
    }
}

//! A first implementation of a service.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bia_codegen::{Model, Package, Service};

use crate::error::{Error, Result};
use crate::handler;
use crate::paths::shown;
use crate::project::Member;
use crate::rustfmt;
use crate::splice::{Insertions, declare_module, into_app};

use super::Tree;

/// A file that was made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// Where the implementation begins.
    pub(super) line: usize,
    /// What has to be written into `main.rs` by hand, if its app was not found.
    pub(super) serve: Option<String>,
}

/// The file and line where the proto has a service.
pub(super) fn place(model: &Model, service: &Service) -> (PathBuf, usize) {
    const SERVICES: i32 = 6;
    let file = service.descriptor.parent_file();
    let index = file.services().position(|it| it.full_name() == service.full_name).unwrap_or(0);
    let place = model.place(file.name(), &[SERVICES, i32::try_from(index).unwrap_or_default()]);
    let mut parts = place.rsplitn(3, ':');
    let (_column, line, path) = (parts.next(), parts.next(), parts.next());
    match (path, line.and_then(|it| it.parse().ok())) {
        (Some(path), Some(line)) => (path.into(), line),
        _ => (place.into(), 1),
    }
}

/// Makes a type that implements `service`, in a file of its own, and has `main.rs` serve it.
pub(super) fn make(
    member: &Member,
    tree: &Tree,
    model: &Model,
    (package, service): (&Package, &Service),
    insertions: &mut BTreeMap<usize, Insertions>,
) -> Result<Made> {
    let module = module_name(model, package, service);
    let name = type_name(service);
    let path = member.folder.join("src").join(format!("{}.rs", module.trim_start_matches("r#")));
    if path.exists() {
        return Err(Error::new(format!(
            "{} is there already, and does not implement {}; nothing was written",
            shown(&path),
            service.full_name
        ))
        .with_hint(format!(
            "write there: impl {} for … {{}}, then `bia sync` again",
            service.name
        )));
    }
    let types = tree.own.module_of(&package.name).unwrap_or_else(|| package.modules());
    let text = text(service, &name, &handler::join("crate", &types.join("::")));
    let text = rustfmt::new_file(&path, &member.edition, text);
    let line = text.lines().take_while(|line| !line.starts_with("impl ")).count() + 1;
    let function = handler::join(&types.join("::"), &service.function.to_string());
    let call = format!(".serve({function}({module}::{name}))");
    let is_served = main(member, tree, &module, &call, insertions);
    Ok(Made { path, text, line, serve: (!is_served).then_some(call) })
}

/// `user_service`; with the last of the package behind it, `user_service_v2`, or all of it, where
/// another service would be called the same.
fn module_name(model: &Model, package: &Package, service: &Service) -> String {
    let name = service.function.to_string();
    let mut others = Vec::new();
    for other in model.packages.iter().filter(|it| it.name != package.name) {
        if other.services.iter().any(|it| it.function == name) {
            others.push(other);
        }
    }
    let last = |package: &Package| package.name.rsplit('.').next().map(str::to_owned);
    let behind = match last(package) {
        _ if others.is_empty() => return name,
        Some(last_of_it) if others.iter().all(|it| last(it).as_ref() != Some(&last_of_it)) => {
            last_of_it
        }
        _ => package.name.replace('.', "_"),
    };
    format!("{}_{}", name.trim_start_matches("r#"), behind.to_lowercase())
}

/// `UserApi` of `UserService`.
fn type_name(service: &Service) -> String {
    let name = service.name.to_string();
    let name = name.strip_suffix("Service").filter(|it| !it.is_empty()).unwrap_or(&name);
    format!("{}Api", name.trim_start_matches("r#"))
}

fn text(service: &Service, name: &str, types: &str) -> String {
    let types = types.strip_suffix("::").unwrap_or(types);
    let imports = match handler::imports(&service.methods).as_slice() {
        [] => String::new(),
        names => format!("use bia::{{{}}};\n\n", names.join(", ")),
    };
    let methods: Vec<String> =
        service.methods.iter().map(|method| handler::method(method, "api")).collect();
    let methods = match methods.as_slice() {
        [] => "{}".to_owned(),
        methods => format!("{{\n{}}}", methods.join("\n")),
    };
    format!(
        "//! The API: `{full}`.\n\n\
         {imports}use {types} as api;\n\n\
         /// Implements `{full}`.\n\
         #[derive(Clone, Debug, Default)]\n\
         pub(crate) struct {name};\n\n\
         impl api::{service} for {name} {methods}\n",
        full = service.full_name,
        service = service.name,
    )
}

/// Has `main.rs` know the module and serve what is in it. Says whether it does.
fn main(
    member: &Member,
    tree: &Tree,
    module: &str,
    call: &str,
    insertions: &mut BTreeMap<usize, Insertions>,
) -> bool {
    let main = member.programs.first().map(|(_, main)| main);
    let Some(file) = tree.files.iter().position(|it| Some(&it.source.path) == main) else {
        return false;
    };
    let source = &tree.files[file].source;
    let insertions = insertions.entry(file).or_default();
    declare_module(source, &format!("mod {module};"), module, insertions);
    into_app(source, call, insertions)
}

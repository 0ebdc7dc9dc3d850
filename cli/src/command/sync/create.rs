//! A first implementation of a service.

use std::path::PathBuf;

use bia_codegen::{Model, Package, Service};

use crate::error::{Error, Result};
use crate::handler;
use crate::project::Member;
use crate::splice::{Insertions, declare_module, into_app};

use super::Tree;

/// A file that was made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// Where the implementation begins.
    pub(super) line: usize,
    /// The place of `main.rs` in the tree, and its text then.
    pub(super) main: Option<(usize, String)>,
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
    package: &Package,
    service: &Service,
) -> Result<Made> {
    let module = service.function.to_string();
    let name = type_name(service);
    let path = member.folder.join("src").join(format!("{}.rs", module.trim_start_matches("r#")));
    if path.exists() {
        return Err(Error::new(format!(
            "{} is there already, and does not implement {}; nothing was written",
            path.display(),
            service.full_name
        ))
        .with_hint(format!(
            "write there: impl {} for … {{}}, then `bia sync` again",
            service.name
        )));
    }
    let types = tree.own.module_of(&package.name).unwrap_or_else(|| package.modules());
    let text = text(service, &name, &handler::join("crate", &types.join("::")));
    let line = text.lines().take_while(|line| !line.starts_with("impl ")).count() + 1;
    let main = main(member, tree, &module, &name, &types.join("::"), service)?;
    Ok(Made { path, text, line, main })
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

/// The file with `main`, with the module in it and the service served; none where that is not to be
/// found, which is told as a service that nothing serves.
fn main(
    member: &Member,
    tree: &Tree,
    module: &str,
    name: &str,
    types: &str,
    service: &Service,
) -> Result<Option<(usize, String)>> {
    let Some((_, main)) = member.programs.first() else { return Ok(None) };
    let Some(file) = tree.files.iter().position(|it| it.source.path == *main) else {
        return Ok(None);
    };
    let source = &tree.files[file].source;
    let mut insertions = Insertions::default();
    declare_module(source, &format!("mod {module};"), module, &mut insertions);
    let function = handler::join(types, &service.function.to_string());
    into_app(source, &format!(".serve({function}({module}::{name}))"), &mut insertions);
    Ok(Some((file, source.with(insertions)?)))
}

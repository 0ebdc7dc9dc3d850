//! What types are called where a method is written.

use bia_codegen::{Method, Package};
use proc_macro2::TokenStream;

/// What things are called in the module where methods are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// The module of the service's package: `api`, `crate::user::v1`; empty if it is this one.
    pub(crate) types: String,
    /// The module that the modules of all packages are in: `crate`.
    pub(crate) root: String,
    pub(crate) context: String,
    pub(crate) result: String,
    pub(crate) stream: String,
    pub(crate) streaming: String,
}

impl Words {
    /// For a module that imports what a method of its kind needs of the framework.
    pub(crate) fn imported(types: &str) -> Self {
        Self {
            context: "Context".to_owned(),
            result: "Result".to_owned(),
            stream: "Stream".to_owned(),
            streaming: "Streaming".to_owned(),
            ..Self::absolute(types)
        }
    }

    /// For a module of which nothing is known.
    pub(crate) fn absolute(types: &str) -> Self {
        let of_bia = |name: &str| format!("bia::{name}");
        Self {
            types: types.to_owned(),
            root: "crate".to_owned(),
            context: of_bia("Context"),
            result: of_bia("Result"),
            stream: of_bia("Stream"),
            streaming: of_bia("Streaming"),
        }
    }

    /// The path of a message of `method`, which the model has as seen from the package's module.
    pub(crate) fn message(&self, method: &Method, path: &TokenStream) -> String {
        let file = method.descriptor.parent_service().parent_file();
        self.path(file.package_name(), &path.to_string().replace(' ', ""))
    }

    /// `path` is as seen from the module of `package`, without spaces.
    fn path(&self, package: &str, path: &str) -> String {
        for (generated, written) in [
            ("::bia::__codegen::prost::alloc::string::String", "String"),
            ("::bia::__codegen::prost::alloc::vec::Vec", "Vec"),
        ] {
            if let Some(rest) = path.strip_prefix(generated) {
                return format!("{written}{rest}");
            }
        }
        if let Some(name) = path.strip_prefix("::bia::__codegen::prost_types::") {
            return format!("bia::prost_types::{name}");
        }
        let is_built_in =
            matches!(path, "()" | "bool" | "f32" | "f64" | "i32" | "i64" | "u32" | "u64");
        if is_built_in || path.starts_with("::") || path.starts_with("crate::") {
            return path.to_owned();
        }
        let below = path.trim_start_matches("super::");
        let ups = (path.len() - below.len()) / "super::".len();
        if ups == 0 {
            return join(&self.types, below);
        }
        let modules = Package::modules_of(package);
        let kept = modules.iter().take(modules.len().saturating_sub(ups));
        let around = kept.fold(self.root.clone(), |path, module| join(&path, module));
        join(&around, below)
    }
}

/// `name` in the module `path`, which may be the one where this is written.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") }
}

//! Messages and enums, made by prost.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use prost_build::Module;

use crate::error::Error;
use crate::model::Model;
use crate::output::Output;

use super::{Emit, rework, unknown};

/// The settings of messages; paths of types are those of the model.
#[derive(Clone, Debug)]
pub(crate) struct Messages {
    pub(crate) prost: String,
    /// Full names or parts of them, and what stands on the types.
    pub(crate) type_attributes: Vec<(String, String)>,
    /// Full names or parts of them, and what stands on the fields.
    pub(crate) field_attributes: Vec<(String, String)>,
}

impl Emit for Messages {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        let requests = model.files.iter().map(|file| {
            (Module::from_protobuf_package_name(file.descriptor.package()), file.descriptor.clone())
        });
        let requests: Vec<_> = requests.collect();
        // prost-build panics on descriptors that it does not expect. All that it is known to stop
        // at is refused before; should there be more, the user is to read what, and no backtrace.
        let generated = catch_unwind(AssertUnwindSafe(|| self.config(model).generate(requests)))
            .map_err(|panic| {
                Error::new(format!("messages cannot be generated: {}", text(&*panic)))
            })?
            .map_err(|error| Error::new("messages cannot be generated").with_source(error))?;
        let mut generated: BTreeMap<String, String> =
            generated.into_iter().map(|(module, code)| (module.to_string(), code)).collect();
        for package in &model.packages {
            let Some(code) = generated.remove(&package.modules().join("::")) else { continue };
            let items = code.parse().map_err(|error| {
                Error::new(format!("what prost made of the package '{}' is not Rust", package.name))
                    .with_remedy("look at the attributes given to the Compiler")
                    .with_source(Error::new(format!("{error}")))
            })?;
            output.add_items(package, rework::items(items, model, package)?);
        }
        Ok(())
    }
}

impl Messages {
    fn config(&self, model: &Model) -> prost_build::Config {
        let mut config = prost_build::Config::new();
        let mut messages = model.packages.iter().flat_map(|package| &package.messages);
        if messages.any(|message| message.unknown_fields.is_some()) {
            config.prost_path(unknown::prost(&model.runtime));
        } else {
            config.prost_path(&self.prost);
        }
        config
            // The well-known types are among those of the model that are elsewhere.
            .compile_well_known_types()
            .enable_type_names()
            // What `Any` and rich errors name types by.
            .type_name_domain(["."], "type.googleapis.com");
        // Each by its whole name: of a package's path, prost would change the spelling.
        for (name, path) in model.types_elsewhere() {
            config.extern_path(name, path);
        }
        for (name, attribute) in &self.type_attributes {
            config.type_attribute(name, attribute);
        }
        for (name, attribute) in &self.field_attributes {
            config.field_attribute(name, attribute);
        }
        config
    }
}

/// What a panic says.
pub(crate) fn text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given")
}

//! How messages are written and read as JSON.

use quote::quote;

use crate::error::Error;
use crate::model::Model;
use crate::output::Output;

use super::Emit;

#[derive(Debug)]
pub(crate) struct Json;

impl Emit for Json {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        let bia = &model.runtime;
        for package in &model.packages {
            for message in &package.messages {
                let path = &message.path;
                output.add_items(package, quote!(impl #bia::__codegen::Json for #path {}));
            }
        }
        Ok(())
    }
}

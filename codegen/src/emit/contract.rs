//! The check that generated code and framework fit each other.

use quote::quote;

use crate::error::Error;
use crate::model::Model;
use crate::output::Output;

use super::Emit;

/// The contract that generated code keeps with the framework; the framework names the same number.
const VERSION: u32 = 2;

#[derive(Debug)]
pub(crate) struct Contract;

impl Emit for Contract {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        let bia = &model.runtime;
        for package in &model.packages {
            if output.has_items(package) || !package.services.is_empty() {
                output.add_items(
                    package,
                    quote! { const _: () = #bia::__codegen::assert_version(#VERSION); },
                );
            }
        }
        Ok(())
    }
}

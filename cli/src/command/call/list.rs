//! The methods that can be called.

use serde_json::json;

use crate::error::{Error, Result};
use crate::shell::{Look, Shell, Table};

use super::api::{Api, kind, operation};
use crate::remote::kind_name;

/// Prints all methods; with `wanted`, those of that service alone.
pub(super) fn run(api: &Api, wanted: Option<&str>, is_json: bool, shell: &Shell) -> Result<()> {
    let methods: Vec<_> = api
        .services
        .iter()
        .flat_map(prost_reflect::ServiceDescriptor::methods)
        .filter(|method| wanted.is_none_or(|wanted| operation(method).contains(wanted)))
        .collect();
    if methods.is_empty() && wanted.is_some() {
        return Err(Error::new(format!(
            "no method has `{}` in its name",
            wanted.unwrap_or_default()
        ))
        .with_hint("without it, --list shows all"));
    }
    if is_json {
        let all: Vec<_> = methods
            .iter()
            .map(|method| {
                json!({
                    "method": operation(method),
                    "kind": kind_name(kind(method)),
                    "request": method.input().full_name(),
                    "answer": method.output().full_name(),
                })
            })
            .collect();
        return shell.data(serde_json::Value::from(all));
    }
    let mut table = Table::new(["METHOD", "KIND", "REQUEST", "ANSWER"]);
    for method in &methods {
        let look = match operation(method).starts_with("grpc.") {
            true => Look::Faint,
            false => Look::Bold,
        };
        table.row([
            (operation(method), look),
            (kind_name(kind(method)).to_owned(), Look::Plain),
            (method.input().name().to_owned(), Look::Plain),
            (method.output().name().to_owned(), Look::Plain),
        ]);
    }
    if table.is_empty() {
        shell.say("it has no services");
        return Ok(());
    }
    shell.data(table.render(shell.columns()))
}

//! Operations in tables, one for each service.

use crate::remote::kind_name;
use crate::shell::{Look, Table};

use super::route::{Binding, Route};

/// What goes first where there is no room for all.
const SPARE: &[&str] = &["REPEATABLE", "FAILS WITH"];

/// A table for each service, under its name.
pub(super) fn tables(all: &[Route], width: Option<usize>) -> String {
    let mut parts = Vec::new();
    for routes in all.chunk_by(|a, b| (&a.program, &a.service) == (&b.program, &b.service)) {
        let Some(first) = routes.first() else { continue };
        let head = Look::Bold.paint(format_args!("{}  {}", first.program, first.service));
        parts.push(format!("{head}\n{}", table(routes, width)));
    }
    parts.join("\n\n")
}

fn table(routes: &[Route], width: Option<usize>) -> String {
    let has = |has: fn(&Route) -> bool| routes.iter().any(has);
    let columns = [
        ("METHOD", true),
        ("KIND", true),
        ("HTTP", true),
        ("DEADLINE", has(|it| it.deadline.is_some())),
        ("AUTH", has(|it| it.auth.is_some())),
        ("RETRY", has(|it| it.retry.is_some())),
        ("REPEATABLE", has(|it| it.idempotency.is_some())),
        ("FAILS WITH", has(|it| !it.errors.is_empty())),
    ];
    let shown = |(_, is_shown): &(&str, bool)| *is_shown;
    let names = columns.iter().copied().filter(shown).map(|(name, _)| name);
    let mut table = Table::new(names).sparing(SPARE);
    for route in routes {
        let errors: Vec<_> = route.errors.iter().map(|(reason, _)| reason.as_str()).collect();
        let look = if route.is_deprecated { Look::Faint } else { Look::Plain };
        let mut http = route.http.iter().map(call);
        let cells = [
            (route.method.clone(), look),
            (kind_name(route.kind).to_owned(), look),
            (http.next().unwrap_or_else(none), look),
            (route.deadline.clone().unwrap_or_else(none), look),
            (route.auth.clone().unwrap_or_else(none), look),
            (route.retry.clone().unwrap_or_else(none), look),
            (route.idempotency.map_or_else(none, str::to_owned), look),
            (errors.join(" "), look),
        ];
        let cells = cells.into_iter().zip(&columns).filter(|(_, column)| shown(column));
        table.row(cells.map(|(cell, _)| cell));
        for further in http {
            let cells = columns.iter().filter(|column| shown(column)).map(|(name, _)| {
                (if *name == "HTTP" { further.clone() } else { String::new() }, Look::Faint)
            });
            table.row(cells);
        }
    }
    table.render(width)
}

/// `GET /v1/users/{id}`.
fn call(binding: &Binding) -> String {
    let verb = if binding.over == "websocket" { "WS" } else { &binding.verb };
    format!("{verb} {}", binding.path)
}

fn none() -> String {
    "–".to_owned()
}

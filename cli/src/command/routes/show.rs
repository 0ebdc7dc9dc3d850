//! Operations in tables, one for each service.

use crate::remote::kind_name;
use crate::shell::{Look, Table};

use super::route::{Binding, Route};

/// From this many columns on there is room for: the rules; what it fails with.
const ROOM: [usize; 2] = [80, 140];

/// A table for each service, under its name.
pub(super) fn tables(all: &[Route], width: usize) -> String {
    let mut parts = Vec::new();
    for routes in all.chunk_by(|a, b| (&a.program, &a.service) == (&b.program, &b.service)) {
        let Some(first) = routes.first() else { continue };
        let head = Look::Bold.paint(format_args!("{}  {}", first.program, first.service));
        parts.push(format!("{head}\n{}", table(routes, width)));
    }
    parts.join("\n\n")
}

fn table(routes: &[Route], width: usize) -> String {
    let [some, all] = ROOM.map(|room| width >= room);
    let has = |has: fn(&Route) -> bool| routes.iter().any(has);
    let columns = [
        ("METHOD", true),
        ("KIND", true),
        ("HTTP", true),
        ("DEADLINE", some && has(|it| it.deadline.is_some())),
        ("AUTH", some && has(|it| it.auth.is_some())),
        ("RETRY", some && has(|it| it.retry.is_some())),
        ("REPEATABLE", all && has(|it| it.idempotency.is_some())),
        ("FAILS WITH", all && has(|it| !it.errors.is_empty())),
    ];
    let shown = |(_, is_shown): &(&str, bool)| *is_shown;
    let mut table = Table::new(columns.iter().copied().filter(shown).map(|(name, _)| name));
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

//! Who is there, in a table.

use std::time::{Duration, SystemTime};

use crate::shell::{Look, Table, wrap};

use super::look::{Health, Seat, Seen};

/// What goes first where there is no room for all.
const SPARE: &[&str] = &["METADATA", "INSTANCE", "ZONE", "UP"];

/// A table for a terminal of `width` columns, and below it what is wrong.
pub(super) fn table(seen: &Seen, width: Option<usize>) -> String {
    table_at(seen, width, SystemTime::now())
}

pub(super) fn table_at(seen: &Seen, width: Option<usize>, now: SystemTime) -> String {
    let has_zones = seen.instances.iter().any(|seat| seat.zone.is_some());
    let has_rest = seen.instances.iter().any(|seat| !rest(seat).is_empty());
    let columns = [
        ("SERVICE", true),
        ("REGISTRY", seen.registries.len() > 1),
        ("INSTANCE", true),
        ("ADDRESS", true),
        ("HEALTH", true),
        ("VERSION", true),
        ("UP", true),
        ("ZONE", has_zones),
        ("METADATA", has_rest),
    ];
    let shown = |(_, is_shown): &(&str, bool)| *is_shown;
    let mut table =
        Table::new(columns.iter().copied().filter(shown).map(|(name, _)| name)).sparing(SPARE);
    for seat in &seen.instances {
        let look = match seat.health {
            Health::Serving => Look::Good,
            Health::NotServing => Look::Warn,
            Health::Unreachable | Health::Failing => Look::Bad,
            Health::Connecting | Health::Registered => Look::Plain,
        };
        let cells = [
            (seat.service.clone(), Look::Bold),
            (or_none(seat.label.as_deref().unwrap_or_default()), Look::Plain),
            (seat.instance.clone(), Look::Faint),
            (seat.address(), Look::Plain),
            (seat.health.name().to_owned(), look),
            (or_none(&seat.version), Look::Plain),
            (seat.started.map_or_else(|| or_none(""), |at| up(at, now)), Look::Plain),
            (or_none(seat.zone.as_deref().unwrap_or_default()), Look::Plain),
            (rest(seat), Look::Faint),
        ];
        let cells = cells.into_iter().zip(&columns).filter(|(_, column)| shown(column));
        table.row(cells.map(|(cell, _)| cell));
    }
    let mut text = table.render(width);
    for seat in &seen.instances {
        if let Some(note) = &seat.note {
            let note = format!("{} at {}: {note}", seat.service, seat.address());
            for line in wrap(&note, width.unwrap_or(usize::MAX)) {
                text.push_str(&format!("\n{}", Look::Faint.paint(line)));
            }
        }
    }
    text
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { text.to_owned() }
}

/// What it says of itself beside its zone.
fn rest(seat: &Seat) -> String {
    let rest = seat.metadata.iter().filter(|(key, _)| *key != "zone");
    rest.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

/// For how long it has been up, in its largest unit: `42s`, `7m`, `3h`, `12d`.
fn up(since: SystemTime, now: SystemTime) -> String {
    let seconds = now.duration_since(since).unwrap_or(Duration::ZERO).as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

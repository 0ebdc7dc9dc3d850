//! `bia config history`: what this command has changed. Consul itself keeps nothing of what was.

use std::collections::BTreeSet;
use std::time::SystemTime;

use bia::backend::consul::{Key, Step};
use bia::config::trust::sum;
use bia::config::{Variables, nearest};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::runtime::block_on;
use crate::shell::{Look, Shell, Table};

use super::centre::Centre;
use super::compare::{coloured, unified};
use super::mask::masked;
use super::place::Place;

/// So many changes are kept; the oldest go.
const KEPT: usize = 50;
/// With one change so many old ones go at most.
const SWEPT: usize = 8;
/// A text that is longer is not kept, in bytes: it would not go into one write with the change.
const LONGEST: usize = 128 << 10;

/// Lists who changed what and when, as far as it was done by this command.
///
/// Consul keeps no history. `bia config set` and `sign` write one, in the same transaction as the change:
/// below `config/.history/user-service/` for the settings below `config/user-service/`, where no service
/// reads it. It holds the text of a layer before each change, with the secrets that are in it, and the
/// last 50 changes. What was changed by other means is not in it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    bia config history\n  \
    bia config history app.prod.yaml --json\n  \
    bia config history --show 7\n  \
    bia config set --restore 7       # as it was before change 7")]
pub(super) struct Arguments {
    /// Only changes of this layer, `app.yaml`; default: of all.
    #[arg(value_name = "LAYER")]
    layer: Option<String>,
    /// Shows what the change of this number did, as a diff.
    #[arg(long, value_name = "NUMBER")]
    show: Option<u64>,
    /// Shows secrets as they are.
    #[arg(long)]
    reveal: bool,
    /// Prints JSON: `number`, `at`, `by`, `layer`, `what`, `version`, `digest`, and `is_kept`, whether the text
    /// before is; with `--show` also `before` and `after`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// One change, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// When, in UTC.
    pub(super) at: String,
    /// Who, `user@host`: as the machine says, which proves nothing.
    pub(super) by: String,
    /// The layer; none where only the signature is new.
    pub(super) layer: Option<String>,
    pub(super) what: String,
    /// The SHA-256 of the layer after it; none if it was removed.
    pub(super) digest: Option<String>,
    /// The version that was signed with it.
    pub(super) version: Option<u64>,
    /// What the layer said before; none if it was not there.
    pub(super) before: Option<String>,
    /// Whether what it said before was too long to keep.
    #[serde(default)]
    pub(super) is_cut: bool,
}

/// The next entry, ready to be written with its change.
pub(super) struct Record {
    pub(super) number: u64,
    pub(super) steps: Vec<Step>,
}

impl Entry {
    pub(super) fn new(what: &str, after: Option<&str>) -> Self {
        Self {
            at: now(),
            by: who(),
            layer: None,
            what: what.to_owned(),
            digest: after.map(|it| sum(it.as_bytes())),
            version: None,
            before: None,
            is_cut: false,
        }
    }
}

impl Record {
    /// Numbers an entry, and has those go that are too many.
    pub(super) async fn next(centre: &Centre, entry: &Entry) -> Result<Self> {
        let folder = centre.history();
        let keys = centre.keys.below(&folder).await.map_err(|error| centre.told(&error))?;
        let last = keys.iter().filter_map(|it| number(&folder, it)).max().unwrap_or(0);
        let mut entry = entry.clone();
        if entry.before.as_ref().is_some_and(|it| it.len() > LONGEST) {
            (entry.before, entry.is_cut) = (None, true);
        }
        let text = serde_json::to_string_pretty(&entry)
            .map_err(|cause| Error::new(format!("cannot write down the change: {cause}")))?;
        let mut steps = vec![Step::put(format!("{folder}{:010}", last + 1), text, 0)];
        // In the order of their names, which is that of their numbers.
        let spare = (keys.len() + 1).saturating_sub(KEPT).min(SWEPT);
        steps.extend(keys.iter().take(spare).map(|it| Step::remove(&it.name, it.changed)));
        Ok(Self { number: last + 1, steps })
    }
}

fn number(folder: &str, key: &Key) -> Option<u64> {
    key.name.strip_prefix(folder)?.parse().ok()
}

/// All that is kept, the oldest first.
pub(super) async fn entries(centre: &Centre) -> Result<Vec<(u64, Entry)>> {
    let folder = centre.history();
    let keys = centre.keys.below(&folder).await.map_err(|error| centre.told(&error))?;
    let read = |key: &Key| Some((number(&folder, key)?, serde_json::from_slice(&key.bytes).ok()?));
    Ok(keys.iter().filter_map(read).collect())
}

/// The entry of this number.
pub(super) fn entry(entries: &[(u64, Entry)], wanted: u64) -> Result<&Entry> {
    entries.iter().find(|(number, _)| *number == wanted).map(|(_, entry)| entry).ok_or_else(|| {
        let error = Error::new(format!("there is no change {wanted} in the history"));
        match (entries.first(), entries.last()) {
            (Some((first, _)), Some((last, _))) => {
                error.with_hint(format!("it has {first} to {last}"))
            }
            _ => error.with_hint("it is empty: only what `bia config` changes is written down"),
        }
    })
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let centre = arguments.place.open()?;
    block_on(async {
        let entries = entries(&centre).await?;
        if let Some(number) = arguments.show {
            return show(arguments, &centre, &entries, number, shell).await;
        }
        let is_meant = |entry: &Entry| arguments.layer.is_none() || entry.layer == arguments.layer;
        let meant: Vec<_> = entries.iter().filter(|(_, it)| is_meant(it)).rev().collect();
        if arguments.json {
            let all: Vec<_> = meant.iter().map(|(number, entry)| json(*number, entry)).collect();
            return shell.data(serde_json::Value::from(all));
        }
        if let Some(layer) = arguments.layer.as_ref().filter(|_| meant.is_empty())
            && !entries.is_empty()
        {
            shell.say(format!("no change of {layer} is written down of {}", centre.name()));
            let changed: BTreeSet<&str> =
                entries.iter().filter_map(|(_, it)| it.layer.as_deref()).collect();
            let changed: Vec<&str> = changed.into_iter().collect();
            shell.hint(match nearest(layer, changed.iter().copied()) {
                Some(likely) => format!("did you mean {likely}?"),
                None => format!("there are changes of: {}", changed.join(", ")),
            });
            return Ok(());
        }
        if meant.is_empty() {
            shell.say(format!("no change is written down of {}", centre.name()));
            shell.hint("only what `bia config` changes is: Consul keeps nothing of what was");
            return Ok(());
        }
        let mut table = Table::new(["CHANGE", "WHEN", "WHO", "LAYER", "SIGNED", "WHAT"]);
        for (number, entry) in meant {
            let or_none = |text: Option<String>| match text {
                Some(text) => (text, Look::Plain),
                None => ("–".to_owned(), Look::Faint),
            };
            table.row([
                (number.to_string(), Look::Bold),
                (entry.at.clone(), Look::Plain),
                (entry.by.clone(), Look::Plain),
                or_none(entry.layer.clone()),
                or_none(entry.version.map(|it| it.to_string())),
                (entry.what.clone(), Look::Plain),
            ]);
        }
        shell.data(table.render(shell.columns()))
    })
}

fn json(number: u64, entry: &Entry) -> serde_json::Value {
    serde_json::json!({
        "number": number,
        "at": entry.at,
        "by": entry.by,
        "layer": entry.layer,
        "what": entry.what,
        "version": entry.version,
        "digest": entry.digest,
        "is_kept": entry.layer.is_some() && !entry.is_cut,
    })
}

/// What the layer said after a change: what it said before the next one of it, or says now.
async fn after(centre: &Centre, entries: &[(u64, Entry)], number: u64) -> Result<Option<String>> {
    let this = entry(entries, number)?;
    let mut later = entries.iter().filter(|(it, _)| *it > number).map(|(_, entry)| entry);
    if let Some(next) = later.find(|it| it.layer == this.layer) {
        return Ok(next.before.clone());
    }
    let held = centre.read().await?;
    let layer = this.layer.as_deref().and_then(|it| held.layer(it));
    Ok(layer.map(super::centre::text))
}

async fn show(
    arguments: &Arguments,
    centre: &Centre,
    entries: &[(u64, Entry)],
    number: u64,
    shell: &Shell,
) -> Result<()> {
    let this = entry(entries, number)?;
    let Some(layer) = &this.layer else {
        return if arguments.json {
            shell.data(json(number, this))
        } else {
            shell.data(format!("{} by {}: {}", this.at, this.by, this.what))
        };
    };
    let (before, after) =
        (this.before.clone().unwrap_or_default(), after(centre, entries, number).await?);
    let is_own = after.as_ref().map(|it| sum(it.as_bytes())) == this.digest;
    let after = after.unwrap_or_default();
    let (before, after) = match arguments.reveal {
        true => (before, after),
        false => (masked(layer, &before, None), masked(layer, &after, Some(&before))),
    };
    if arguments.json {
        let mut value = json(number, this);
        if let Some(value) = value.as_object_mut() {
            value.insert("before".to_owned(), before.into());
            value.insert("after".to_owned(), after.into());
        }
        return shell.data(value);
    }
    shell.say(format!("change {number}, {} by {}: {}", this.at, this.by, this.what));
    if this.is_cut {
        shell.warn(format!("{layer} was too long to keep what it said before"));
    }
    if !is_own {
        shell.warn(format!(
            "{layer} was changed by other means after it: what follows has that too"
        ));
    }
    let names = (format!("{layer} before"), format!("{layer} after"));
    let diff = unified((&names.0, &before), (&names.1, &after)).unwrap_or_default();
    shell.data(coloured(&diff))
}

/// The time in UTC as RFC 3339 has it, to the second.
pub(super) fn now() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    stamp(since.as_secs())
}

fn stamp(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of the year 0, so that a leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + next;
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `user@host`, as the machine says.
fn who() -> String {
    let variables = Variables::of_process();
    let set = |name: &str| variables.get(name).filter(|it| !it.is_empty()).map(str::to_owned);
    let user = set("USER").or_else(|| set("LOGNAME")).unwrap_or_else(|| "unknown".to_owned());
    let host = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let host = host.iter().find_map(|it| std::fs::read_to_string(it).ok());
    let host = host.or_else(|| set("HOSTNAME")).unwrap_or_else(|| "unknown".to_owned());
    format!("{user}@{}", host.trim())
}

#[cfg(test)]
mod tests {
    use super::stamp;

    #[test]
    fn a_time_is_written_as_other_programs_do() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(stamp(seconds), text);
        }
    }
}

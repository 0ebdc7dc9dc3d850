//! `bia proto breaking`: what would break those who call the service as it was.

mod against;
pub(super) mod change;
mod compare;
pub(super) mod example;
mod git;
mod meant;
mod report;
mod side;

use std::path::PathBuf;

use clap::Args;

use crate::command::proto::list;
use crate::error::{Error, Result};
use crate::protofile::Wanted;
use crate::remote::{Dial, Whereabouts};
use crate::shell::{Look, Shell};

use change::{Category, Change, Level};
use side::{Part, Side};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bia proto breaking --against main                     the last commit of the branch main\n  \
    bia proto breaking --against v1.2.0 --only WIRE,JSON   the tag, and only these categories\n  \
    bia proto breaking --against ../old/proto              a folder, a file, or a descriptor set\n  \
    bia proto breaking --against grpc://127.0.0.1:8000     what a service that runs says of itself\n  \
    bia proto breaking --against user-service              the same, found in the registry"
)]
pub(crate) struct Arguments {
    /// Files, and folders that are looked through; the current folder by default.
    paths: Vec<PathBuf>,
    /// What was before: a revision of git, a file or folder of protos, a descriptor set, or a service that
    /// runs, by address or name. `git:`, `path:` or `service:` in front says which is meant.
    #[arg(long, value_name = "WHAT", required_unless_present = "list")]
    against: Option<String>,
    /// Judges only these categories, separated by commas.
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',', ignore_case = true)]
    only: Vec<Category>,
    /// Leaves out these categories or kinds of change, separated by commas: `SOURCE`, `HTTP_BODY`.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    except: Vec<String>,
    /// Prints what was found as JSON.
    #[arg(long)]
    json: bool,
    /// Lists every kind of change that is judged, and ends.
    #[arg(long)]
    list: bool,
    /// A folder in which imports are looked for, beside those that the files and build.rs tell; may be
    /// given again.
    #[arg(long, short = 'I', value_name = "FOLDER")]
    include: Vec<PathBuf>,
    #[command(flatten)]
    whereabouts: Whereabouts,
    #[command(flatten)]
    dial: Dial,
}

pub(crate) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    if arguments.list {
        return listed(arguments.json, shell);
    }
    check_names(&arguments.except)?;
    let is_judged = |change: &Change| {
        let is_left_out = |name: &String| {
            name.eq_ignore_ascii_case(change.id)
                || name.eq_ignore_ascii_case(change.category.name())
        };
        (arguments.only.is_empty() || arguments.only.contains(&change.category))
            && !arguments.except.iter().any(is_left_out)
    };
    if !change::ALL.iter().any(|change| is_judged(change)) {
        return Err(Error::usage("--only and --except leave nothing to judge")
            .with_hint("leave out of --except what --only chooses"));
    }
    let against = arguments.against.as_deref().unwrap_or_default();
    let wanted = Wanted::find(&arguments.paths, &arguments.include)?;
    let (old, new) = against::sides(against, arguments, &wanted, shell)?;
    let mut findings = compare::compare(&old, &new);
    findings.retain(|finding| is_judged(finding.change));
    if arguments.json {
        shell.data(report::json(against, &findings))?;
    } else if !findings.is_empty() {
        shell.data(report::text(&findings, shell.columns()))?;
    }
    let breaking = findings.iter().filter(|it| it.change.level == Level::Breaks);
    let mut counts = Vec::new();
    for category in ALL {
        let count = breaking.clone().filter(|it| it.change.category == category).count();
        if count > 0 {
            counts.push(format!("{count} {}", category.name()));
        }
    }
    if counts.is_empty() {
        let files: usize = old.parts.iter().map(|part| part.names.len()).sum();
        let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
        shell.status("Compatible", format!("with {against}: {files} compared, nobody breaks"));
        return Ok(());
    }
    let count = breaking.count();
    let changes = if count == 1 { "1 change breaks" } else { "changes break" };
    let number = if count == 1 { String::new() } else { format!("{count} ") };
    Err(Error::new(format!("{number}{changes} who goes by {against}: {}", counts.join(", ")))
        .with_hint("--only and --except choose the categories, --list tells what they mean"))
}

const ALL: [Category; 7] = [
    Category::Wire,
    Category::Json,
    Category::Http,
    Category::Errors,
    Category::Rules,
    Category::Options,
    Category::Source,
];

/// Refuses names that mean nothing: whoever wrote them believes that something is left out.
fn check_names(names: &[String]) -> Result<()> {
    let known = || {
        let ids = change::ALL.iter().map(|change| change.id);
        ALL.iter().map(|category| category.name()).chain(ids)
    };
    match names.iter().find(|name| !known().any(|it| it.eq_ignore_ascii_case(name))) {
        None => Ok(()),
        Some(name) => Err(Error::usage(format!("there is no category or kind of change `{name}`"))
            .with_hint("`bia proto breaking --list` tells which there are")),
    }
}

fn listed(json: bool, shell: &Shell) -> Result<()> {
    if json {
        let all: Vec<_> = change::ALL.iter().map(|change| report::kind(change)).collect();
        return shell.data(serde_json::Value::Array(all));
    }
    let rows = change::ALL.iter().map(|change| {
        let look = if change.level == Level::Notes { Look::Faint } else { Look::Bold };
        (change.category.name(), change.id, look, format!("{}: {}", change.what, change.breaks))
    });
    shell.data(list::render(rows, shell.width()))
}

//! `bia proto lint`: what is unusual in protos, or wrong, and what to do about it.

mod check;
mod config;
pub(super) mod example;
mod ignore;
pub(super) mod names;
pub(super) mod rule;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::command::proto::list;
use crate::error::{Error, Result};
use crate::project;
use crate::protofile::{Place, Wanted, read};
use crate::shell::{Look, Shell};

use check::Finding;
pub(crate) use check::broken_by;
use config::Config;
use ignore::Ignore;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bia proto lint                       every .proto below the current folder\n  \
    bia proto lint proto/shop --json     for scripts\n  bia proto lint --use COMMENTS        whether everything has a comment\n\n\
    A comment above leaves a rule out:   // bia:lint:ignore RULE_ID the reason\n\
    and for the whole file:              // bia:lint:ignore-file RULE_ID the reason\n\
    Cargo.toml says it for all:          [workspace.metadata.bia.lint] (or package.…)\n                                     \
    except = [\"RPC_RESPONSE_STANDARD_NAME\"]\n                                     use = [\"STANDARD\", \"BIA\", \"COMMENT_RPC\"]"
)]
pub(crate) struct Arguments {
    /// Files, and folders that are looked through; the current folder by default.
    paths: Vec<PathBuf>,
    /// Only these categories or rules, separated by commas; default: `STANDARD` and `BIA`, or what
    /// Cargo.toml says.
    #[arg(long = "use", value_name = "NAME", value_delimiter = ',')]
    uses: Vec<String>,
    /// Leaves out these categories or rules, separated by commas, beside those of Cargo.toml.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    except: Vec<String>,
    /// Prints what was found as JSON.
    #[arg(long)]
    json: bool,
    /// Lists the rules, and ends.
    #[arg(long)]
    list: bool,
    /// A folder in which imports are looked for, beside those that the files and build.rs tell; may be
    /// given again.
    #[arg(long, short = 'I', value_name = "FOLDER")]
    include: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let config = config(arguments)?;
    if arguments.list {
        return listed(&config, arguments.json, shell);
    }
    let wanted = Wanted::find(&arguments.paths, &arguments.include)?;
    let mut findings = left(check::all(&wanted)?, &wanted, &config)?;
    findings.sort_by(|a, b| (&a.place, a.rule.id, &a.text).cmp(&(&b.place, b.rule.id, &b.text)));
    findings.dedup();
    if arguments.json {
        let all: Vec<Value> = findings.iter().map(as_json).collect();
        shell.data(json!({"files": wanted.files.len(), "findings": all}))?;
    } else if !findings.is_empty() {
        shell.data(
            findings.iter().map(|it| as_text(it, shell.columns())).collect::<Vec<_>>().join("\n"),
        )?;
    }
    let files = match wanted.files.len() {
        1 => "1 file".to_owned(),
        many => format!("{many} files"),
    };
    match findings.len() {
        0 => {
            shell.status("Linted", format!("{files}, nothing was found"));
            Ok(())
        }
        count => {
            let places = if count == 1 { "1 place".to_owned() } else { format!("{count} places") };
            Err(Error::new(format!("rules are broken in {places} of {files}")).with_hint(
                "`--list` tells what each rule wants; `// bia:lint:ignore RULE_ID reason` above a line leaves it out",
            ))
        }
    }
}

fn config(arguments: &Arguments) -> Result<Config> {
    for names in [&arguments.uses, &arguments.except] {
        config::check(names).map_err(|unknown| {
            Error::usage(format!("there is no rule or category `{unknown}`"))
                .with_hint("`bia proto lint --list` tells which there are")
        })?;
    }
    let mut config = Config::around(&project::here()?)?;
    if !arguments.uses.is_empty() {
        config.uses.clone_from(&arguments.uses);
    }
    config.except.extend(arguments.except.iter().cloned());
    Ok(config)
}

/// What neither the configuration nor a comment leaves out, and the comments that leave out nothing.
fn left(findings: Vec<Finding>, wanted: &Wanted, config: &Config) -> Result<Vec<Finding>> {
    let mut ignores = BTreeMap::<String, Vec<(Ignore, Vec<bool>)>>::new();
    for file in &wanted.files {
        let found = ignore::read(&read(file)?).into_iter().map(|it| {
            let unused = vec![false; it.rules.len()];
            (it, unused)
        });
        ignores.insert(file.display().to_string(), found.collect());
    }
    let is_wrong = findings.iter().any(|it| it.rule.id == rule::COMPILES.id);
    let mut left = Vec::new();
    for finding in findings {
        let line = finding.place.position.map(|it| it.0);
        let mut is_ignored = false;
        for (ignore, used) in ignores.get_mut(&finding.place.file).into_iter().flatten() {
            if ignore.is_for(finding.rule.id, line) {
                is_ignored = true;
                for (rule, used) in ignore.rules.iter().zip(used) {
                    *used |= rule == finding.rule.id;
                }
            }
        }
        if !is_ignored && config.holds(finding.rule) {
            left.push(finding);
        }
    }
    if config.holds(rule::LINT_IGNORE) {
        for (file, ignores) in &ignores {
            for (ignore, used) in ignores {
                left.extend(complaints(ignore, used, is_wrong).into_iter().map(|text| Finding {
                    rule: rule::LINT_IGNORE,
                    place: Place {
                        file: file.clone(),
                        position: Some((ignore.line, ignore.column)),
                    },
                    text,
                    remedy: None,
                }));
            }
        }
    }
    Ok(left)
}

/// What is wrong with a comment that ignores; where files could not be read, nothing is known of use.
fn complaints(ignore: &Ignore, used: &[bool], is_wrong: bool) -> Vec<String> {
    if ignore.rules.is_empty() {
        return vec!["the comment names no rule".to_owned()];
    }
    let mut texts = Vec::new();
    for (name, used) in ignore.rules.iter().zip(used) {
        if !rule::ALL.iter().any(|rule| rule.id == name) {
            texts.push(format!("there is no rule {name}"));
        } else if !used && !is_wrong {
            texts.push(format!("{name} is not broken here"));
        }
    }
    if ignore.reason.is_empty() {
        texts.push("the comment gives no reason".to_owned());
    }
    texts
}

fn place(place: &Place) -> String {
    match place.position {
        Some((line, column)) => format!("{}:{line}:{column}", place.file),
        None => place.file.clone(),
    }
}

fn remedy(finding: &Finding) -> &str {
    finding.remedy.as_deref().unwrap_or(finding.rule.remedy)
}

fn as_text(finding: &Finding, columns: Option<usize>) -> String {
    let place = place(&finding.place);
    let head = format!("{}: {}:", Look::Bold.paint(&place), Look::Bad.paint(finding.rule.id));
    let length = place.chars().count() + finding.rule.id.len() + 3;
    format!(
        "{}\n{}",
        list::hang((&head, length), &finding.text, columns),
        list::line("remedy", Look::Good, remedy(finding), columns)
    )
}

fn as_json(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule.id,
        "category": finding.rule.category.name(),
        "file": finding.place.file,
        "line": finding.place.position.map(|it| it.0),
        "column": finding.place.position.map(|it| it.1),
        "text": finding.text,
        "remedy": remedy(finding),
    })
}

fn listed(config: &Config, as_json: bool, shell: &Shell) -> Result<()> {
    if as_json {
        let rules: Vec<Value> = rule::ALL
            .iter()
            .map(|rule| {
                json!({
                    "rule": rule.id,
                    "category": rule.category.name(),
                    "wants": rule.wants,
                    "remedy": rule.remedy,
                    "holds": config.holds(rule),
                })
            })
            .collect();
        return shell.data(Value::Array(rules));
    }
    let rows = rule::ALL.iter().map(|rule| {
        let (look, off) =
            if config.holds(rule) { (Look::Bold, "") } else { (Look::Faint, " (off)") };
        (rule.category.name(), rule.id, look, format!("{}{off}", rule.wants))
    });
    shell.data(list::render(rows, shell.width()))
}

/// What is found in files, for tests of other parts.
#[cfg(test)]
pub(super) fn lint(files: &[&std::path::Path]) -> Vec<String> {
    let files = files.iter().map(|it| (*it).to_owned()).collect();
    let wanted = Wanted { files, ..Wanted::default() };
    let found = check::all(&wanted).expect("they can be read");
    let left = left(found, &wanted, &Config::default()).expect("they can be read");
    left.iter().map(|it| as_text(it, None)).collect()
}

//! The whole manual as one page of the book.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

const HEAD: &str = "\
<!-- Written by `cargo xtask gen` from the command itself. Do not edit. -->

# The command `bia`

";

/// The page: the command, then each of its own.
pub(super) fn page(whole: &Command) -> String {
    let mut page = HEAD.to_owned();
    page.push_str(&about(whole));
    for below in shown(whole) {
        section(below, &format!("bia {}", below.get_name()), 2, &mut page);
    }
    page.push_str("\n## What holds for all\n\n");
    options(whole.get_arguments().filter(|it| is_shown(it)), &mut page);
    page
}

fn section(command: &Command, name: &str, level: usize, page: &mut String) {
    let marks = "#".repeat(level);
    let _written = write!(page, "\n{marks} `{name}`\n\n{}", about(command));
    if !command.has_subcommands() {
        let usage = command.clone().bin_name(name).render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").trim().to_owned();
        let _written = write!(page, "\n```console\n$ {usage}\n```\n");
    }
    let mut own =
        command.get_arguments().filter(|it| is_shown(it) && !it.is_global_set()).peekable();
    if own.peek().is_some() {
        page.push('\n');
        options(own, page);
    }
    if let Some(after) = command.get_after_help() {
        let _written = write!(page, "\n```text\n{}\n```\n", after.to_string().trim_end());
    }
    for below in shown(command) {
        section(below, &format!("{name} {}", below.get_name()), level + 1, page);
    }
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|it| it.get_name() != "help" && !it.is_hide_set())
}

fn is_shown(argument: &Arg) -> bool {
    !argument.is_hide_set() && argument.get_id() != "help" && argument.get_id() != "version"
}

/// What a command is for: all that is said of it.
fn about(command: &Command) -> String {
    let text = command.get_long_about().or_else(|| command.get_about());
    let text = text.map(|text| text.to_string().trim_end().to_owned()).unwrap_or_default();
    // The arguments' parser takes the full stop off the only sentence.
    let stop = if text.ends_with(['.', ':']) || text.is_empty() { "" } else { "." };
    format!("{text}{stop}\n")
}

fn options<'a>(arguments: impl Iterator<Item = &'a Arg>, page: &mut String) {
    page.push_str("| | |\n|---|---|\n");
    for argument in arguments {
        let text = argument.get_long_help().or_else(|| argument.get_help());
        let mut text = text.map(ToString::to_string).unwrap_or_default();
        if !text.is_empty() && !text.ends_with('.') {
            text.push('.');
        }
        let values = argument.get_possible_values();
        let names: Vec<String> = values
            .iter()
            .filter(|value| !value.is_hide_set())
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        if !names.is_empty() && argument.get_action().takes_values() {
            let _written = write!(text, " One of {}.", names.join(", "));
        }
        let defaults: Vec<String> = argument
            .get_default_values()
            .iter()
            .map(|value| format!("`{}`", value.to_string_lossy()))
            .collect();
        if !defaults.is_empty() && argument.get_action().takes_values() {
            let _written = write!(text, " Default: {}.", defaults.join(", "));
        }
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
        let spelled = spelled(argument).replace('|', "\\|");
        let _written = writeln!(page, "| `{spelled}` | {text} |");
    }
}

/// How it is typed: `-q`, `--quiet`, `--color WHEN`, `NAME`.
fn spelled(argument: &Arg) -> String {
    let value = argument
        .get_value_names()
        .filter(|_| argument.get_action().takes_values())
        .map(|names| names.join(" "))
        .unwrap_or_default();
    let mut spelled = Vec::new();
    if let Some(long) = argument.get_long() {
        spelled.push(format!("--{long}"));
    }
    if let Some(short) = argument.get_short() {
        spelled.push(format!("-{short}"));
    }
    if spelled.is_empty() {
        let more = matches!(argument.get_action(), ArgAction::Append);
        return if more { format!("{value}…") } else { value };
    }
    let name = spelled.join(", ");
    if value.is_empty() { name } else { format!("{name} {value}") }
}

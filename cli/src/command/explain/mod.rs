//! `bia explain`: what a reason, a code, an exit code or a rule of protos means, who brings it about, and what helps.

mod answer;
mod catalogue;
mod codes;
mod page;
mod protos;

use clap::Args;
use serde_json::json;

use crate::error::{Error, Result};
use crate::project::Project;
use crate::shell::{Look, Shell, Table};

use self::answer::Answer;
use crate::command::proto::explained::{self, Explained};
use crate::nearest::nearest;

#[derive(Debug, Args)]
#[command(after_help = "\
bia explain USER_NOT_FOUND       a reason of the protos of this project, or of the framework\n\
bia explain UNAVAILABLE          a code of gRPC, also by its number: bia explain 14\n\
bia explain 503                  an HTTP status, with the reasons that come with it\n\
bia explain 78                   the exit code of a service\n\
bia explain HTTP_RULES           a rule of `bia proto lint`, or a change of `bia proto breaking`; buf's names too\n\
bia explain --list               every reason, one a line\n\
\n\
With --json: {\"answers\": [{\"kind\": \"reason\"|\"error\"|\"grpc\"|\"http\"|\"exit\"|\n\
\"rule\"|\"change\"|\"buf\", \"name\", \"means\", \"remedy\", …}]}.")]
pub(crate) struct Arguments {
    /// The reason of an error, a code of gRPC by name or number, an HTTP status, an exit code, or a rule of
    /// `bia proto`.
    #[arg(value_name = "REASON", required_unless_present_any = ["list", "markdown"])]
    what: Option<String>,
    /// Lists every reason: those of the protos of this project, and those of the framework.
    #[arg(long, conflicts_with = "what")]
    list: bool,
    /// Prints JSON, for scripts.
    #[arg(long)]
    json: bool,
    /// Prints the page of the reference.
    #[arg(long, hide = true, conflicts_with_all = ["what", "list", "json"])]
    markdown: bool,
}

pub(crate) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    if arguments.markdown {
        return shell.data(page::page().trim_end());
    }
    let (own, faults) = own();
    let Some(what) = arguments.what.as_deref().filter(|_| !arguments.list) else {
        for fault in &faults {
            shell.warn(fault);
        }
        return list(&own, arguments.json, shell);
    };
    let wanted = what.trim().to_uppercase().replace('-', "_");
    let mut answers: Vec<Answer> =
        own.into_iter().chain(reasons()).filter(|it| it.name == wanted).collect();
    answers.extend(codes::of(&wanted));
    answers.extend(rules(&wanted));
    if answers.is_empty() {
        for fault in &faults {
            shell.warn(fault);
        }
        return Err(unknown(what, &wanted));
    }
    if arguments.json {
        let answers: Vec<_> = answers.iter().map(Answer::json).collect();
        return shell.data(pretty(&json!({ "answers": answers })));
    }
    let texts: Vec<String> = answers.iter().map(|it| it.render(shell.width().min(100))).collect();
    shell.data(texts.join("\n\n"))
}

/// The errors of the protos around here, and why some could not be read. Outside of a project there
/// are none, which is no fault.
fn own() -> (Vec<Answer>, Vec<Error>) {
    match Project::here() {
        Ok(project) => protos::errors(&project),
        Err(_) => Default::default(),
    }
}

fn reasons() -> impl Iterator<Item = Answer> {
    catalogue::all().map(Answer::of)
}

/// The rules of `bia proto` of this name; of buf's, also what they are here.
fn rules(wanted: &str) -> Vec<Answer> {
    let named: Vec<Explained> = explained::all().filter(|it| it.id == wanted).collect();
    let here: Vec<&str> = named.iter().flat_map(|it| it.here.iter().copied()).collect();
    let also = explained::all().filter(|it| here.contains(&it.id));
    named.iter().chain(&also.collect::<Vec<_>>()).map(Answer::of_rule).collect()
}

/// How many names that may have been meant are told.
const NEAR: usize = 3;

fn unknown(what: &str, wanted: &str) -> Error {
    let (own, _) = own();
    let names: Vec<String> = own
        .into_iter()
        .chain(reasons())
        .map(|it| it.name)
        .chain(bia::Code::ALL.map(|code| code.name().to_owned()))
        .chain(explained::all().map(|it| it.id.to_owned()))
        .collect();
    let error = Error::new(format!("nothing is known of {what}"));
    if let Some(hint) = codes::hint(wanted) {
        return error.with_hint(hint);
    }
    let near = nearest(wanted, names.iter().map(String::as_str), NEAR);
    if near.is_empty() {
        return error.with_hint("`bia explain --list` shows every reason; those of a project's protos are known inside of it. Rules of protos: `bia proto lint --list` and `bia proto breaking --list`");
    }
    error.with_hint(format!("did you mean {}?", near.join(", ")))
}

fn list(own: &[Answer], as_json: bool, shell: &Shell) -> Result<()> {
    let all: Vec<Answer> = own.iter().cloned().chain(reasons()).collect();
    if as_json {
        let answers: Vec<_> = all.iter().map(Answer::json).collect();
        return shell.data(pretty(&json!({ "answers": answers })));
    }
    let headings = ["REASON", "HTTP", "GRPC", "OF", "MEANS"];
    let mut table = Table::new(headings).sparing(&["OF", "GRPC", "HTTP"]);
    for answer in &all {
        let (status, grpc) = answer.codes.first().copied().unwrap_or_default();
        table.row([
            (answer.name.clone(), Look::Bold),
            (status.to_string(), Look::Plain),
            (grpc.to_owned(), Look::Plain),
            (answer.of.clone(), Look::Faint),
            (answer::first_sentence(&answer.means).to_owned(), Look::Plain),
        ]);
    }
    shell.data(table.render(shell.columns()))
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}")
}

//! `bia add rpc`: a method, in the proto and in the code.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};

use bia_codegen::Model;

use crate::change::Changes;
use crate::command::proto::broken_by;
use crate::error::{Error, Result};
use crate::paths::shown;
use crate::project::Project;
use crate::shell::Shell;
use crate::splice::{Insertions, ProtoText};

use super::Writing;
use super::target::{Target, services};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
bia add rpc UserService/ArchiveUser --request \"string id\" --http \"POST /v1/users/{id}:archive\"\n  \
bia add rpc user.v1.UserService/TailUsers --stream server --returns User")]
pub(super) struct Arguments {
    /// The service and the new method: `UserService/ArchiveUser`.
    #[arg(value_name = "SERVICE/METHOD")]
    method: String,
    /// The fields of the request as a proto has them, between commas: `string id, repeated string
    /// tags`; by default those that `--http` names, as strings.
    #[arg(long, value_name = "FIELDS")]
    request: Option<String>,
    /// The fields of the response, likewise; none by default.
    #[arg(long, value_name = "FIELDS", conflicts_with = "returns")]
    response: Option<String>,
    /// A message that is there and that it answers, instead of one of its own: `User`,
    /// `google.protobuf.Empty`.
    #[arg(long, value_name = "MESSAGE")]
    returns: Option<String>,
    /// How it is called over HTTP: `GET /v1/things/{id}`; over gRPC only by default.
    #[arg(long, value_name = "RULE")]
    http: Option<String>,
    /// Which sides are streams; none by default.
    #[arg(long, value_name = "SIDE")]
    stream: Option<Side>,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Side {
    Client,
    Server,
    Both,
}

pub(super) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let Some((service, method)) = arguments.method.rsplit_once('/') else {
        return Err(Error::usage(format!("`{}` names no method", arguments.method))
            .with_hint("write SERVICE/METHOD, such as UserService/ArchiveUser"));
    };
    check_name(method)?;
    let http = arguments.http.as_deref().map(Http::parse).transpose()?;
    let project = Project::here()?;
    let target = Target::of_service(&project, service.trim_start_matches('/'))?;
    let say = |comment: &str| {
        target.change(insertions(arguments, method, http.as_ref(), &target, comment)?)
    };
    let (mut text, model) = say("")?;
    let broken = broken(&model, &target.service, method);
    if arguments.returns.is_some() && !broken.is_empty() {
        let rules = broken.join(",");
        (text, _) =
            say(&format!("// bia:lint:ignore {rules} the resource itself is the answer\n"))?;
    }
    let plan = target.sync(&project, &text, shell)?;

    let mut changes = Changes::below(&project.root);
    changes.edit(&target.path, target.text.as_str(), text);
    plan.write(&mut changes);
    changes.apply(arguments.writing.manner(), shell)?;
    plan.tell(arguments.writing.dry_run, shell)
}

/// The rules of `bia proto lint` about messages that the method breaks.
fn broken(model: &Model, service: &str, method: &str) -> Vec<&'static str> {
    let service = services(model).find(|it| it.full_name == service);
    let method = service.and_then(|it| it.descriptor.methods().find(|it| it.name() == method));
    method.map(|it| broken_by(&it)).unwrap_or_default()
}

fn check_name(method: &str) -> Result<()> {
    let is_name = method.starts_with(|c: char| c.is_ascii_uppercase())
        && method.chars().all(|c| c.is_ascii_alphanumeric());
    if is_name {
        return Ok(());
    }
    Err(Error::usage(format!("`{method}` cannot be the name of a method"))
        .with_hint("write it as ArchiveUser: letters and digits, each word with a capital"))
}

/// What goes into the proto; `comment` stands above the method.
fn insertions(
    arguments: &Arguments,
    method: &str,
    http: Option<&Http>,
    target: &Target<'_>,
    comment: &str,
) -> Result<Insertions> {
    let Some(service) = target.service() else {
        return Err(Error::new(format!("{} is not in {}", target.service, shown(&target.path))));
    };
    if service.methods.iter().any(|it| it.proto_name == method) {
        return Err(Error::new(format!("{} has a method {method} already", target.service))
            .with_hint("if the code lacks it, `bia sync` adds it"));
    }
    let package = target.service.strip_suffix(&service.proto_name).unwrap_or_default();
    let exists =
        |name: &str| target.model.pool.get_message_by_name(&format!("{package}{name}")).is_some();
    let proto = ProtoText::read(&target.text);
    let step = proto.step();
    let mut insertions = Insertions::default();
    let mut needed: Vec<String> = Vec::new();

    let mut message = |name: String, fields: Option<&str>, defaults: &[String]| {
        if exists(&name) {
            return match fields {
                Some(_) => Err(Error::new(format!("there is a message {name} already"))
                    .with_hint("leave its fields out to use it as it is")),
                None => Ok((name, None)),
            };
        }
        let fields = fields_of(fields, defaults, &mut needed)?;
        let lines: String = fields
            .iter()
            .enumerate()
            .map(|(index, field)| format!("{step}{field} = {};\n", index + 1))
            .collect();
        let body = if lines.is_empty() { "{}".to_owned() } else { format!("{{\n{lines}}}") };
        Ok((name.clone(), Some(format!("message {name} {body}"))))
    };
    let variables = http.map(|it| it.variables.clone()).unwrap_or_default();
    let (request, made) =
        message(format!("{method}Request"), arguments.request.as_deref(), &variables)?;
    let mut messages: Vec<String> = made.into_iter().collect();
    let response = match &arguments.returns {
        Some(name) => {
            needed.extend(import_of(name));
            name.clone()
        }
        None => {
            let name = format!("{method}Response");
            let (name, made) = message(name, arguments.response.as_deref(), &[])?;
            messages.extend(made);
            name
        }
    };

    let (client, server) = match arguments.stream {
        None => ("", ""),
        Some(Side::Client) => ("stream ", ""),
        Some(Side::Server) => ("", "stream "),
        Some(Side::Both) => ("stream ", "stream "),
    };
    let mut text = format!("{comment}rpc {method}({client}{request}) returns ({server}{response})");
    match http {
        Some(http) => {
            needed.push("google/api/annotations.proto".to_owned());
            text.push_str(" {\n");
            http.write(&step, &mut text);
            text.push('}');
        }
        None => text.push(';'),
    }
    proto.import(&needed, &mut insertions);
    if !proto.add_to(["service", &service.proto_name], &text, &mut insertions) {
        return Err(Error::new(format!(
            "cannot find where {} begins in {}; nothing was written",
            service.proto_name,
            shown(&target.path)
        ))
        .with_hint(format!("write there: {text}")));
    }
    if !messages.is_empty() {
        proto.append(&messages.join("\n\n"), &mut insertions);
    }
    Ok(insertions)
}

/// The fields as statements without their numbers. What `defaults` names and nobody wrote is a string.
fn fields_of(
    fields: Option<&str>,
    defaults: &[String],
    needed: &mut Vec<String>,
) -> Result<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    let (mut depth, mut field) = (0_usize, String::new());
    for c in fields.unwrap_or_default().chars().chain([',']) {
        match c {
            ',' | ';' if depth == 0 => {
                let whole = std::mem::take(&mut field);
                let whole = whole.split_whitespace().collect::<Vec<_>>().join(" ");
                if !whole.is_empty() {
                    found.push(whole);
                }
                continue;
            }
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        field.push(c);
    }
    for field in &found {
        let words: Vec<&str> = field.split_whitespace().collect();
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if words.len() < 2 || !words.last().is_some_and(|name| is_name(name)) {
            return Err(Error::usage(format!("`{field}` is not a field")).with_hint(
                "write fields as in a proto, without numbers: \"string id, repeated string tags\"",
            ));
        }
        needed
            .extend(words.iter().filter_map(|word| import_of(word.trim_matches(['<', '>', ',']))));
    }
    let is_there = |name: &String| found.iter().any(|it| it.rsplit(' ').next() == Some(name));
    let mut all: Vec<String> =
        defaults.iter().filter(|it| !is_there(it)).map(|name| format!("string {name}")).collect();
    all.extend(found);
    Ok(all)
}

/// What has to be imported for a well-known type.
fn import_of(name: &str) -> Option<String> {
    let name = name.trim_start_matches('.').strip_prefix("google.protobuf.")?;
    let file = match name {
        "Any" => "any",
        "Duration" => "duration",
        "Empty" => "empty",
        "FieldMask" => "field_mask",
        "Struct" | "Value" | "ListValue" => "struct",
        "Timestamp" => "timestamp",
        _ if name.ends_with("Value") => "wrappers",
        _ => return None,
    };
    Some(format!("google/protobuf/{file}.proto"))
}

/// `GET /v1/things/{id}`.
#[derive(Debug)]
struct Http {
    verb: &'static str,
    path: String,
    /// The fields of the request that the path names.
    variables: Vec<String>,
}

impl Http {
    fn parse(rule: &str) -> Result<Self> {
        let (verb, path) = rule.trim().split_once(char::is_whitespace).unwrap_or((rule, ""));
        let verb = ["get", "post", "put", "patch", "delete"]
            .into_iter()
            .find(|it| it.eq_ignore_ascii_case(verb));
        let path = path.trim();
        let Some(verb) = verb.filter(|_| path.starts_with('/')) else {
            return Err(Error::usage(format!("`{rule}` is no rule for HTTP"))
                .with_hint("write a verb and a path: \"GET /v1/things/{id}\""));
        };
        let variables = path
            .split('{')
            .skip(1)
            .filter_map(|it| it.split(['}', '=']).next())
            .filter(|it| !it.contains('.'))
            .map(str::to_owned)
            .collect();
        Ok(Self { verb, path: path.to_owned(), variables })
    }

    /// The options that say it.
    fn write(&self, step: &str, text: &mut String) {
        let Self { verb, path, .. } = self;
        let idempotency = match *verb {
            "get" => Some("NO_SIDE_EFFECTS"),
            "put" | "delete" => Some("IDEMPOTENT"),
            _ => None,
        };
        if let Some(level) = idempotency {
            let _ = writeln!(text, "{step}option idempotency_level = {level};");
        }
        let path = path.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = match *verb {
            "get" | "delete" => {
                writeln!(text, "{step}option (google.api.http) = {{{verb}: \"{path}\"}};")
            }
            _ => writeln!(
                text,
                "{step}option (google.api.http) = {{\n{step}{step}{verb}: \"{path}\"\n\
                 {step}{step}body: \"*\"\n{step}}};"
            ),
        };
    }
}

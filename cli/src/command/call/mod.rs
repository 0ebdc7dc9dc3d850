//! `bia call`: calls a method of a service that runs.

mod answer;
mod api;
mod bench;
mod caller;
mod describe;
mod details;
mod documents;
mod example;
mod failure;
mod input;
mod list;
mod once;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use bia::balance::LANE_HEADER;
use clap::Args;
use serde_json::json;

use crate::error::{Error, Result};
use crate::remote::{self, Dial, Place, Whereabouts};
use crate::runtime;
use crate::shell::Shell;

use self::api::Api;

/// Calls a method of a service that runs.
///
/// What the service can do it tells itself, by gRPC reflection; one that does not is called with its
/// protos. Requests and answers are JSON by protobuf's rules. Answers go to stdout, a document each:
/// laid out on a terminal, else on one line. The exit code is 1 if the call fails.
#[derive(Debug, Args)]
#[command(after_help = "\
bia call user-service                                          what can be called
bia call user-service --describe GetUser                       how, with an example
bia call user-service GetUser '{\"id\": \"1\"}'
bia call 127.0.0.1:8000 user.v1.UserService/ImportUsers - < users.ndjson
bia call user-service GetUser '{\"id\": \"1\"}' --lane blue           as a caller whose calls try out a change
bia call --consul consul:8500 user-service GetUser '{\"id\": \"1\"}' -H 'x-md-global-tenant: a' -v
bia call user-service GetUser '{\"id\": \"1\"}' --bench -c 50 --duration 30s")]
pub(crate) struct Arguments {
    /// The service: a name in the registry (`user-service`), or an address (`127.0.0.1:8000`,
    /// `grpc://host:8000`, `grpcs://host:443`).
    target: String,
    /// The method: `GetUser`, `UserService/GetUser` or `user.v1.UserService/GetUser`; without one, all are
    /// listed.
    method: Option<String>,
    /// The request as JSON; `@FILE` reads it from a file, `-` from stdin; default `{}`.
    ///
    /// For a method that takes a stream: an array, or documents one after the other; default: from
    /// stdin, each sent as soon as it is whole.
    #[arg(value_name = "JSON")]
    request: Option<String>,
    /// Lists the methods that can be called.
    #[arg(long, conflicts_with_all = ["describe", "bench", "request"])]
    list: bool,
    /// Shows how the method is called: what it takes and answers, and an example.
    #[arg(long, requires = "method", conflicts_with_all = ["bench", "request"])]
    describe: bool,
    /// Sends metadata along; may be said again. The value of a key that ends in `-bin` is base64.
    #[arg(short = 'H', long = "header", value_name = "KEY: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// How long the call may take, as `500ms` or `2s`; default: 10 s, and none for streams.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    deadline: Option<Duration>,
    /// Takes what the service can do from this `.proto`, rather than asking it; may be said again.
    #[arg(long, value_name = "FILE")]
    proto: Vec<PathBuf>,
    /// A folder that imports of `--proto` are looked for in; may be said again.
    #[arg(long, value_name = "FOLDER", requires = "proto")]
    include: Vec<PathBuf>,
    /// Tells where the call went, headers, trailers, and how long it took.
    #[arg(short, long)]
    verbose: bool,
    /// For scripts: each answer on one line, and what went wrong as a document `{"error": …}`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    bench: bench::Bench,
    #[command(flatten)]
    dial: Dial,
    #[command(flatten)]
    whereabouts: Whereabouts,
}

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    runtime::block_on(call(arguments, *shell))
}

async fn call(mut arguments: Arguments, shell: Shell) -> Result<()> {
    let place: Place = arguments.target.parse()?;
    let has_lane = |(key, _): &(String, String)| key == LANE_HEADER;
    if arguments.dial.lane.is_some() && arguments.headers.iter().any(has_lane) {
        return Err(Error::usage(format!(
            "`--lane` and the header {LANE_HEADER} both name a lane"
        ))
        .with_hint("leave one of them away"));
    }
    arguments.headers.extend(arguments.dial.metadata());
    let (api, connection) = match reach(&arguments, &place, &shell).await {
        Ok(Some(reached)) => reached,
        Ok(None) => return Ok(()),
        Err(error) => {
            if arguments.json && error.exit_code() == 1 {
                let error = json!({"message": error.to_string(), "hint": error.hint()});
                shell.data(json!({ "error": error }))?;
            }
            return Err(error);
        }
    };
    let method = api.method(arguments.method.as_deref().unwrap_or_default())?;
    let input = input::Input::of(arguments.request.as_deref(), &method)?;
    let caller = caller::Caller::new(
        connection.channel.clone(),
        &method,
        arguments.headers.clone(),
        arguments.deadline,
    );
    let site = failure::Site {
        place: &place,
        registry: connection.registry.as_ref(),
        method: &method,
        pool: &api.pool,
        deadline: arguments.deadline,
    };
    let manner = once::Manner { is_verbose: arguments.verbose, is_json: arguments.json };
    let done = match arguments.bench.bench {
        true => bench::run(&arguments.bench, arguments.json, input, &caller, &site, &shell).await,
        false => once::run(input, caller, &connection, &site, manner, &shell).await,
    };
    connection.tell_of_lane(&arguments.dial, &place, &shell);
    done
}

/// What can be called there, and the way to it; none if it was only to be told.
async fn reach(
    arguments: &Arguments,
    place: &Place,
    shell: &Shell,
) -> Result<Option<(Api, remote::Connection)>> {
    let protos = match arguments.proto.as_slice() {
        [] => None,
        // Those that are wrong are told before anybody is called.
        files => Some(Api::of_protos(files, &arguments.include)?),
    };
    let is_about = arguments.list || arguments.describe || arguments.method.is_none();
    if let (Some(api), true) = (&protos, is_about) {
        about(arguments, api, shell)?;
        return Ok(None);
    }
    let (whereabouts, dial) = (&arguments.whereabouts, &arguments.dial);
    let connection = remote::connect(place, whereabouts, dial, shell).await?;
    let api = match protos {
        Some(api) => api,
        None => Api::told_by(&connection.channel, &arguments.headers).await?,
    };
    if is_about {
        about(arguments, &api, shell)?;
        return Ok(None);
    }
    Ok(Some((api, connection)))
}

/// What can be called.
fn about(arguments: &Arguments, api: &Api, shell: &Shell) -> Result<()> {
    if !api.untold.is_empty() {
        shell.warn(format_args!(
            "of {} it tells nothing but the name: name the protos with --proto",
            api.untold.join(", ")
        ));
    }
    match &arguments.method {
        Some(method) if !arguments.list => {
            describe::run(&api.method(method)?, arguments.json, shell)
        }
        method => list::run(api, method.as_deref(), arguments.json, shell),
    }
}

/// `key: value`, as curl has it.
fn header(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once(':').ok_or("write it as 'key: value'")?;
    let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
    let is_key = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if key.is_empty() || !key.chars().all(is_key) {
        return Err(format!("`{key}` is no name of a header"));
    }
    if key.starts_with("grpc-") {
        return Err("keys that begin with grpc- belong to the protocol".to_owned());
    }
    if !value.chars().all(|c| matches!(c, ' '..='~')) {
        return Err(
            "its value may hold printable ASCII only; send other bytes as base64 under a key \
                    that ends in -bin"
                .to_owned(),
        );
    }
    if key.ends_with("-bin") && !value.split(',').all(|it| is_base64(it.trim())) {
        return Err(format!("the value of {key} must be base64: $(printf VALUE | base64)"));
    }
    Ok((key, value.to_owned()))
}

/// Whether a text is base64, with or without its padding; the bits that are left over are none.
fn is_base64(text: &str) -> bool {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let bare = text.trim_end_matches('=');
    let has_padding = bare.len() < text.len();
    let unused: u8 = match bare.len() % 4 {
        1 => return false,
        2 => 0b1111,
        3 => 0b11,
        _ => 0,
    };
    let last = bare.bytes().next_back().and_then(digit).unwrap_or_default();
    bare.bytes().all(|c| digit(c).is_some())
        && last & unused == 0
        && (!has_padding || text.len().is_multiple_of(4) && text.len() - bare.len() < 3)
}

/// `2s`, `500ms`; none of no length.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = bia::config::duration::parse(text).map_err(|error| error.to_string())?;
    match duration.is_zero() {
        true => Err("it must be longer than nothing".to_owned()),
        false => Ok(duration),
    }
}

/// What cannot happen, as the descriptors come from one pool.
fn unencodable(error: impl std::fmt::Display) -> Error {
    Error::new(format!("cannot write the answer as JSON: {error}")).with_hint(
        "it holds what the service's descriptors do not tell; name its protos with --proto",
    )
}

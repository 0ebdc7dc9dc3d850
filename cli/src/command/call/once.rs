//! One call, as it goes.

use std::io::IsTerminal as _;

use http::HeaderMap;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::error::Result;
use crate::remote::{Connection, kind_name};
use crate::shell::{Look, Shell};

use super::answer::Writer;
use super::caller::{Caller, Event, Failure, Requests};
use super::failure::Site;
use super::input::Input;

/// Requests that are ready before the service takes them: enough to keep a line busy.
const AHEAD: usize = 16;

/// How much is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) is_verbose: bool,
    pub(super) is_json: bool,
}

/// Makes the call, and prints what is answered.
pub(super) async fn run(
    input: Input,
    caller: Caller,
    connection: &Connection,
    site: &Site<'_>,
    manner: Manner,
    shell: &Shell,
) -> Result<()> {
    let caller = caller.traced();
    let is_wide = !manner.is_json && std::io::stdout().is_terminal();
    let writer = Writer::new(site.method.output(), is_wide);
    if manner.is_verbose {
        before(&caller, site, shell);
    }
    let (mut begun, mut answers, mut trailers) = (Instant::now(), 0_u64, HeaderMap::new());
    let on = |event: Event<'_>| {
        match event {
            Event::Headers(headers) if manner.is_verbose => pairs("<", headers, shell),
            Event::Headers(_) => {}
            Event::Message(message) => {
                answers += 1;
                shell.data(writer.write(&message)?)?;
            }
            Event::Trailers(told) => trailers.clone_from(told),
        }
        Ok(())
    };
    let done = if site.method.is_client_streaming() {
        stream(input, &caller, on, shell).await
    } else {
        let request = input.one().await?;
        begun = Instant::now();
        caller.call(Requests::Whole(request), on).await
    };
    if manner.is_verbose {
        pairs("<", &trailers, shell);
        let node = connection.node().unwrap_or_else(|| "nobody".to_owned());
        let answers =
            if answers == 1 { "1 answer".to_owned() } else { format!("{answers} answers") };
        let took = bench_time(begun);
        line("=", format_args!("{answers} of {node} in {took}"), shell);
    }
    match done {
        Ok(()) => Ok(()),
        Err(Failure::Own(error)) => Err(error),
        Err(Failure::Call(error)) => {
            if manner.is_json {
                shell.data(site.document(&error))?;
            }
            Err(site.told(&error).await)
        }
    }
}

/// Sends what comes in while answers come out.
async fn stream(
    input: Input,
    caller: &Caller,
    on: impl FnMut(Event<'_>) -> Result<()>,
    shell: &Shell,
) -> Result<(), Failure> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let mut feed = std::pin::pin!(async move { input.feed(sender, Some(shell)).await });
    let mut call = std::pin::pin!(caller.call(Requests::Stream(receiver), on));
    let mut is_fed = false;
    loop {
        tokio::select! {
            done = &mut call => return done,
            fed = &mut feed, if !is_fed => {
                // What is wrong with a request ends the call: nobody sees it as whole.
                fed?;
                is_fed = true;
            }
        }
    }
}

fn before(caller: &Caller, site: &Site<'_>, shell: &Shell) {
    if let Some(registry) = site.registry {
        line(">", format_args!("{} in {}", site.place, registry.describe()), shell);
    }
    let deadline = match (caller.deadline, caller.operation.kind().is_unary()) {
        (Some(deadline), _) => format!("within {}", bia::config::duration::format(deadline)),
        (None, true) => "within 10s".to_owned(),
        (None, false) => "without a deadline".to_owned(),
    };
    let (name, kind) = (caller.operation.name(), kind_name(caller.operation.kind()));
    line(">", format_args!("{name} ({kind}) {deadline}"), shell);
    for (key, value) in &caller.headers {
        line(">", format_args!("{key}: {value}"), shell);
    }
}

fn pairs(mark: &str, headers: &HeaderMap, shell: &Shell) {
    for (key, value) in headers {
        line(mark, format_args!("{key}: {}", String::from_utf8_lossy(value.as_bytes())), shell);
    }
}

fn line(mark: &str, text: std::fmt::Arguments<'_>, shell: &Shell) {
    shell.say(Look::Faint.paint(format_args!("{mark} {text}")));
}

fn bench_time(begun: Instant) -> String {
    super::bench::time(begun.elapsed())
}

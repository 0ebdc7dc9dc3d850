//! A quick load: how fast a method answers, and how often it fails.

mod latencies;
mod report;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::error::{About as _, Error, Result};
use crate::remote::Raw;
use crate::shell::Shell;

use super::caller::{Caller, Failure, Requests};
use super::failure::Site;
use super::input::Input;

use self::latencies::Latencies;
use self::report::{Report, Tally};

pub(super) use self::report::time;

/// How often the progress is shown.
const TICK: Duration = Duration::from_millis(200);
/// More callers than this tell of this process rather than of the service.
const MOST_CALLERS: u32 = 10_000;

/// How much load.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct Bench {
    /// Calls the method again and again, and tells how fast it answers and how often it fails.
    #[arg(long)]
    pub(super) bench: bool,
    /// How many calls at most; default: as many as fit into `--duration`.
    #[arg(short = 'n', long, value_name = "CALLS", requires = "bench", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// How many calls are made at a time.
    #[arg(short, long, value_name = "CALLERS", default_value_t = 10, requires = "bench", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_CALLERS)))]
    concurrency: u32,
    /// How long at most, as `500ms` or `1m`; calls that have not ended by then are cut, and not counted.
    #[arg(long, value_name = "TIME", default_value = "10s", requires = "bench", value_parser = super::duration)]
    duration: Duration,
}

/// What all callers share.
struct Load {
    caller: Caller,
    requests: Vec<Raw>,
    is_stream: bool,
    /// How many calls have begun, and how many may.
    begun: AtomicU64,
    most: u64,
    ended: AtomicU64,
    until: Instant,
}

/// Calls the method as often as is asked for, and prints what came of it.
///
/// # Errors
///
/// What is sent cannot be read; a call has failed.
pub(super) async fn run(
    arguments: &Bench,
    is_json: bool,
    input: Input,
    caller: &Caller,
    site: &Site<'_>,
    shell: &Shell,
) -> Result<()> {
    let is_stream = site.method.is_client_streaming();
    let requests = match is_stream {
        true => input.all().await?,
        false => vec![input.one().await?],
    };
    let begun = Instant::now();
    let load = Arc::new(Load {
        caller: caller.clone(),
        requests,
        is_stream,
        begun: AtomicU64::new(0),
        most: arguments.count.unwrap_or(u64::MAX),
        ended: AtomicU64::new(0),
        until: begun + arguments.duration,
    });
    let mut callers = JoinSet::new();
    for _ in 0..arguments.concurrency {
        callers.spawn(call_again(Arc::clone(&load)));
    }
    let progress = shell.progress("Calling");
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut tally = Tally::default();
    loop {
        tokio::select! {
            ended = callers.join_next() => match ended {
                Some(one) => tally.add(one.about(|| "go on calling".to_owned())?),
                None => break,
            },
            _ = ticks.tick() => progress.at(format_args!(
                "{} calls in {} s of {}",
                load.ended.load(Ordering::Relaxed),
                begun.elapsed().as_secs(),
                bia::config::duration::format(arguments.duration),
            )),
        }
    }
    drop(progress);
    let took = begun.elapsed();
    let report = Report { tally: &tally, took, concurrency: arguments.concurrency };
    shell.data(if is_json {
        report.document().to_string()
    } else {
        report.table(shell.columns())
    })?;
    outcome(&tally, site).await
}

/// What the exit code is to say.
async fn outcome(tally: &Tally, site: &Site<'_>) -> Result<()> {
    let (all, failed) = (tally.calls(), tally.failed());
    match &tally.failure {
        Some(failure) if failed == all => {
            let told = site.told(failure).await;
            let error = Error::new(format!("every call failed; the first one: {told}"));
            Err(match told.hint() {
                Some(hint) => error.with_hint(hint),
                None => error,
            })
        }
        Some(failure) => Err(Error::new(format!(
            "{failed} of {all} calls failed; the first one: {}",
            failure.message()
        ))),
        None if all == 0 => Err(Error::new("no call ended in that time")
            .with_hint("give it longer with --duration, or a call less with --deadline")),
        None => Ok(()),
    }
}

/// One caller, until the load is over.
async fn call_again(load: Arc<Load>) -> Tally {
    let mut tally = Tally { latencies: Latencies::new(), ..Tally::default() };
    while load.begun.fetch_add(1, Ordering::Relaxed) < load.most {
        let begun = Instant::now();
        if begun >= load.until {
            break;
        }
        let call = load.caller.call(load.requests(), |_| Ok(()));
        let Ok(done) = timeout_at(load.until, call).await else {
            tally.cut += 1;
            break;
        };
        tally.latencies.add(begun.elapsed());
        match done {
            Ok(()) => tally.count("OK"),
            Err(Failure::Call(error)) => {
                tally.count(error.grpc_code().name());
                tally.failure.get_or_insert(error);
            }
            // Nothing of ours fails: what is answered is dropped.
            Err(Failure::Own(_)) => tally.count("UNKNOWN"),
        }
        load.ended.fetch_add(1, Ordering::Relaxed);
    }
    tally
}

impl Load {
    fn requests(&self) -> Requests {
        if !self.is_stream {
            return Requests::Whole(self.requests.first().cloned().unwrap_or_default());
        }
        let (sender, receiver) = mpsc::channel(self.requests.len().max(1));
        for request in &self.requests {
            // There is room for all.
            drop(sender.try_send(request.clone()));
        }
        Requests::Stream(receiver)
    }
}

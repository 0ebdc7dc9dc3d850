//! Rounds: every peer in turn, again and again, so that what disturbs the machine disturbs all.

use std::io;
use std::thread::sleep;

use serde::Serialize;

use crate::call::{Done, Order};
use crate::child::{Process, Server};
use crate::load::Load;
use crate::peer::Peer;
use crate::plan::{Case, Effort, Side};
use crate::probe::probe;
use crate::stats::{Summary, quantile};
use crate::workload::Workload;

/// Where processes run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cores {
    /// Of the process that is measured.
    pub measured: usize,
    /// Of what works with it.
    pub other: usize,
}

/// What one peer came to at one case.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    pub peer: Peer,
    /// CPU time of the measured process for each message, in nanoseconds.
    pub cpu_ns: Summary,
    /// The same as a part of the [`Case::base`]'s in the same round.
    pub of_base: Option<Summary>,
    /// Messages a second.
    pub rate: f64,
    /// How much of its core the measured process used; 1 is all.
    pub busy: f64,
    /// Latency of a call, in microseconds.
    pub p50_us: f64,
    pub p99_us: f64,
}

/// One case, with the figures of every peer.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub case: Case,
    pub figures: Vec<Figures>,
}

/// Measures a case.
///
/// # Errors
///
/// If a process does not start, or calls fail.
pub fn case(case: Case, peers: &[Peer], effort: Effort, cores: Cores) -> io::Result<Row> {
    let peers: Vec<Peer> = peers.iter().copied().filter(|peer| case.takes(*peer)).collect();
    let mut stages = match case.side {
        Side::Server => servers(case, &peers, cores)?,
        Side::Client => clients(&peers, cores)?,
    };
    let mut rounds: Vec<Vec<Done>> = vec![Vec::new(); peers.len()];
    for round in 0..effort.rounds {
        // Another one begins each time: none is always the first after a pause.
        for turn in 0..peers.len() {
            let place = (turn + round as usize) % peers.len();
            rounds[place].push(stages[place].measure(case, effort)?);
        }
    }
    for stage in stages {
        stage.end()?;
    }
    let base = case.base();
    let at = peers.iter().position(|peer| *peer == base);
    let figures = peers.iter().zip(&rounds).map(|(peer, own)| {
        let base = at.filter(|_| *peer != base).map(|place| &rounds[place]);
        figures(*peer, own, base)
    });
    Ok(Row { case, figures: figures.collect() })
}

fn figures(peer: Peer, rounds: &[Done], base: Option<&Vec<Done>>) -> Figures {
    let of = |figure: &dyn Fn(&Done) -> f64| Summary::of(rounds.iter().map(figure).collect());
    let ratios = base
        .map(|base| rounds.iter().zip(base).map(|(own, base)| each(own) / each(base)).collect());
    Figures {
        peer,
        cpu_ns: of(&each),
        of_base: ratios.map(Summary::of),
        rate: of(&|done| count(done) / done.wall.as_secs_f64()).median,
        busy: of(&|done| done.cpu.as_secs_f64() / done.wall.as_secs_f64()).median,
        p50_us: of(&|done| done.p50.as_secs_f64() * 1e6).median,
        p99_us: of(&|done| done.p99.as_secs_f64() * 1e6).median,
    }
}

/// Nanoseconds of CPU time for each.
fn each(done: &Done) -> f64 {
    done.cpu.as_secs_f64() * 1e9 / count(done)
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
fn count(done: &Done) -> f64 {
    done.calls as f64
}

/// The processes of one peer.
enum Stage {
    Server { server: Server, peer: Peer, bytes: u64 },
    Client { client: Process, _server: Server },
}

fn servers(case: Case, peers: &[Peer], cores: Cores) -> io::Result<Vec<Stage>> {
    let start = |peer: &Peer| {
        let server = Server::start(&[], &serve(*peer, case.workload, Some(cores.measured)))?;
        let bytes = probe(server.address, *peer, case.workload)
            .map_err(|error| io::Error::other(format!("{peer} answers wrongly: {error}")))?;
        Ok(Stage::Server { server, peer: *peer, bytes })
    };
    peers.iter().map(start).collect()
}

fn clients(peers: &[Peer], cores: Cores) -> io::Result<Vec<Stage>> {
    let start = |peer: &Peer| {
        let server = Server::start(&[], &serve(Peer::Hyper, Workload::Unary, Some(cores.other)))?;
        let address = server.address.to_string();
        let mut arguments = vec!["call".to_owned(), peer.name().to_owned(), address];
        arguments.extend(["--core".to_owned(), cores.measured.to_string()]);
        Ok(Stage::Client { client: Process::start(&[], &arguments)?, _server: server })
    };
    peers.iter().map(start).collect()
}

/// The arguments of a server's process.
pub fn serve(peer: Peer, workload: Workload, core: Option<usize>) -> Vec<String> {
    let mut arguments = vec!["serve".to_owned(), peer.name().to_owned()];
    if workload.gzip() {
        arguments.push("--gzip".to_owned());
    }
    arguments.extend(core.into_iter().flat_map(|core| ["--core".to_owned(), core.to_string()]));
    arguments
}

impl Stage {
    fn measure(&mut self, case: Case, effort: Effort) -> io::Result<Done> {
        match self {
            Self::Server { server, peer, bytes } => load(server, *peer, *bytes, case, effort),
            Self::Client { client, .. } => {
                let Effort { settle, span, .. } = effort;
                let order = Order { in_flight: case.in_flight, settle, span };
                client.tell(&serde_json::to_string(&order)?)?;
                Ok(serde_json::from_str(&client.line()?)?)
            }
        }
    }

    fn end(self) -> io::Result<()> {
        match self {
            Self::Server { server, .. } => server.process.end(),
            Self::Client { client, .. } => client.end(),
        }
    }
}

/// How often a span is repeated in which nothing was answered.
const PATIENCE: u32 = 20;

/// Calls a server for a while. What is counted is messages: of a unary call, that is the call.
fn load(server: &Server, peer: Peer, bytes: u64, case: Case, effort: Effort) -> io::Result<Done> {
    let wire = case.workload.wire(peer);
    let load = Load::start(server.address, &wire, case.connections, case.in_flight);
    sleep(effort.settle);
    load.keep_latencies();
    let (before, cpu) = (load.progress(), server.process.clock().now()?);
    let mut after = before;
    for _ in 0..PATIENCE {
        sleep(effort.span);
        after = load.progress();
        // On a busy machine, the server may not have run at all.
        if after.data >= before.data + bytes {
            break;
        }
    }
    let cpu = server.process.clock().now()? - cpu;
    let mut latencies = load.finish()?;
    // Calls that are answered in part make a difference, those that failed a larger one.
    let under_way = u64::from(case.connections * case.in_flight) * bytes;
    if after.data.abs_diff(after.calls * bytes) > 2 * under_way {
        return Err(io::Error::other("calls came back without the answer that is expected"));
    }
    let messages = u64::from(case.workload.messages());
    let calls = (after.data - before.data) * messages / bytes;
    if calls == 0 {
        return Err(io::Error::other("no call was answered while it was measured"));
    }
    let (p50, p99) = (quantile(&mut latencies, 0.5), quantile(&mut latencies, 0.99));
    Ok(Done { calls, cpu, wall: after.at - before.at, p50, p99 })
}

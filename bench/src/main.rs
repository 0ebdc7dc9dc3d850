//! Measures what a call costs in Bia and in its peers, side by side.

mod args;
mod call;
mod child;
mod codec;
mod cpu;
mod inside;
mod instructions;
mod load;
mod machine;
mod measure;
mod peer;
mod plan;
mod probe;
mod report;
mod serve;
mod stats;
mod workload;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::args::{Command, Measure};
use crate::call::Times;
use crate::machine::Machine;
use crate::measure::Cores;
use crate::peer::Peer;
use crate::plan::{Part, Side};
use crate::report::Report;

/// What Bia's generator makes of `echo.proto`.
mod api {
    bia::include_protos!();
}

/// What tonic's generator makes of it, and pbjson's.
mod proto {
    #![allow(clippy::all, reason = "generated")]
    include!(concat!(env!("OUT_DIR"), "/tonic/bench.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/pbjson/bench.v1.serde.rs"));
}

fn main() -> ExitCode {
    let command = match args::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("error: {error}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    run(command).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> io::Result<ExitCode> {
    match command {
        Command::Help => println!("{}", args::USAGE),
        Command::Inside { gate } => return inside::run(gate),
        Command::Codec { gate } => return codec::run(gate),
        Command::Measure(asked) => return measure(&asked),
        Command::Serve { peer, gzip, core } => {
            core.map_or(Ok(()), cpu::pin)?;
            serve::run(peer, gzip)?;
        }
        Command::Call { peer, address, calls, in_flight, core } => {
            core.map_or(Ok(()), cpu::pin)?;
            call::run(peer, address, calls.map(|calls| Times { calls, in_flight }))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(asked: &Measure) -> io::Result<ExitCode> {
    let own = cpu::cores()?;
    let (Some(&measured), Some(&other)) = (own.first(), own.last()) else {
        return Err(io::Error::other("no core to run on"));
    };
    if measured == other {
        eprintln!("only one core: both ends of a call share it, and latencies say little");
    }
    // What calls runs beside what is measured, never on its core; the processes started from here
    // choose their own.
    cpu::pin(other)?;
    let cores = Cores { measured, other };
    let parts = if asked.parts.is_empty() { &Part::ALL[..] } else { &asked.parts };
    let peers = if asked.peers.is_empty() { &Peer::ALL[..] } else { &asked.peers };
    let mut rows = Vec::new();
    for case in parts.iter().flat_map(|part| part.cases()) {
        rows.push(measure::case(case, peers, asked.effort, cores)?);
        eprint!(".");
    }
    let counts = if parts.contains(&Part::Instructions) { count(peers)? } else { Vec::new() };
    eprintln!();
    let command = format!("bia-bench {}", std::env::args().skip(1).collect::<Vec<_>>().join(" "));
    let report = Report {
        machine: Machine::of(command, own.len()),
        effort: asked.effort,
        cores,
        verdicts: report::verdicts(&rows, &counts),
        rows,
        instructions: counts,
    };
    write(&report, asked.json.as_deref())?;
    let holds = report.verdicts.iter().all(|verdict| verdict.holds() && !verdict.noisy);
    Ok(if asked.gate && !holds { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

fn count(peers: &[Peer]) -> io::Result<Vec<instructions::Count>> {
    if !instructions::available() {
        eprintln!("\ninstructions are not counted: there is no valgrind here");
        return Ok(Vec::new());
    }
    let sides = [Side::Server, Side::Client];
    // The others are called with another message.
    let peers: Vec<Peer> = peers.iter().copied().filter(|peer| !peer.is_json()).collect();
    let each = sides
        .into_iter()
        .flat_map(|side| peers.iter().map(move |peer| (side, *peer)).collect::<Vec<_>>());
    let each = each.flat_map(|(side, peer)| [1, 16].map(|in_flight| (side, peer, in_flight)));
    each.map(|(side, peer, in_flight)| {
        eprint!(".");
        instructions::count(side, peer, in_flight)
    })
    .collect()
}

fn write(report: &Report, json: Option<&Path>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match json {
        Some(path) if path == Path::new("-") => {
            writeln!(out, "{}", serde_json::to_string_pretty(report)?)
        }
        Some(path) => {
            fs::write(path, serde_json::to_vec_pretty(report)?)?;
            writeln!(out, "{report}")
        }
        None => writeln!(out, "{report}"),
    }
}

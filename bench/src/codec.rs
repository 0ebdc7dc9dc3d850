//! What it costs to write and read a message as JSON, ours and pbjson's, measured within this process:
//! CPU time, in nanoseconds.

use std::hint::black_box;
use std::io;
use std::process::ExitCode;

use bia::json::{self, Defaults, Options};
use prost::Message as _;

use crate::api::bench::v1::Record as Ours;
use crate::cpu::Clock;
use crate::proto::Record as Theirs;
use crate::workload;

/// Rounds, interleaved: the median of them is told.
const ROUNDS: usize = 31;

/// How much text goes through in a round: so many times fewer messages as they are longer.
const BYTES: usize = 2_000_000;

/// What pbjson writes and reads: nothing that is its default, nothing that is unknown.
const AS_PBJSON: Options =
    Options::new().with_defaults(Defaults::Omitted).with_unknown(json::Unknown::Refused);

/// Measures both and prints a line for each message and way.
///
/// # Errors
///
/// If the clock cannot be read or a message is not the same for both.
pub fn run(gate: bool) -> io::Result<ExitCode> {
    let short = workload::record();
    let mut long = workload::record();
    long.tags = (0..100).map(|tag| format!("tag-{tag}")).collect();
    let mut missed = false;
    println!("{:<34} {:>9} {:>9} {:>7}", "what", "bia ns", "pbjson ns", "ratio");
    for (name, theirs) in [("a record of ten fields", short), ("the same with 100 tags", long)] {
        let ours = Ours::decode(&theirs.encode_to_vec()[..]).map_err(io::Error::other)?;
        let text = json::to_vec(&ours, &AS_PBJSON)?;
        if serde_json::to_vec(&theirs)? != text {
            return Err(io::Error::other("pbjson writes the record in another way"));
        }
        let times = u32::try_from(BYTES / text.len()).map_err(io::Error::other)?;
        let encode = medians(
            times,
            &|| black_box(json::to_vec(black_box(&ours), &AS_PBJSON)).is_ok(),
            &|| black_box(serde_json::to_vec(black_box(&theirs))).is_ok(),
        )?;
        let decode = medians(
            times,
            &|| black_box(json::from_slice::<Ours>(black_box(&text), &AS_PBJSON)).is_ok(),
            &|| black_box(serde_json::from_slice::<Theirs>(black_box(&text))).is_ok(),
        )?;
        for (way, [ours, theirs]) in [("written", encode), ("read", decode)] {
            let what = format!("{name}, {way}");
            println!("{what:<34} {ours:>9.0} {theirs:>9.0} {:>7.2}", ours / theirs);
            missed |= ours > theirs;
        }
    }
    Ok(if gate && missed { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

/// Nanoseconds of CPU that one run of each takes, as the median of the rounds.
fn medians(times: u32, ours: &dyn Fn() -> bool, theirs: &dyn Fn() -> bool) -> io::Result<[f64; 2]> {
    let mut costs = [Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS)];
    for _ in 0..ROUNDS {
        costs[0].push(once(times, ours)?);
        costs[1].push(once(times, theirs)?);
    }
    Ok(costs.map(|mut costs| {
        costs.sort_by(f64::total_cmp);
        costs[ROUNDS / 2]
    }))
}

fn once(times: u32, run: &dyn Fn() -> bool) -> io::Result<f64> {
    let clock = Clock::own();
    let before = clock.now()?;
    for _ in 0..times {
        if !run() {
            return Err(io::Error::other("a message was not written or read"));
        }
    }
    let took = clock.now()?.saturating_sub(before);
    Ok(took.as_secs_f64() * 1e9 / f64::from(times))
}

//! The figures, for people and for programs.

use std::fmt::{self, Display};

use serde::Serialize;

use crate::instructions::Count;
use crate::machine::Machine;
use crate::measure::{Cores, Figures, Row};
use crate::peer::Peer;
use crate::plan::{Effort, Side};
use crate::workload::Workload;

/// Ratios whose rounds lie further apart than this are not to be trusted.
const NOISY: f64 = 0.05;

/// All that a run came to.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub effort: Effort,
    pub cores: Cores,
    pub rows: Vec<Row>,
    pub instructions: Vec<Count>,
    pub verdicts: Vec<Verdict>,
}

/// Whether Bia costs no more than it may, on one side.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    pub side: Side,
    pub what: &'static str,
    /// Whose.
    pub peer: Peer,
    /// As a part of whose.
    pub base: Peer,
    /// The cost as a part of the base's; over several cases, their geometric mean.
    pub ratio: f64,
    /// The largest of the cases.
    pub worst: f64,
    pub target: f64,
    /// Whether rounds lie too far apart to tell.
    pub noisy: bool,
}

impl Verdict {
    /// Whether the target is met.
    pub fn holds(&self) -> bool {
        self.ratio <= self.target
    }
}

/// Judges what was measured.
pub fn verdicts(rows: &[Row], instructions: &[Count]) -> Vec<Verdict> {
    [Side::Server, Side::Client]
        .into_iter()
        .flat_map(|side| [cpu(side, rows), counted(side, instructions)])
        .chain([json(rows, Peer::Bia, 1.5), json(rows, Peer::Axum, 1.0)])
        .flatten()
        .collect()
}

fn cpu(side: Side, rows: &[Row]) -> Option<Verdict> {
    let held = rows.iter().filter(|row| row.case.side == side && row.case.has_target());
    let bia = held.flat_map(|row| &row.figures).filter(|figures| figures.peer == Peer::Bia);
    let ratios: Vec<_> = bia.filter_map(|figures| figures.of_base).collect();
    let medians: Vec<f64> = ratios.iter().map(|ratio| ratio.median).collect();
    Some(Verdict {
        side,
        what: "CPU time",
        peer: Peer::Bia,
        base: Peer::Tonic,
        ratio: geometric_mean(&medians),
        worst: medians.iter().copied().reduce(f64::max)?,
        target: side.target(),
        noisy: ratios.iter().any(|ratio| ratio.spread > NOISY),
    })
}

fn counted(side: Side, counts: &[Count]) -> Option<Verdict> {
    let of = |peer| counts.iter().filter(move |count| count.side == side && count.peer == peer);
    let pairs = of(Peer::Bia).zip(of(Peer::Tonic));
    let ratios: Vec<f64> = pairs.map(|(bia, tonic)| bia.each / tonic.each).collect();
    let worst = ratios.iter().copied().reduce(f64::max)?;
    let (ratio, target) = (geometric_mean(&ratios), side.target());
    let (peer, base) = (Peer::Bia, Peer::Tonic);
    Some(Verdict { side, what: "instructions", peer, base, ratio, worst, target, noisy: false })
}

/// What a call with JSON costs, beside the same call as gRPC and beside a handler written by hand.
fn json(rows: &[Row], base: Peer, target: f64) -> Option<Verdict> {
    let held: Vec<_> = rows.iter().filter(|row| row.case.workload == Workload::Record).collect();
    let of = |peer: Peer| {
        let figures = held.iter().flat_map(|row| &row.figures);
        figures.filter(move |figures| figures.peer == peer)
    };
    let ratios = of(Peer::BiaJson).zip(of(base));
    let ratios = ratios.map(|(json, base)| json.cpu_ns.median / base.cpu_ns.median);
    let ratios: Vec<f64> = ratios.collect();
    let noisy = of(Peer::BiaJson).chain(of(base)).any(|figures| figures.cpu_ns.spread > NOISY);
    Some(Verdict {
        side: Side::Server,
        what: "CPU time",
        peer: Peer::BiaJson,
        base,
        ratio: geometric_mean(&ratios),
        worst: ratios.iter().copied().reduce(f64::max)?,
        target,
        noisy,
    })
}

/// The mean of ratios: twice as dear and half as dear make as dear.
#[expect(clippy::cast_precision_loss, reason = "a handful")]
fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { cpu, cores, kernel, compiler, commit, versions, command } = &self.machine;
        let versions: Vec<_> = versions.iter().map(|(name, at)| format!("{name} {at}")).collect();
        writeln!(f, "{command}")?;
        writeln!(f, "{cores} × {cpu}, Linux {kernel}, {compiler}; commit {commit}")?;
        writeln!(f, "{}", versions.join(", "))?;
        let Effort { rounds, settle, span } = self.effort;
        writeln!(f, "medians of {rounds} interleaved rounds of {span:?} after {settle:?}")?;
        let Cores { measured, other } = self.cores;
        writeln!(f, "measured process on core {measured}, the other end on core {other}")?;
        for row in &self.rows {
            table(f, row)?;
        }
        if !self.instructions.is_empty() {
            writeln!(f, "\ninstructions of user code for a unary call, 1 connection")?;
        }
        for count in &self.instructions {
            let Count { side, peer, in_flight, each } = count;
            let tonic = self.instructions.iter().find(|other| {
                (other.side, other.peer, other.in_flight) == (*side, Peer::Tonic, *in_flight)
            });
            let ratio = tonic.map_or(f64::NAN, |tonic| each / tonic.each);
            writeln!(
                f,
                "  {:<6} {in_flight:>2} in flight  {peer:<6} {each:>9.0} {ratio:>6.3}",
                side.name()
            )?;
        }
        writeln!(f)?;
        for verdict in &self.verdicts {
            verdict_line(f, verdict)?;
        }
        Ok(())
    }
}

fn table(f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
    let case = row.case;
    let (what, unit) = match case.workload {
        Workload::Unary => ("unary, 64 B", "call"),
        Workload::Waiting => ("unary, 64 B, a handler that waits once", "call"),
        Workload::Gzip => ("unary, 4 KiB of text, gzip", "call"),
        Workload::Stream => ("server stream, 64 B", "message"),
        Workload::Record => ("unary, a record of ten fields, gRPC and JSON", "call"),
    };
    let plural = if case.connections == 1 { "" } else { "s" };
    writeln!(
        f,
        "\n{}: {what}; {} connection{plural}, {} in flight on each",
        case.side.name(),
        case.connections,
        case.in_flight
    )?;
    writeln!(
        f,
        "           CPU µs/{unit:<7}  ± %  {:>10}  ± %  {unit:>7}s/s  busy    p50 µs    p99 µs",
        format!("of {}", case.base())
    )?;
    for figures in &row.figures {
        figures_line(f, figures)?;
    }
    Ok(())
}

fn figures_line(f: &mut fmt::Formatter<'_>, figures: &Figures) -> fmt::Result {
    let Figures { peer, cpu_ns, of_base, rate, busy, p50_us, p99_us } = figures;
    write!(f, "  {peer:<8} {:>14.2} {:>5.1}", cpu_ns.median / 1e3, cpu_ns.spread * 1e2)?;
    match of_base {
        Some(ratio) => {
            let mark = if ratio.spread > NOISY { '!' } else { ' ' };
            write!(f, " {:>10.3} {:>4.1}{mark}", ratio.median, ratio.spread * 1e2)?;
        }
        None => write!(f, " {:>10} {:>5}", "1", "")?,
    }
    writeln!(f, " {rate:>10.0} {:>4.0}% {p50_us:>9.1} {p99_us:>9.1}", busy * 1e2)
}

fn verdict_line(f: &mut fmt::Formatter<'_>, verdict: &Verdict) -> fmt::Result {
    let Verdict { side, what, peer, base, ratio, worst, target, noisy } = verdict;
    let holds = if verdict.holds() { "holds" } else { "MISSED" };
    write!(f, "{} {what}: {peer} {ratio:.3} of {base} (worst case {worst:.3}), ", side.name())?;
    write!(f, "target {target:.2}: {holds}")?;
    if *noisy {
        write!(f, "; rounds marked ! lie far apart: run again on a quieter machine")?;
    }
    writeln!(f)
}

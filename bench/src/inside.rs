//! What single parts cost, measured within this process: CPU time of one thread, in nanoseconds.

use std::hint::black_box;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;

use bia::Config;
use bia::testing::cost::Calls;
use http::HeaderMap;

use crate::cpu::Clock;

/// Rounds, interleaved: the median of them is told.
const ROUNDS: usize = 31;

/// How often a part is run in a round.
const TIMES: u32 = 20_000;

/// A part and what it may cost.
struct Part {
    name: &'static str,
    /// Nanoseconds.
    most: Option<f64>,
    run: Box<dyn Fn()>,
    /// What is in `run` that is not the part.
    beside: Option<Box<dyn Fn()>>,
}

/// Measures every part and prints a line for each.
///
/// # Errors
///
/// If a part cannot be set up.
pub fn run(gate: bool) -> io::Result<ExitCode> {
    let parts = parts()?;
    let mut missed = false;
    println!("{:<58} {:>9} {:>9}", "what", "ns", "at most");
    for part in &parts {
        let cost = part.cost()?;
        let most = part.most.map_or_else(String::new, |most| format!("{most:.0}"));
        println!("{:<58} {cost:>9.1} {most:>9}", part.name);
        missed |= part.most.is_some_and(|most| cost > most);
    }
    Ok(if gate && missed { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

fn parts() -> io::Result<Vec<Part>> {
    let config = Config::<()>::for_test("").map_err(io::Error::other)?;
    let mut parts = vec![Part {
        name: "Config::get()",
        most: Some(5.0),
        run: Box::new(move || {
            black_box(&*config.get());
        }),
        beside: None,
    }];
    // Nobody listens there: what is queued is lost, as with any collector that is away.
    let away = "telemetry: {logs: {access: {enabled: false}}, otlp: {endpoint: \"http://127.0.0.1:9\"}, traces: {ratio: RATIO}}";
    for (name, ratio, most) in [
        ("a call observed: metrics, span not sampled, no access log", "0.0", Some(1000.0)),
        ("the same, its span recorded and queued for a collector", "1.0", None),
    ] {
        let config =
            Config::<()>::for_test(&away.replace("RATIO", ratio)).map_err(io::Error::other)?;
        let calls = Calls::new(&config.settings().telemetry, HeaderMap::new());
        let calls = Rc::new(calls.map_err(io::Error::other)?);
        let beside = Rc::clone(&calls);
        parts.push(Part {
            name,
            most,
            run: Box::new(move || calls.observed()),
            beside: Some(Box::new(move || beside.bare())),
        });
    }
    Ok(parts)
}

impl Part {
    fn cost(&self) -> io::Result<f64> {
        let mut costs = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let whole = once(&*self.run)?;
            let beside = self.beside.as_deref().map_or(Ok(0.0), once)?;
            costs.push(whole - beside);
        }
        costs.sort_by(f64::total_cmp);
        Ok(costs[ROUNDS / 2])
    }
}

/// Nanoseconds of CPU that one run takes.
fn once(run: &dyn Fn()) -> io::Result<f64> {
    let clock = Clock::own();
    let before = clock.now()?;
    for _ in 0..TIMES {
        run();
    }
    let took = clock.now()?.saturating_sub(before);
    Ok(took.as_secs_f64() * 1e9 / f64::from(TIMES))
}

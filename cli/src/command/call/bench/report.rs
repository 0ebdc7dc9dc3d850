//! What came of a load.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::shell::{Look, Table};

use super::latencies::Latencies;

/// The percentiles that are told.
const PERCENTILES: [u64; 3] = [50, 90, 99];

/// What calls came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) latencies: Latencies,
    pub(super) codes: BTreeMap<&'static str, u64>,
    /// How many had not ended when the time was up.
    pub(super) cut: u64,
    /// The first that failed.
    pub(super) failure: Option<bia::Error>,
}

impl Tally {
    pub(super) fn count(&mut self, code: &'static str) {
        *self.codes.entry(code).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: Self) {
        self.latencies.merge(&other.latencies);
        for (code, count) in other.codes {
            *self.codes.entry(code).or_default() += count;
        }
        self.cut += other.cut;
        self.failure = self.failure.take().or(other.failure);
    }

    pub(super) fn calls(&self) -> u64 {
        self.codes.values().sum()
    }

    pub(super) fn failed(&self) -> u64 {
        self.calls() - self.codes.get("OK").copied().unwrap_or_default()
    }
}

/// A tally, and how long it took.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) tally: &'a Tally,
    pub(super) took: Duration,
    pub(super) concurrency: u32,
}

impl Report<'_> {
    fn rate(&self) -> f64 {
        self.tally.calls() as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// For a program.
    pub(super) fn document(&self) -> Value {
        let Tally { latencies, codes, cut, .. } = self.tally;
        let millis = |time: Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
        let mut told: serde_json::Map<String, Value> = PERCENTILES
            .iter()
            .map(|percent| (format!("p{percent}"), millis(latencies.percentile(*percent)).into()))
            .collect();
        told.insert("max".to_owned(), millis(latencies.max).into());
        told.insert("mean".to_owned(), millis(latencies.mean()).into());
        json!({
            "calls": self.tally.calls(),
            "failed": self.tally.failed(),
            "cut": cut,
            "concurrency": self.concurrency,
            "seconds": (self.took.as_secs_f64() * 1e3).round() / 1e3,
            "callsPerSecond": (self.rate() * 10.0).round() / 10.0,
            "latencyMs": told,
            "codes": codes,
        })
    }

    /// For a person.
    pub(super) fn table(&self, width: Option<usize>) -> String {
        let Tally { latencies, codes, cut, .. } = self.tally;
        let calls = self.tally.calls();
        let mut lines = vec![format!(
            "{calls} calls in {}, {} at a time: {}",
            time(self.took),
            self.concurrency,
            Look::Bold.paint(format_args!("{:.1} calls/s", self.rate()))
        )];
        if *cut > 0 {
            lines.push(format!("{cut} had not ended by then and are not counted"));
        }
        if calls > 0 {
            let told = PERCENTILES
                .iter()
                .map(|percent| format!("p{percent} {}", time(latencies.percentile(*percent))))
                .chain([
                    format!("max {}", time(latencies.max)),
                    format!("mean {}", time(latencies.mean())),
                ]);
            lines.push(told.collect::<Vec<_>>().join("  "));
            let mut table = Table::new(["STATUS", "CALLS", "SHARE"]);
            for (code, count) in codes {
                let look = if *code == "OK" { Look::Good } else { Look::Bad };
                let share = format!("{:.1} %", *count as f64 * 100.0 / calls as f64);
                table.row([
                    ((*code).to_owned(), look),
                    (count.to_string(), Look::Plain),
                    (share, Look::Plain),
                ]);
            }
            lines.push(String::new());
            lines.push(table.render(width));
        }
        lines.join("\n")
    }
}

/// A time in the unit in which it has few digits: `870 µs`, `1.23 ms`, `10.0 s`.
pub(in super::super) fn time(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..10_000 => format!("{:.2} ms", time.as_secs_f64() * 1e3),
        10_000..1_000_000 => format!("{:.0} ms", time.as_secs_f64() * 1e3),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

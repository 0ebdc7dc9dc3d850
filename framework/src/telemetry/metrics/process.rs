//! What the operating system knows of this process, where it is Linux.

use std::fs;
use std::str::FromStr;

use super::catalogue as c;
use super::reading::Reading;

/// Ticks a second of what `/proc` counts time in: the same on every Linux, whatever its clock does.
const TICKS: f64 = 100.0;

/// Adds what can be read; elsewhere than on Linux that is nothing.
pub(super) fn read(reading: &mut Reading) {
    if let Some(stat) = read_file("/proc/self/stat").as_deref().and_then(Stat::parse) {
        reading.add(&c::PROCESS_CPU, [], stat.cpu);
        let booted = read_file("/proc/stat").and_then(|text| field::<f64>(&text, "btime"));
        if let Some(booted) = booted {
            reading.add(&c::PROCESS_START, [], booted + stat.started);
        }
    }
    if let Some(status) = read_file("/proc/self/status") {
        for (family, name) in [(&c::PROCESS_RESIDENT, "VmRSS:"), (&c::PROCESS_VIRTUAL, "VmSize:")] {
            if let Some(kibibytes) = field::<u64>(&status, name) {
                reading.add(family, [], kibibytes * 1024);
            }
        }
        if let Some(threads) = field::<u64>(&status, "Threads:") {
            reading.add(&c::PROCESS_THREADS, [], threads);
        }
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder itself, open to be counted.
        reading.add(&c::PROCESS_FILES, [], files.count().saturating_sub(1));
    }
    let limits = read_file("/proc/self/limits");
    if let Some(most) = limits.and_then(|text| field::<u64>(&text, "Max open files")) {
        reading.add(&c::PROCESS_MOST_FILES, [], most);
    }
}

fn read_file(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// The first word after `name` at the beginning of a line.
fn field<T: FromStr>(text: &str, name: &str) -> Option<T> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// Seconds.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu: f64,
    started: f64,
}

impl Stat {
    /// The name of the program is in parentheses, and may hold spaces and parentheses: what is counted
    /// begins behind the last.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
        // Fields 14, 15 and 22 of proc_pid_stat(5), counted from the third.
        Some(Self { cpu: (ticks(11)? + ticks(12)?) / TICKS, started: ticks(19)? / TICKS })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_be_called_anything() {
        let text = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 123400 1 2";
        assert_eq!(Stat::parse(text), Some(Stat { cpu: 3.0, started: 1234.0 }));
        assert_eq!(Stat::parse("7 (a"), None);
        assert_eq!(Stat::parse("7 (a) S 1"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_is_measured() {
        let mut reading = Reading::default();
        read(&mut reading);
        for family in [
            &c::PROCESS_CPU,
            &c::PROCESS_START,
            &c::PROCESS_RESIDENT,
            &c::PROCESS_VIRTUAL,
            &c::PROCESS_THREADS,
            &c::PROCESS_FILES,
            &c::PROCESS_MOST_FILES,
        ] {
            assert_eq!(reading.of(family).len(), 1, "{}", family.name);
        }
    }
}

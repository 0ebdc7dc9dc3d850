//! What the system gives: room, files, connections, time, CPUs.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, getrlimit};

use super::super::finding::Finding;

const GIB: u64 = 1 << 30;

pub(super) fn free_space(folder: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// A debug build of one service takes some GB.
pub(super) fn disk(free: u64, folder: &Path) -> Finding {
    let tenths = free / (GIB / 10);
    let what = format!("{}.{} GiB free at {}", tenths / 10, tenths % 10, folder.display());
    let remedy = "`cargo clean` removes what can be built again";
    match free {
        _ if free < GIB => Finding::bad("disk", what, remedy),
        _ if free < 5 * GIB => Finding::warn("disk", what, remedy),
        _ => Finding::ok("disk", what),
    }
}

/// None where there is no limit.
pub(super) fn open_files() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// A connection is a file.
pub(super) fn files(limit: Option<u64>) -> Finding {
    let Some(limit) = limit else { return Finding::ok("open files", "as many as one likes") };
    let what = format!("{limit} at once in a process");
    let remedy =
        "raise it (`ulimit -n 65536`, LimitNOFILE= of systemd): every connection is a file";
    match limit {
        _ if limit < 256 => Finding::bad("open files", what, remedy),
        _ if limit < 1024 => Finding::warn("open files", what, remedy),
        _ => Finding::ok("open files", what),
    }
}

/// A number that the kernel tells in a file.
pub(super) fn number(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

pub(super) fn backlog(limit: u64) -> Finding {
    let what = format!("{limit} connections may wait to be accepted");
    if limit < 1024 {
        let remedy = "raise net.core.somaxconn to 4096, or bursts of new connections are dropped";
        return Finding::warn("somaxconn", what, remedy);
    }
    Finding::ok("somaxconn", what)
}

pub(super) fn watches(limit: u64) -> Finding {
    let what = format!("{limit} files and folders can be watched");
    if limit < 8192 {
        let remedy =
            "raise fs.inotify.max_user_watches: `bia run` and settings that are followed need them";
        return Finding::warn("watches", what, remedy);
    }
    Finding::ok("watches", what)
}

/// Since 1970.
pub(super) fn now() -> Option<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok()
}

/// When the project's lock or manifest was written last, since 1970.
pub(super) fn newest(root: &Path) -> Option<Duration> {
    let times = ["Cargo.lock", "Cargo.toml"].iter().filter_map(|name| {
        let modified = std::fs::metadata(root.join(name)).ok()?.modified().ok()?;
        modified.duration_since(UNIX_EPOCH).ok()
    });
    times.max()
}

/// The start of 2026, before which there was no such command.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);
/// The start of 2100.
const LATEST: Duration = Duration::from_secs(4_102_444_800);
/// How far files may be ahead: those of a network have another's clock.
const AHEAD: Duration = Duration::from_secs(60);

pub(super) fn clock(now: Option<Duration>, newest: Option<Duration>) -> Finding {
    let remedy = "set the clock (`timedatectl set-ntp true`): certificates, tokens and what cargo builds anew go by it";
    let Some(now) = now.filter(|it| (EARLIEST..LATEST).contains(it)) else {
        return Finding::bad("clock", "it is wrong by years", remedy);
    };
    match newest.and_then(|newest| newest.checked_sub(now)) {
        Some(ahead) if ahead > AHEAD => {
            let what = format!("the project's files are {} s ahead of it", ahead.as_secs());
            Finding::warn("clock", what, remedy)
        }
        _ => Finding::ok("clock", "it is plausible"),
    }
}

pub(super) fn count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// What the container may use of the CPUs, as its group says: none if that cannot be read.
pub(super) fn quota() -> Option<Quota> {
    let second = std::fs::read_to_string("/sys/fs/cgroup/cpu.max").ok();
    if let Some(quota) = second.as_deref().and_then(Quota::parse) {
        return Some(quota);
    }
    let read = |name| std::fs::read_to_string(format!("/sys/fs/cgroup/cpu/cpu.{name}_us")).ok();
    let (quota, period) = (read("cfs_quota")?, read("cfs_period")?);
    Quota::parse(&format!("{} {}", quota.trim(), period.trim()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quota {
    Unlimited,
    /// In hundredths of a CPU.
    Hundredths(u64),
}

impl Quota {
    /// `max 100000`, `50000 100000`; `-1 100000` of the first version.
    fn parse(text: &str) -> Option<Self> {
        let (quota, period) = text.trim().split_once(' ')?;
        let period: u64 = period.parse().ok().filter(|it| *it > 0)?;
        match quota {
            "max" | "-1" => Some(Self::Unlimited),
            quota => Some(Self::Hundredths(quota.parse::<u64>().ok()?.checked_mul(100)? / period)),
        }
    }
}

pub(super) fn cpus(count: usize, quota: Option<Quota>) -> Finding {
    match quota {
        Some(Quota::Unlimited) => Finding::ok("cpus", format!("{count}, without a quota")),
        Some(Quota::Hundredths(hundredths)) => {
            let what = format!(
                "{count}, of which {}.{:02} may be used",
                hundredths / 100,
                hundredths % 100
            );
            if hundredths < 100 {
                let remedy =
                    "give it a whole CPU at least: below that every call waits for the next period";
                return Finding::warn("cpus", what, remedy);
            }
            Finding::ok("cpus", what)
        }
        // Outside of a group nothing is limited.
        None => Finding::ok("cpus", format!("{count}; no quota can be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Mark;
    use super::*;

    #[test]
    fn little_room_is_a_warning_and_none_is_bad() {
        let mark = |free| disk(free, Path::new("/t")).mark;
        assert_eq!([mark(GIB - 1), mark(GIB), mark(5 * GIB)], [Mark::Bad, Mark::Warn, Mark::Ok]);
        assert_eq!(disk(3 * GIB / 2, Path::new("/t")).what, "1.5 GiB free at /t");
    }

    #[test]
    fn limits_that_a_service_would_run_into_are_told() {
        let marks = [files(Some(100)), files(Some(512)), files(Some(1024)), files(None)];
        assert_eq!(marks.map(|it| it.mark), [Mark::Bad, Mark::Warn, Mark::Ok, Mark::Ok]);
        assert_eq!([backlog(128), backlog(4096)].map(|it| it.mark), [Mark::Warn, Mark::Ok]);
        assert_eq!([watches(100), watches(8192)].map(|it| it.mark), [Mark::Warn, Mark::Ok]);
    }

    #[test]
    fn a_clock_that_is_wrong_shows() {
        let second = Duration::from_secs;
        let now = EARLIEST + second(1000);
        assert_eq!(clock(Some(now), Some(now)).mark, Mark::Ok);
        assert_eq!(clock(Some(now), Some(now + second(59))).mark, Mark::Ok);
        assert_eq!(clock(Some(now), Some(now + second(3600))).mark, Mark::Warn);
        assert_eq!(clock(Some(second(7)), None).mark, Mark::Bad);
        assert_eq!(clock(None, None).mark, Mark::Bad);
        assert_eq!(clock(Some(LATEST), None).mark, Mark::Bad);
    }

    #[test]
    fn a_quota_is_read_as_either_version_writes_it() {
        assert_eq!(Quota::parse("max 100000\n"), Some(Quota::Unlimited));
        assert_eq!(Quota::parse("-1 100000"), Some(Quota::Unlimited));
        assert_eq!(Quota::parse("50000 100000"), Some(Quota::Hundredths(50)));
        assert_eq!(Quota::parse("250000 100000"), Some(Quota::Hundredths(250)));
        assert_eq!(Quota::parse("nonsense"), None);
        assert_eq!(Quota::parse("1 0"), None);
        assert_eq!(cpus(8, Some(Quota::Hundredths(50))).mark, Mark::Warn);
        assert_eq!(cpus(8, Some(Quota::Hundredths(250))).what, "8, of which 2.50 may be used");
        assert_eq!(cpus(8, None).mark, Mark::Ok);
    }
}

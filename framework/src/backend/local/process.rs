//! Tells one process from another, dead or alive, and one moment from another, whatever the time of day.

use std::fs;
use std::time::Duration;

/// What tells a process from all others of the machine, also from a later one of the same number.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Process {
    pid: u32,
    /// When it was started, in the kernel's ticks.
    started: u64,
    /// The namespace in which the number counts: another container has other numbers.
    namespace: String,
}

impl Process {
    /// This process; none where there is no `/proc` to tell.
    pub(super) fn this() -> Option<Self> {
        let pid = std::process::id();
        Some(Self { pid, started: started(pid)?, namespace: namespace()? })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it is known to be gone. `here` is the namespace of who asks: in another one it is
    /// not known.
    pub(super) fn is_gone(&self, here: Option<&str>) -> bool {
        here == Some(self.namespace.as_str()) && started(self.pid) != Some(self.started)
    }
}

/// The namespace in which process numbers count here.
pub(super) fn namespace() -> Option<String> {
    // Without a `/proc` of our own every process would look dead.
    started(std::process::id())?;
    Some(fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
}

/// When a process was started, if it lives: neither gone nor waiting to be buried.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses, which may hold anything (proc_pid_stat(5)).
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X" | "x")).then_some(started)
}

/// A moment on the clock that counts since the machine was started, sleep included.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Moment {
    /// Tells one start of the machine from another.
    boot: String,
    uptime_ms: u64,
}

impl Moment {
    /// Now; none where there is no `/proc` to tell.
    pub(super) fn now() -> Option<Self> {
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let (seconds, hundredths) = uptime.split_ascii_whitespace().next()?.split_once('.')?;
        let uptime_ms = seconds.parse::<u64>().ok()? * 1000 + hundredths.parse::<u64>().ok()? * 10;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(Self { boot: boot.trim().to_owned(), uptime_ms })
    }

    /// How long before `now` it was; none if it was in another life of the machine.
    pub(super) fn age(&self, now: &Self) -> Option<Duration> {
        (self.boot == now.boot)
            .then(|| Duration::from_millis(now.uptime_ms.saturating_sub(self.uptime_ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_gone_when_it_was_killed_even_before_it_is_buried() {
        let here = namespace();
        assert!(!Process::this().unwrap().is_gone(here.as_deref()));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process {
            pid: child.id(),
            started: started(child.id()).unwrap(),
            namespace: here.clone().unwrap(),
        };
        assert!(!process.is_gone(here.as_deref()));
        child.kill().unwrap();
        while started(child.id()).is_some() {
            std::thread::yield_now();
        }
        assert!(process.is_gone(here.as_deref()), "a zombie");
        child.wait().unwrap();
        assert!(process.is_gone(here.as_deref()));
        assert!(!process.is_gone(Some("pid:[1]")), "who cannot tell says nothing");
        let reused = Process { started: u64::MAX, ..Process::this().unwrap() };
        assert!(reused.is_gone(here.as_deref()), "another process of the same number");
    }

    #[test]
    fn ages_are_told_within_one_life_of_the_machine() {
        let now = Moment::now().unwrap();
        let moment = |boot: &str, uptime_ms| Moment { boot: boot.to_owned(), uptime_ms };
        let age = |moment: &Moment| moment.age(&now);
        assert_eq!(age(&now), Some(Duration::ZERO));
        let before = moment(&now.boot, now.uptime_ms.saturating_sub(500));
        assert_eq!(age(&before), Some(Duration::from_millis(500)));
        assert_eq!(age(&moment(&now.boot, u64::MAX)), Some(Duration::ZERO));
        assert_eq!(age(&moment("another", 0)), None);
    }
}

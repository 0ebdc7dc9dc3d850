//! Cores to run on and the CPU time that processes took.

use std::io;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

/// Runs this thread, and those that it starts from now on, on one core.
///
/// # Errors
///
/// If there is no such core for us.
pub fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

/// The cores that we may run on.
///
/// # Errors
///
/// If the system does not tell.
pub fn cores() -> io::Result<Vec<usize>> {
    let set = sched_getaffinity(Pid::from_raw(0))?;
    Ok((0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect())
}

/// The CPU time of a process, all its threads and both modes, to the nanosecond.
#[derive(Clone, Copy, Debug)]
pub struct Clock(ClockId);

impl Clock {
    /// The clock of this process.
    pub fn own() -> Self {
        Self(ClockId::CLOCK_PROCESS_CPUTIME_ID)
    }

    /// The clock of another process.
    ///
    /// # Errors
    ///
    /// If it is not there.
    pub fn of(process: u32) -> io::Result<Self> {
        let process = i32::try_from(process).map_err(io::Error::other)?;
        Ok(Self(clock_getcpuclockid(Pid::from_raw(process))?))
    }

    /// The time taken so far.
    ///
    /// # Errors
    ///
    /// If the process is gone.
    pub fn now(self) -> io::Result<Duration> {
        Ok(self.0.now()?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_a_process_moves_with_its_work_and_is_the_same_from_outside() {
        let (inside, outside) = (Clock::own(), Clock::of(std::process::id()).unwrap());
        let before = inside.now().unwrap();
        while inside.now().unwrap() < before + Duration::from_millis(5) {}
        let seen = outside.now().unwrap();
        assert!(seen >= before + Duration::from_millis(5));
    }
}

//! Where CPU time goes: a timer of the kernel interrupts whoever runs, and its stack is noted.
//!
//! What is interrupted inside the C library is left alone: to walk the stack from there can crash
//! the process. That is where system calls, copies and allocations spend their time, so what the
//! samples do not account for is told as a frame of its own, from the kernel's account of the process:
//! the profile as a whole is then as much CPU time as was used.

use std::time::Duration;

use pprof::{Frames, ProfilerGuard, ProfilerGuardBuilder};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::format::{Encoder, Frame, nanoseconds};

/// Samples for each second of CPU time: as many as Go takes, less one, so that it does not beat in time
/// with what happens ten times a second.
const HERTZ: i32 = 99;
const PERIOD: Duration = Duration::from_nanos(1_000_000_000 / 99);

const KINDS: [(&str, &str); 2] = [("samples", "count"), ("cpu", "nanoseconds")];

/// Libraries, by parts of their names, whose code is no place to walk a stack from.
const LEFT_ALONE: [&str; 4] = ["libc", "libgcc", "pthread", "vdso"];

/// The time that no sample tells of.
const ELSEWHERE: &str = "[C library and kernel: system calls, copies, allocation]";

/// Why there is no profile.
pub(super) enum Failure {
    /// Somebody else in this process takes one.
    Busy,
    Broken(String),
}

/// Takes a profile, gzip'd. Cancel-safe: dropped, it stops sampling.
pub(super) async fn record(duration: Duration) -> Result<Vec<u8>, Failure> {
    // It reads the program's own symbols first, which takes too long for a thread that serves.
    let guard = spawn_blocking(begin).await.map_err(broken)??;
    let before = used();
    sleep(duration).await;
    // What runs here ends by itself, soon, also if nobody waits for it any more.
    spawn_blocking(move || end(guard, before, duration)).await.map_err(broken)?
}

fn begin() -> Result<ProfilerGuard<'static>, Failure> {
    let builder = ProfilerGuardBuilder::default().frequency(HERTZ);
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    let builder = builder.blocklist(&LEFT_ALONE);
    builder.build().map_err(|error| match error {
        pprof::Error::Running => Failure::Busy,
        pprof::Error::CreatingError => Failure::Broken(
            "cannot make a file to keep samples in: set TMPDIR to a folder that can be written to"
                .to_owned(),
        ),
        error => broken(error),
    })
}

fn end(
    guard: ProfilerGuard<'static>,
    before: Option<Duration>,
    duration: Duration,
) -> Result<Vec<u8>, Failure> {
    let used = before.and_then(|before| used()?.checked_sub(before));
    let report = guard.report().build_unresolved().map_err(broken)?;
    // Nobody is interrupted any more while the names are looked up.
    drop(guard);
    let mut encoder = Encoder::new(KINDS, nanoseconds(PERIOD), duration);
    let mut samples = 0;
    for (stack, count) in report.data {
        let count = u32::try_from(count).unwrap_or(0);
        samples += count;
        let stack = Frames::from(stack);
        let frames: Vec<Vec<Frame>> = stack.frames.iter().map(|inlined| frame(inlined)).collect();
        let values = [i64::from(count), nanoseconds(PERIOD * count)];
        encoder.add(&frames, values, &stack.thread_name);
    }
    if let Some(rest) = used.and_then(|used| used.checked_sub(PERIOD * samples)) {
        let count = rest.as_nanos() / PERIOD.as_nanos();
        let elsewhere = Frame { name: ELSEWHERE.to_owned(), ..Frame::default() };
        let values = [i64::try_from(count).unwrap_or(0), nanoseconds(rest)];
        encoder.add(&[vec![elsewhere]], values, "");
    }
    encoder.finish().map_err(broken)
}

fn frame(inlined: &[pprof::Symbol]) -> Vec<Frame> {
    let known = |symbol: &pprof::Symbol| Frame {
        name: symbol.name(),
        file: symbol.filename.as_ref().map_or_else(String::new, |it| it.display().to_string()),
        line: i64::from(symbol.lineno()),
    };
    inlined.iter().map(known).collect()
}

/// The CPU time of the process so far, in the kernel and out of it; none where `/proc` is not.
fn used() -> Option<Duration> {
    of_stat(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

/// See `proc_pid_stat(5)`: the 14th and 15th field, in hundredths of a second whatever the kernel's own
/// clock is. The second one is the program's name in parentheses, which may hold anything.
fn of_stat(text: &str) -> Option<Duration> {
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_account_is_read_whatever_the_program_is_called() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 3 4 20 0 1 0 99 0 0";
        assert_eq!(of_stat(stat), Some(Duration::from_secs(3)));
        assert_eq!(of_stat("7 (a"), None);
        assert_eq!(of_stat("7 (a) S 1"), None);
    }
}

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::time::Instant;

/// The most bytes that wait to be written: some ten thousand lines. Whoever takes them slower than
/// they come loses what is more, which is counted and told, rather than that the service waits.
const ROOM: usize = 4 * 1024 * 1024;

/// How long lines are gathered before they are written in one piece: each write costs a system call,
/// and what is gathered is what a process that is killed loses.
const GATHER: Duration = Duration::from_millis(2);

/// How often the thread looks after what is due while nothing is written.
const TICK: Duration = Duration::from_millis(500);

/// What is kept of a buffer's memory once it is written.
const KEPT: usize = 256 * 1024;

/// Where lines go to. Cloning is cheap; all clones are one.
///
/// While a service runs, a thread writes them, so that nobody waits for whoever reads standard error.
/// Before and after, each line is written by who says it: nothing is lost when the process ends.
#[derive(Clone)]
pub(super) struct Writer(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    /// For the thread: there is something, or somebody is in a hurry.
    given: Condvar,
    /// For who waits until it is written.
    written: Condvar,
    out: Mutex<Box<dyn Write + Send>>,
}

#[derive(Default)]
struct State {
    /// What waits.
    lines: Vec<u8>,
    spare: Vec<u8>,
    /// Bytes taken and bytes written since the start.
    taken: u64,
    done: u64,
    lost: u64,
    /// Those that nobody has been told of.
    untold: u64,
    /// How many services run; the thread is there while there is one.
    runs: usize,
    is_asleep: bool,
    is_hurried: bool,
    is_stuck: bool,
    thread: Option<JoinHandle<()>>,
    /// Counts the threads that there were: one that is not the last ends.
    turn: u64,
}

/// A service that runs: while there is one, a thread writes. Dropped, the lines are written out.
pub(crate) struct Background {
    writer: Writer,
}

/// How long the end of a service waits for its last lines.
const FAREWELL: Duration = Duration::from_secs(1);

impl Writer {
    pub(super) fn new(out: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            given: Condvar::new(),
            written: Condvar::new(),
            out: Mutex::new(Box::new(out)),
        }))
    }

    /// Writes a line, or hands it to the thread. One that is `urgent` is not gathered.
    pub(super) fn write(&self, line: &str, urgent: bool) {
        let mut state = self.0.state();
        if state.thread.is_none() {
            if state.is_stuck {
                state.lose();
                return;
            }
            // The state is held, so that lines keep their order.
            self.0.out(line.as_bytes());
            return;
        }
        if state.lines.len() + line.len() > ROOM {
            state.lose();
            return;
        }
        state.lines.extend_from_slice(line.as_bytes());
        state.taken += line.len() as u64;
        let wakes = state.is_asleep || (urgent && !state.is_hurried);
        state.is_asleep = false;
        state.is_hurried |= urgent;
        drop(state);
        if wakes {
            self.0.given.notify_one();
        }
    }

    /// Begins to write in the background; `tick` is run every now and then.
    ///
    /// If the machine has no thread left, everybody goes on writing by himself.
    pub(super) fn begin(&self, tick: impl Fn() + Send + 'static) -> Background {
        let mut state = self.0.state();
        state.runs += 1;
        if state.thread.is_none() {
            let inner = Arc::clone(&self.0);
            state.turn += 1;
            let turn = state.turn;
            let thread = std::thread::Builder::new().name("bia-log".to_owned());
            state.thread = thread.spawn(move || inner.work(turn, &tick)).ok();
        }
        Background { writer: self.clone() }
    }

    /// Waits until what has been said so far is written; whether it was within `limit`.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let mut state = self.0.state();
        let taken = state.taken;
        while state.done < taken && state.thread.is_some() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state.is_hurried = true;
            self.0.given.notify_one();
            state = self
                .0
                .written
                .wait_timeout(state, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
        true
    }

    /// How many lines nobody took in time.
    pub(super) fn lost(&self) -> u64 {
        self.0.state().lost
    }

    fn end(&self) {
        {
            let mut state = self.0.state();
            state.runs -= 1;
            if state.runs > 0 {
                return;
            }
        }
        let is_written = self.flush(FAREWELL);
        let mut state = self.0.state();
        if state.runs > 0 {
            return;
        }
        let Some(thread) = state.thread.take() else { return };
        state.turn += 1;
        state.is_stuck = !is_written;
        state.is_hurried = true;
        drop(state);
        self.0.given.notify_one();
        // A thread that waits for who reads is left behind: it ends with the process.
        if is_written && thread.join().is_err() {
            self.write("{\"level\":\"error\",\"message\":\"the log's thread broke\"}\n", false);
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.writer.end();
    }
}

impl State {
    fn lose(&mut self) {
        self.lost += 1;
        self.untold += 1;
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn out(&self, bytes: &[u8]) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever reads may have gone: there is nobody who could be told.
        out.write_all(bytes).and_then(|()| out.flush()).ok();
    }

    /// What the thread does, until it is not the last any more and all is written.
    fn work(&self, turn: u64, tick: &dyn Fn()) {
        let mut ticked = Instant::now();
        loop {
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                tick();
            }
            let mut state = self.state();
            if state.lines.is_empty() {
                if state.turn != turn {
                    return;
                }
                state.is_asleep = true;
                state = self.wait(state, TICK);
                state.is_asleep = false;
            }
            if state.lines.is_empty() {
                continue;
            }
            if !state.is_hurried {
                state = self.wait(state, GATHER);
            }
            state.is_hurried = false;
            let spare = std::mem::take(&mut state.spare);
            let mut lines = std::mem::replace(&mut state.lines, spare);
            let untold = std::mem::take(&mut state.untold);
            let taken = state.taken;
            drop(state);

            self.out(&lines);
            if untold > 0 {
                tracing::warn!(
                    lost = untold,
                    "lines of the log were lost: whoever reads standard error did not take them in time"
                );
            }
            lines.clear();
            lines.shrink_to(KEPT);
            let mut state = self.state();
            state.spare = lines;
            state.done = taken;
            drop(state);
            self.written.notify_all();
        }
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.given
            .wait_timeout(state, limit)
            .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("lost", &self.lost()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").field("writer", &self.writer).finish()
    }
}

#[cfg(test)]
mod tests;

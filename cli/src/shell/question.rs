//! Questions to whoever is at the terminal.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dialoguer::console::Term;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::error::{Error, Result};
use crate::interrupt;

use super::Shell;

/// How often is looked for a Ctrl-C that no key has told of.
const LOOK: Duration = Duration::from_millis(20);

impl Shell {
    /// Asks. Ctrl-C ends the command, and the terminal is as it was before.
    ///
    /// # Errors
    ///
    /// Ctrl-C, or nobody can be asked.
    pub(crate) fn ask<T>(&self, question: impl FnOnce() -> dialoguer::Result<T>) -> Result<T> {
        let held = interrupt::hold()?;
        let before = tcgetattr(io::stdin()).ok();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watch = scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    if held.check().is_err() && !is_over.swap(true, Ordering::SeqCst) {
                        self.leave(before.as_ref());
                    }
                    std::thread::park_timeout(LOOK);
                }
            });
            let answer = question();
            // Whoever comes second leaves it to the first.
            if !is_over.swap(true, Ordering::SeqCst) {
                watch.thread().unpark();
            }
            answer.map_err(gone)
        })
    }

    /// Between two keys the terminal sends a signal, and nothing wakes who waits for the second. So this
    /// ends the process from beside that thread.
    fn leave(&self, before: Option<&Termios>) {
        if let Some(before) = before {
            // A terminal that is gone needs no settings, and no cursor.
            tcsetattr(io::stdin(), OptionalActions::Now, before).ok();
        }
        let error = interrupted();
        self.error(&error);
        std::process::exit(error.exit_code().into());
    }
}

/// Whoever was asked has gone away.
fn gone(error: dialoguer::Error) -> Error {
    let dialoguer::Error::IO(error) = error;
    match error.kind() {
        io::ErrorKind::Interrupted => interrupted(),
        _ => Error::new(format!("cannot ask: {error}"))
            .with_hint("say it in the arguments; `--yes` takes the defaults"),
    }
}

fn interrupted() -> Error {
    // A question with a choice hides it.
    Term::stderr().show_cursor().ok();
    Error::interrupted("interrupted; nothing was written")
}

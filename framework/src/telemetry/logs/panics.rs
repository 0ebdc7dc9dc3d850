use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::context::Context;

use super::layer::Log;

/// How long a panic waits until it is written: the process may end with it.
const LIMIT: Duration = Duration::from_millis(500);

static TOLD: AtomicBool = AtomicBool::new(false);

/// Whether every panic is a line of the log when it happens.
pub(crate) fn panics_are_told() -> bool {
    TOLD.load(Ordering::Relaxed)
}

/// What was panicked with.
pub(crate) fn panic_words(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(not a string)")
}

/// Makes every panic one line, with place and thread, in place of what Rust prints.
pub(super) fn tell(log: Arc<Log>) {
    TOLD.store(true, Ordering::Relaxed);
    std::panic::set_hook(Box::new(move |panic| {
        let backtrace = Backtrace::capture();
        let is_captured = backtrace.status() == BacktraceStatus::Captured;
        tracing::error!(
            target: "bia::panic",
            place = panic.location().map(tracing::field::display),
            thread = std::thread::current().name().unwrap_or("unnamed"),
            backtrace = is_captured.then(|| tracing::field::display(&backtrace)),
            panic = panic_words(panic.payload()),
            "panicked"
        );
        // Within a call it is caught; elsewhere it may be the end.
        if cfg!(panic = "abort") || Context::current().is_none() {
            log.writer.flush(LIMIT);
        }
    }));
}

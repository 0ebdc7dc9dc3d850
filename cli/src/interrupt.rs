//! Ctrl-C and SIGTERM where the process must not simply end.
//!
//! What has put a handler in place cannot take it away again: a signal that nobody asks for any more would
//! be swallowed from then on. So there is one for the whole run, which ends the process as the system
//! would, unless somebody holds it back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_default};
use signal_hook::low_level::unregister;

use crate::error::{About as _, Error, Result};

/// Whether a signal ends the process.
static ENDS: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// While it lives, Ctrl-C and SIGTERM end nothing but are remembered.
#[derive(Debug)]
pub(crate) struct Held {
    came: Arc<AtomicBool>,
    handlers: Vec<SigId>,
    /// What held before.
    ended: bool,
}

/// Holds Ctrl-C and SIGTERM back.
///
/// # Errors
///
/// The system does not let us.
pub(crate) fn hold() -> Result<Held> {
    let about = || "listen for Ctrl-C".to_owned();
    let came = Arc::new(AtomicBool::new(false));
    let mut handlers = Vec::new();
    for signal in [SIGINT, SIGTERM] {
        handlers.push(register(signal, Arc::clone(&came)).about(about)?);
    }
    let ended = match ENDS.get() {
        Some(ends) => ends.swap(false, Ordering::SeqCst),
        None => {
            let ends = ENDS.get_or_init(Arc::default);
            for signal in [SIGINT, SIGTERM] {
                register_conditional_default(signal, Arc::clone(ends)).about(about)?;
            }
            true
        }
    };
    Ok(Held { came, handlers, ended })
}

impl Held {
    /// # Errors
    ///
    /// It came.
    pub(crate) fn check(&self) -> Result<()> {
        if self.came.load(Ordering::SeqCst) {
            return Err(Error::interrupted("interrupted; nothing was written"));
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for handler in &self.handlers {
            unregister(*handler);
        }
        if let Some(ends) = ENDS.get() {
            ends.store(self.ended, Ordering::SeqCst);
        }
    }
}

//! Ctrl-C while files are written: noticed, not died of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::error::{About as _, Error, Result};

/// While it lives, Ctrl-C and SIGTERM end nothing but are remembered.
#[derive(Debug)]
pub(super) struct Interrupt {
    came: Arc<AtomicBool>,
    handlers: Vec<SigId>,
}

impl Interrupt {
    pub(super) fn watch() -> Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        let mut handlers = Vec::new();
        for signal in [SIGINT, SIGTERM] {
            let handler = signal_hook::flag::register(signal, Arc::clone(&came))
                .about(|| "listen for Ctrl-C".to_owned())?;
            handlers.push(handler);
        }
        Ok(Self { came, handlers })
    }

    /// # Errors
    ///
    /// It came.
    pub(super) fn check(&self) -> Result<()> {
        if self.came.load(Ordering::Relaxed) {
            return Err(Error::interrupted("interrupted; nothing was written"));
        }
        Ok(())
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        for handler in &self.handlers {
            signal_hook::low_level::unregister(*handler);
        }
    }
}

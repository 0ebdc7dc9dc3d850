//! Runs what waits for others, until it is done or Ctrl-C.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use crate::error::{About as _, Error, Result};
use crate::interrupt;

/// Waits for `work` on a runtime of its own.
///
/// # Errors
///
/// Those of `work`; Ctrl-C or SIGTERM, upon which `work` is dropped where it waits.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    block_on_whole(async {
        let listen = |kind| signal(kind).about(|| "listen for Ctrl-C".to_owned());
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        tokio::select! {
            done = work => done,
            _ = interrupt.recv() => Err(Error::interrupted("interrupted")),
            _ = terminate.recv() => Err(Error::interrupted("interrupted")),
        }
    })
}

/// Waits for `work`, which hears signals itself: it has something to put in order before it ends. It
/// is polled on this very thread.
///
/// # Errors
///
/// Those of `work`.
pub(crate) fn block_on_whole<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let _held = interrupt::hold()?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .about(|| "start the runtime".to_owned())?
        .block_on(work)
}

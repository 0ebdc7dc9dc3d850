//! Runs what waits for others, until it is done or Ctrl-C.

use std::future::Future;

use crate::error::{About as _, Error, Result};

/// Waits for `work` on a runtime of its own.
///
/// # Errors
///
/// Those of `work`; Ctrl-C, upon which `work` is dropped where it waits.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    block_on_whole(async {
        tokio::select! {
            done = work => done,
            _ = tokio::signal::ctrl_c() => Err(Error::interrupted("interrupted")),
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
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .about(|| "start the runtime".to_owned())?
        .block_on(work)
}

//! Runs what waits for others, until it is done or Ctrl-C.

use std::future::Future;

use crate::error::{About as _, Error, Result};

/// Waits for `work` on a runtime of its own.
///
/// # Errors
///
/// Those of `work`; Ctrl-C, upon which `work` is dropped where it waits.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .about(|| "start the runtime".to_owned())?;
    runtime.block_on(async {
        tokio::select! {
            done = work => done,
            _ = tokio::signal::ctrl_c() => Err(Error::interrupted("interrupted")),
        }
    })
}

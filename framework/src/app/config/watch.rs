use std::fmt;

use tokio::sync::watch;

/// Tells of each change of a part of the settings; of [`Config::watch`](super::Config::watch).
pub struct Watch<P> {
    part: Box<dyn Fn() -> P + Send + Sync>,
    last: P,
    revisions: watch::Receiver<u64>,
}

impl<P: Clone + PartialEq> Watch<P> {
    pub(super) fn new(
        revisions: watch::Receiver<u64>,
        part: impl Fn() -> P + Send + Sync + 'static,
    ) -> Self {
        // Looked at only now: what changes from here on is told by `revisions`.
        let last = part();
        Self { part: Box::new(part), last, revisions }
    }

    /// The part as it was told last; at first, as it was when watching began.
    #[must_use]
    pub fn last(&self) -> &P {
        &self.last
    }

    /// Waits until the part is another than it was told last, and tells it as it is now.
    ///
    /// Once for each change that was accepted; of changes that follow each other faster than this is
    /// called, the last. Changes of other parts are passed over, and so is a part that has changed and
    /// changed back. Nobody waits for whoever calls this. Dropping the future loses nothing.
    pub async fn changed(&mut self) -> P {
        loop {
            if self.revisions.changed().await.is_err() {
                // Nobody is left who could change anything.
                std::future::pending::<()>().await;
            }
            let now = (self.part)();
            if now != self.last {
                self.last.clone_from(&now);
                return now;
            }
        }
    }
}

impl<P: fmt::Debug> fmt::Debug for Watch<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("last", &self.last).finish_non_exhaustive()
    }
}

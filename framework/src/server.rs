//! The joint that everything which accepts work implements: two phases to start, two to stop.

use std::fmt;

use futures_core::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::registry::Endpoint;

/// Something that an app starts and stops: a port, a consumer of a queue, a timer.
///
/// An app binds all its servers before it serves any, and announces nothing before all are bound.
pub trait Server: Send + 'static {
    /// What it is called in logs, `api` or `admin`.
    fn name(&self) -> &str;

    /// Takes what it needs to serve, a socket, and tells where it can be reached: the address bound,
    /// with port 0 resolved and with the unspecified address (`0.0.0.0`) as it is. A server that
    /// others do not find through the registry returns none.
    ///
    /// # Errors
    ///
    /// If it cannot: the app then stops before anything is announced.
    fn bind(&mut self) -> BoxFuture<'_, Result<Vec<Endpoint>>>;

    /// Serves until stopped: when `stop` begins it takes nothing new and finishes what it has, when
    /// `stop` cuts it gives up what is left and returns at once.
    ///
    /// # Errors
    ///
    /// If it cannot go on serving: the app then stops in order and fails.
    fn serve(self: Box<Self>, stop: Stop) -> BoxFuture<'static, Result<()>>;
}

/// Tells a server to stop, in two steps. Cloning is cheap; all clones are one.
#[derive(Clone, Default)]
pub struct Stop {
    begin: CancellationToken,
    cut: CancellationToken,
}

impl Stop {
    /// Nothing is to stop yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to take nothing new and to finish what there is.
    pub fn begin(&self) {
        self.begin.cancel();
    }

    /// Asks to give up what is left. Begins too, if that was not asked.
    pub fn cut(&self) {
        self.begin.cancel();
        self.cut.cancel();
    }

    /// Whether stopping has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begin.is_cancelled()
    }

    /// Whether what is left is to be given up.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.is_cancelled()
    }

    /// Resolves when stopping begins. Cancel-safe.
    pub async fn begun(&self) {
        self.begin.cancelled().await;
    }

    /// Resolves when what is left is to be given up. Cancel-safe.
    pub async fn cut_off(&self) {
        self.cut.cancelled().await;
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop")
            .field("begun", &self.begin.is_cancelled())
            .field("cut", &self.cut.is_cancelled())
            .finish()
    }
}

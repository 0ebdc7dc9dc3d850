//! The connections to one node, and how it is known to be there.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::Result;
use crate::registry::Endpoint;

use super::super::conn::{Conn, Ended, Via};
use super::super::settings::ClientSettings;
use super::super::socket::Way;
use super::wire::Wire;

/// How long a connection is kept that is not used: less than servers keep one, so that they seldom close
/// one that is just taken (60 s and more with most, none with Go's).
const IDLE: Duration = Duration::from_secs(30);

/// How often it is looked for those that are too old, or were closed.
const SWEEP: Duration = Duration::from_secs(5);

/// The connections to a node that carry no call now. Those that do belong to their calls.
pub(in crate::client) struct Wires {
    /// The one used last stands last, and is taken first: the others get old, and are closed.
    idle: Mutex<VecDeque<Wire>>,
    /// Tells the driver that nobody holds the wires any more.
    _held: DropGuard,
}

/// Closes what is not used. Owned by one task; it ends when the last call over them has.
pub(in crate::client) struct Driver {
    conn: Weak<Conn>,
    left: CancellationToken,
}

/// Makes the first connection to a node, by which it is known to be there.
pub(in crate::client) async fn connect(
    way: &Way,
    endpoint: &Endpoint,
    settings: &ClientSettings,
    changed: Arc<Notify>,
) -> Result<(Arc<Conn>, Driver)> {
    let first = Wire::dial(way, endpoint, settings).await?;
    let left = CancellationToken::new();
    let wires =
        Wires { idle: Mutex::new(VecDeque::from([first])), _held: left.clone().drop_guard() };
    let limit = settings.http.max_connections_per_node;
    let conn = Arc::new(Conn::new(Via::Http1(wires), limit, changed));
    let driver = Driver { conn: Arc::downgrade(&conn), left };
    Ok((conn, driver))
}

impl Wires {
    /// A connection that can take a call, if there is one.
    pub(super) fn take(&self, cx: &mut Context<'_>) -> Option<Wire> {
        loop {
            let mut wire = self.idle().pop_back()?;
            if wire.is_ready(cx) {
                return Some(wire);
            }
        }
    }

    /// Keeps a connection for the next call.
    pub(super) fn put(&self, wire: Wire) {
        self.idle().push_back(wire);
    }

    /// Closes those that were not used for long, and those that the node closed.
    fn sweep(&self, cx: &mut Context<'_>) {
        let now = Instant::now();
        self.idle().retain_mut(|wire| {
            now.saturating_duration_since(wire.last_used()) < IDLE && wire.is_ready(cx)
        });
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Wire>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver {
    /// Looks after the wires until they are gone.
    pub(in crate::client) async fn run(self) -> Ended {
        let begun = Instant::now();
        while self.left.run_until_cancelled(tokio::time::sleep(SWEEP)).await.is_some() {
            poll_fn(|cx| {
                if let Some(conn) = self.conn.upgrade()
                    && let Via::Http1(wires) = conn.via()
                {
                    wires.sweep(cx);
                }
                Poll::Ready(())
            })
            .await;
        }
        // Whoever gave it up knew why.
        Ended { error: None, lived: begun.elapsed() }
    }
}

impl fmt::Debug for Wires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wires").field("idle", &self.idle().len()).finish_non_exhaustive()
    }
}

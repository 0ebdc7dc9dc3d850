//! A node with its connections, as calls see it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use http::uri::Authority;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::balance::Node;
use crate::registry::Endpoint;

use super::conn::{Conn, Via};
use super::settings::ClientSettings;

/// A node of a channel. Calls take places on its connections; its keeper makes them.
pub(super) struct Member {
    pub(super) node: Arc<Node>,
    pub(super) endpoint: Endpoint,
    pub(super) authority: Authority,
    /// Changed by the keeper alone.
    conns: ArcSwap<Vec<Arc<Conn>>>,
    /// How many connections calls could use.
    wanted: AtomicUsize,
    /// Tells the keeper to look again.
    pub(super) wake: Arc<Notify>,
    /// The registry told the node anew: it is worth an attempt at once.
    poked: AtomicBool,
    /// The node has left.
    pub(super) left: CancellationToken,
    status: Mutex<Status>,
}

#[derive(Clone, Debug)]
pub(super) struct Status {
    pub(super) phase: Phase,
    pub(super) since: Instant,
    /// Why there is no connection, or why there was none last.
    pub(super) error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Being connected to, and nothing speaks against it yet.
    Connecting,
    Ready,
    /// Connected, and its health says that it does not serve.
    NotServing,
    /// Could not be reached; it is tried again.
    Failed,
}

impl Member {
    pub(super) fn new(node: Node, endpoint: Endpoint, authority: Authority) -> Self {
        Self {
            node: Arc::new(node),
            endpoint,
            authority,
            conns: ArcSwap::default(),
            wanted: AtomicUsize::new(1),
            wake: Arc::default(),
            poked: AtomicBool::new(false),
            left: CancellationToken::new(),
            status: Mutex::new(Status {
                phase: Phase::Connecting,
                since: Instant::now(),
                error: None,
            }),
        }
    }

    /// A place for a call on the connection with the fewest, if there is one. Asks for another
    /// connection where one would be of use.
    pub(super) fn enter(&self, settings: &ClientSettings) -> Option<Arc<Conn>> {
        let conns = self.conns.load();
        let mut open = conns.iter().filter(|conn| conn.is_open());
        let idlest = match conns.len() {
            0 | 1 => open.next()?,
            _ => open.min_by_key(|conn| conn.in_flight())?,
        };
        if let Via::Http1(_) = idlest.via() {
            // It makes connections of its own, up to its limit.
            return idlest.enter(usize::MAX).then(|| Arc::clone(idlest));
        }
        if idlest.enter(settings.streams_per_connection) {
            return Some(Arc::clone(idlest));
        }
        let worth = (conns.len() + 1).min(settings.max_connections_per_node.max(1));
        if self.wanted.fetch_max(worth, Ordering::AcqRel) < worth {
            self.wake.notify_one();
        }
        conns.iter().find(|conn| conn.enter(usize::MAX)).map(Arc::clone)
    }

    /// Has the node tried again at once.
    pub(super) fn poke(&self) {
        self.poked.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    pub(super) fn take_poke(&self) -> bool {
        self.poked.swap(false, Ordering::AcqRel)
    }

    pub(super) fn wanted(&self) -> usize {
        self.wanted.load(Ordering::Acquire)
    }

    pub(super) fn set_wanted(&self, wanted: usize) {
        self.wanted.store(wanted.max(1), Ordering::Release);
    }

    pub(super) fn conns(&self) -> Arc<Vec<Arc<Conn>>> {
        self.conns.load_full()
    }

    pub(super) fn set_conns(&self, conns: Vec<Arc<Conn>>) {
        self.conns.store(Arc::new(conns));
    }

    pub(super) fn status(&self) -> Status {
        self.lock().clone()
    }

    pub(super) fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// Sets the phase, and the error if there is a new one; returns whether the phase changed.
    pub(super) fn set_phase(&self, phase: Phase, error: Option<String>) -> bool {
        let mut status = self.lock();
        if error.is_some() {
            status.error = error;
        }
        let changed = status.phase != phase;
        if changed {
            status.phase = phase;
            status.since = Instant::now();
        }
        changed
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

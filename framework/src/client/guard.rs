//! A call's place at a node, from the moment it is picked until the body of its response has ended.

use std::sync::Arc;

use tokio::time::Instant;

use crate::balance::Node;

use super::channel::Channel;
use super::conn::Conn;
use super::pool::Pool;

/// Counts a call at its node and on its connection, and tells the node how it went.
///
/// It holds the channel too: the connection must live as long as a stream is read, also if the last
/// client is gone.
pub(super) struct Guard {
    conn: Arc<Conn>,
    node: Arc<Node>,
    channel: Channel,
    begun: Instant,
    deadline: Option<Instant>,
    /// When the response began.
    answered: Option<Instant>,
    /// What its head said already.
    failed: bool,
    told: bool,
}

impl Guard {
    /// Takes over a place on `conn` that is counted already.
    pub(super) fn new(
        conn: Arc<Conn>,
        node: Arc<Node>,
        channel: Channel,
        deadline: Option<Instant>,
    ) -> Self {
        node.load().begin();
        Self {
            conn,
            node,
            channel,
            begun: Instant::now(),
            deadline,
            answered: None,
            failed: false,
            told: false,
        }
    }

    pub(super) fn conn(&self) -> &Conn {
        &self.conn
    }

    pub(super) fn pool(&self) -> &Pool {
        self.channel.pool()
    }

    pub(super) fn address(&self) -> &str {
        self.node.address()
    }

    /// The node has begun to answer, perhaps to say that it failed. What a stream takes from here on is
    /// not the node's slowness.
    pub(super) fn answered(&mut self, failed: bool) {
        self.answered = Some(Instant::now());
        self.failed = failed;
    }

    /// The call never was at the node: nothing is learnt from it.
    pub(super) fn unsent(mut self) {
        self.told = true;
    }

    /// The call has ended.
    pub(super) fn end(mut self, failed: bool) {
        self.tell(failed);
    }

    fn tell(&mut self, failed: bool) {
        let now = Instant::now();
        let took = self.answered.unwrap_or(now).saturating_duration_since(self.begun);
        self.node.load().observe(now, took, failed || self.failed);
        self.told = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.told {
            // Given up by the caller. That it has not answered yet counts as its latency so far,
            // and against it if the time was up.
            let now = Instant::now();
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                self.tell(true);
            } else if self.answered.is_some()
                || now.duration_since(self.begun) > self.node.load().latency(now)
            {
                self.tell(false);
            }
        }
        self.conn.leave();
        self.node.load().end();
        self.channel.pool().place_is_free();
    }
}

//! Keeps a node connected: makes connections, gives them up, tries again, asks for the node's health.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::algo::Backoff;
use crate::error::{Error, Result};
use crate::telemetry::millis;

use super::conn::{self, Conn, Ended};
use super::failure::{self, Rounded};
use super::health::Watch;
use super::http;
use super::member::{Member, Phase};
use super::pool::Pool;
use super::settings::{BackoffSettings, ClientSettings, Protocol};

/// How often it is looked whether a node has more connections than it needs.
const SHRINK: Duration = Duration::from_secs(30);

/// A connection that breaks sooner than this counts as an attempt that failed: a peer that accepts
/// and drops is left alone like one that refuses.
const SHORT_LIVED: Duration = Duration::from_secs(1);

/// The one task of a node.
pub(super) struct Keeper {
    pool: Arc<Pool>,
    member: Arc<Member>,
    /// As this node is kept by them now; a step behind those of the pool.
    settings: Arc<ClientSettings>,
    /// One for each connection; dropping it cuts them.
    driving: FuturesUnordered<AbortOnDropHandle<Ended>>,
    attempt: Option<Attempt>,
    backoff: Backoff,
    /// Before this no attempt is made.
    not_before: Instant,
    /// The keepalive interval, longer than the setting where the node asked for it.
    interval: Duration,
    health: Health,
}

type Attempt = Pin<Box<dyn Future<Output = Result<Box<Made>>> + Send>>;

/// A connection that was made.
struct Made {
    conn: Arc<Conn>,
    driving: AbortOnDropHandle<Ended>,
    /// The node's health, where it was asked for.
    health: Option<(Health, bool)>,
}

enum Health {
    /// Not asked for: by the settings, because the node does not tell, or for want of a connection.
    Silent,
    Watched(Box<Watch>),
    /// The watch broke; it is begun anew at this time.
    Again(Instant),
    Beginning(Beginning),
}

type Beginning = Pin<Box<dyn Future<Output = Result<Option<(Box<Watch>, bool)>>> + Send>>;

enum Event {
    Left,
    Woken,
    Tick,
    Tried(Result<Box<Made>>),
    Ended(Ended),
    Health(Result<bool>),
    Begun(Result<Option<(Box<Watch>, bool)>>),
    Due,
}

impl Keeper {
    pub(super) fn new(pool: Arc<Pool>, member: Arc<Member>) -> Self {
        let settings = pool.settings();
        Self {
            backoff: settings.backoff.backoff(),
            interval: settings.keepalive.interval,
            settings,
            pool,
            member,
            driving: FuturesUnordered::new(),
            attempt: None,
            not_before: Instant::now(),
            health: Health::Silent,
        }
    }

    /// Keeps the node until it leaves, then waits for the calls that it still has.
    pub(super) async fn run(mut self) {
        loop {
            self.prune();
            self.begin();
            match self.event().await {
                Event::Left => break,
                Event::Woken => self.woken(),
                Event::Tick => self.shrink(),
                Event::Tried(outcome) => self.tried(outcome),
                Event::Ended(ended) => self.ended(ended),
                Event::Health(outcome) => self.heard(outcome),
                Event::Begun(outcome) => self.begun(outcome),
                Event::Due => {}
            }
        }
        self.health = Health::Silent;
        self.attempt = None;
        for conn in self.member.conns().iter() {
            conn.retire();
        }
        self.member.set_conns(Vec::new());
        // Each connection ends when its last call does; the owner of this task bounds the wait.
        while self.driving.next().await.is_some() {}
    }

    async fn event(&mut self) -> Event {
        let now = Instant::now();
        let several = self.member.conns().len() > 1;
        let again = match &self.health {
            // There must be a connection to ask on: the next one asks by itself.
            Health::Again(at) if !self.member.conns().is_empty() => Some(*at),
            _ => None,
        };
        let attempt = (self.wants() && self.attempt.is_none()).then_some(self.not_before);
        let due = again.into_iter().chain(attempt).min();
        let ended = async {
            match self.driving.next().await {
                Some(Ok(ended)) => ended,
                Some(Err(error)) => Ended::aborted(&error),
                None => std::future::pending().await,
            }
        };
        let attempt = async {
            match &mut self.attempt {
                Some(attempt) => attempt.await,
                None => std::future::pending().await,
            }
        };
        let health = async {
            match &mut self.health {
                Health::Watched(watch) => Event::Health(watch.next().await),
                Health::Beginning(beginning) => Event::Begun(beginning.await),
                Health::Silent | Health::Again(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.member.left.cancelled() => Event::Left,
            () = self.member.wake.notified() => Event::Woken,
            ended = ended => Event::Ended(ended),
            outcome = attempt => Event::Tried(outcome),
            event = health => event,
            () = tokio::time::sleep_until(due.unwrap_or(now)), if due.is_some() => Event::Due,
            () = tokio::time::sleep(SHRINK), if several => Event::Tick,
        }
    }

    /// Whether a connection is missing.
    fn wants(&self) -> bool {
        self.member.conns().len() < self.member.wanted()
    }

    /// Lets go of connections that take no calls any more; they end when their calls do.
    fn prune(&mut self) {
        let conns = self.member.conns();
        if conns.iter().any(|conn| !conn.is_open()) {
            let (open, closed): (Vec<_>, Vec<_>) =
                conns.iter().cloned().partition(|conn| conn.is_open());
            if closed.iter().any(|conn| conn.is_annoyed()) {
                self.interval = self.interval.saturating_mul(2);
                let (node, interval) = (self.member.node.address(), self.interval);
                tracing::info!(
                    node,
                    interval_ms = millis(interval),
                    "pings less often: the node found it too often"
                );
            }
            if open.is_empty() {
                self.member.set_phase(Phase::Connecting, None);
            }
            self.member.set_conns(open);
            self.pool.refresh();
        }
        let moved = match &self.health {
            Health::Watched(watch) => !watch.conn().is_open(),
            Health::Silent | Health::Again(_) | Health::Beginning(_) => false,
        };
        if moved {
            // The stream must not hold up the end of the connection it is on.
            self.health = Health::Again(Instant::now());
        }
    }

    /// Begins what is due.
    fn begin(&mut self) {
        let now = Instant::now();
        if self.attempt.is_none() && self.wants() && now >= self.not_before {
            // Not sooner than this again, whatever comes of it.
            self.not_before = now + self.settings.backoff.first;
            let first = self.member.conns().is_empty();
            let (pool, member) = (Arc::clone(&self.pool), Arc::clone(&self.member));
            self.attempt = Some(Box::pin(attempt(pool, member, self.interval, first)));
        }
        if matches!(self.health, Health::Again(at) if now >= at)
            && let Some(conn) = self.member.conns().first().cloned()
        {
            let member = Arc::clone(&self.member);
            let limit = self.settings.connect_timeout;
            self.health = Health::Beginning(Box::pin(begin_health(conn, member, now + limit)));
        }
    }

    fn woken(&mut self) {
        let settings = self.pool.settings();
        if !Arc::ptr_eq(&settings, &self.settings) {
            self.follow(settings);
        }
        if self.member.take_poke() {
            self.backoff.reset();
            self.not_before = Instant::now();
            if self.member.conns().is_empty() {
                self.member.set_phase(Phase::Connecting, None);
            }
        }
        // Or a connection takes more calls than before, which somebody may wait for.
        self.pool.refresh();
    }

    /// Keeps the node by other settings from now on.
    fn follow(&mut self, settings: Arc<ClientSettings>) {
        let before = std::mem::replace(&mut self.settings, settings);
        let BackoffSettings { first, max } = self.settings.backoff;
        self.backoff.set_bounds(first, max);
        self.not_before = self.not_before.min(Instant::now() + max);
        if before.keepalive.interval != self.settings.keepalive.interval {
            self.interval = self.settings.keepalive.interval;
        }
        match (before.health_check, self.settings.health_check) {
            (false, true) => self.health = Health::Again(Instant::now()),
            (true, false) => {
                self.health = Health::Silent;
                self.serve(true);
            }
            (true, true) | (false, false) => {}
        }
        if self.pool.way.protocol == Protocol::Http {
            for conn in self.member.conns().iter() {
                conn.set_limit(self.settings.http.max_connections_per_node);
            }
        }
        let most = self.settings.max_connections_per_node.max(1);
        self.member.set_wanted(self.member.wanted().min(most));
        while self.member.conns().len() > most && self.retire_idlest() {
            self.prune();
        }
    }

    fn tried(&mut self, outcome: Result<Box<Made>>) {
        self.attempt = None;
        match outcome {
            Ok(made) => {
                tracing::debug!(node = self.member.node.address(), "connected");
                self.driving.push(made.driving);
                let mut conns = self.member.conns().to_vec();
                if conns.is_empty() && self.member.phase() == Phase::Failed {
                    // It is not the node any more that was lost.
                    self.pool.forget(&self.member);
                }
                conns.push(made.conn);
                self.member.set_conns(conns);
                let asked = made.health.filter(|_| self.settings.health_check);
                if let Some((health, serving)) = asked {
                    self.health = health;
                    self.serve(serving);
                } else if self.member.phase() != Phase::NotServing {
                    self.serve(true);
                }
            }
            Err(error) => {
                tracing::debug!(node = self.member.node.address(), %error, "cannot connect");
                self.not_before = Instant::now() + self.backoff.next_delay(fastrand::f64());
                if failure::was_orderly(&error) {
                    // The node is well: it closes connections as they get old, also young ones.
                    return;
                }
                let error = error.message().to_owned();
                let conns = self.member.conns().len();
                self.member.set_wanted(conns);
                let phase = if conns == 0 { Phase::Failed } else { self.member.phase() };
                self.member.set_phase(phase, Some(error));
                self.pool.refresh();
            }
        }
    }

    fn ended(&mut self, ended: Ended) {
        let Some(error) = ended.error else {
            self.backoff.reset();
            return;
        };
        tracing::debug!(node = self.member.node.address(), %error, "connection lost");
        if ended.lived < SHORT_LIVED {
            self.not_before = Instant::now() + self.backoff.next_delay(fastrand::f64());
        } else {
            self.backoff.reset();
        }
        self.prune();
        // Once may be a node that went away in a hurry.
        let failed = self.member.conns().is_empty() && self.backoff.failures() > 1;
        let phase = if failed { Phase::Failed } else { self.member.phase() };
        self.member.set_phase(phase, Some(error));
        self.pool.refresh();
    }

    fn heard(&mut self, outcome: Result<bool>) {
        match outcome {
            Ok(serving) => self.serve(serving),
            // What it last said stands, as long as there is a connection.
            Err(error) => {
                tracing::debug!(node = self.member.node.address(), %error, "health watch broke");
                self.again();
            }
        }
    }

    fn begun(&mut self, outcome: Result<Option<(Box<Watch>, bool)>>) {
        match outcome {
            Ok(Some((watch, serving))) => {
                self.health = Health::Watched(watch);
                self.serve(serving);
            }
            Ok(None) => {
                self.health = Health::Silent;
                self.serve(true);
            }
            Err(_) => self.again(),
        }
    }

    fn again(&mut self) {
        // Jittered, so that the clients of a node do not all come back at once.
        let wait = self.settings.backoff.first.mul_f64(1.0 + fastrand::f64());
        self.health = Health::Again(Instant::now() + wait);
    }

    fn serve(&self, serving: bool) {
        let phase = match (self.member.conns().is_empty(), serving) {
            (true, _) => return,
            (false, true) => Phase::Ready,
            (false, false) => Phase::NotServing,
        };
        let error = (!serving).then(|| "the node says that it does not serve".to_owned());
        self.member.set_phase(phase, error);
        self.pool.refresh();
    }

    /// Gives one connection up, if the others can take its calls with room to spare.
    fn shrink(&mut self) {
        let conns = self.member.conns();
        let busy: usize = conns.iter().map(|conn| conn.in_flight()).sum();
        let room = (conns.len() - 1) * self.settings.streams_per_connection;
        self.member.set_wanted(conns.len());
        if busy > room / 2 {
            return;
        }
        if self.retire_idlest() {
            self.member.set_wanted(conns.len() - 1);
        }
    }

    /// Gives up the connection with the fewest calls, but not the one that the health watch is on.
    fn retire_idlest(&self) -> bool {
        let conns = self.member.conns();
        let watching = |conn: &Conn| match &self.health {
            Health::Watched(watch) => std::ptr::eq(watch.conn(), conn),
            Health::Silent | Health::Again(_) | Health::Beginning(_) => false,
        };
        let idlest =
            conns.iter().filter(|conn| !watching(conn)).min_by_key(|conn| conn.in_flight());
        if let Some(conn) = idlest {
            conn.retire();
        }
        idlest.is_some()
    }
}

/// Makes a connection; for the `first` of a node its health is a part of it.
async fn attempt(
    pool: Arc<Pool>,
    member: Arc<Member>,
    interval: Duration,
    first: bool,
) -> Result<Box<Made>> {
    // Closed never; many nodes are connected to a few at a time.
    let _permit = pool.connecting.acquire().await.map_err(Error::from_source)?;
    let settings = pool.settings();
    let limit = Instant::now() + settings.connect_timeout;
    let wake = Arc::clone(&member.wake);
    let connecting = async {
        let (way, endpoint) = (&pool.way, &member.endpoint);
        Ok::<_, Error>(match way.protocol {
            Protocol::Grpc => {
                let (conn, driver) =
                    conn::connect(way, endpoint, &settings, interval, wake).await?;
                (conn, tokio::spawn(driver.run()))
            }
            Protocol::Http => {
                let (conn, driver) = http::connect(way, endpoint, &settings, wake).await?;
                (conn, tokio::spawn(driver.run()))
            }
        })
    };
    let (conn, driving) = tokio::time::timeout_at(limit, connecting).await.map_err(|_late| {
        let took = Rounded(settings.connect_timeout);
        Error::unavailable("CONNECT_FAILED", format!("no answer within {took}"))
    })??;
    let driving = AbortOnDropHandle::new(driving);
    let health = if first && settings.health_check {
        Some(match begin_health(Arc::clone(&conn), member, limit).await? {
            Some((watch, serving)) => (Health::Watched(watch), serving),
            None => (Health::Silent, true),
        })
    } else {
        None
    };
    Ok(Box::new(Made { conn, driving, health }))
}

async fn begin_health(
    conn: Arc<Conn>,
    member: Arc<Member>,
    limit: Instant,
) -> Result<Option<(Box<Watch>, bool)>> {
    let beginning = Watch::begin(&conn, &member.authority, member.node.address());
    tokio::time::timeout_at(limit, beginning).await.unwrap_or_else(|_late| {
        Err(Error::unavailable(
            "CONNECT_FAILED",
            "the node did not answer when asked for its health",
        ))
    })
}

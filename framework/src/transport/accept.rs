//! Accepts connections for as long as they are wanted, whatever the system says meanwhile.

use std::io;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::algo::Backoff;
use crate::config::Live;
use crate::context::Peer;
use crate::server::Stop;

use super::connection::{serve_io, serve_tls};
use super::listen::Accept;
use super::pipeline::Pipeline;
use super::secure::Secure;
use super::settings::ServerSettings;

/// How long to wait after an accept that failed, doubling: a system without descriptors has none at
/// once again either.
const WAIT: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// How long to wait, when stopping, for one connection that may be waiting, and for all of them.
const LAST: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// How often the runtime wakes for nothing while a server accepts.
///
/// A call that waits arms a timer for its deadline. Were the runtime to sleep for longer than that, it
/// would have to be told, which is a system call for each call that waits; it never does so for
/// deadlines beyond this.
const WAKE: Duration = Duration::from_secs(1);

/// How many files a process keeps for other things than connections: logs, databases, the registry.
const RESERVED: usize = 64;

/// How long connections that are cut may take to be gone.
const GONE: Duration = Duration::from_secs(2);

/// The connections of a server and what each is given. Dropping it cuts them all.
pub(super) struct Connections {
    pipeline: Pipeline,
    settings: Live<ServerSettings>,
    secure: Option<Secure>,
    room: Room,
    /// How many there may be, as it was last told.
    most: usize,
    /// Stops the connections; a step of its own after the server's, so that what is cut can be named
    /// before it is gone.
    stop: Stop,
    running: JoinSet<()>,
    refused: Burst,
}

impl Connections {
    /// Gives each connection the settings that are in force when it comes.
    pub(super) fn new(
        pipeline: Pipeline,
        settings: Live<ServerSettings>,
        secure: Option<Secure>,
        room: Room,
    ) -> Self {
        Self {
            pipeline,
            settings,
            secure,
            room,
            most: 0,
            stop: Stop::new(),
            running: JoinSet::new(),
            refused: Burst::default(),
        }
    }

    /// Accepts until `stop` begins, then lets go of what there is, and cuts it when `stop` does.
    ///
    /// When it begins, what the system has accepted for us is taken and the listener is dropped at
    /// once, first of all: a caller that comes now is refused and goes elsewhere, where it would be
    /// accepted only to be told the same. Whoever is here is then told to go (GOAWAY, or `connection:
    /// close`) and finishes.
    pub(super) async fn serve<L: Accept>(mut self, listener: L, stop: &Stop) {
        self.look(&self.settings.full());
        self.accept(&listener, stop).await;
        timeout(LAST.1, self.accept_waiting(&listener)).await.ok();
        drop(listener);
        self.stop.begin();
        tokio::select! {
            biased;
            () = stop.cut_off() => {}
            () = all(&mut self.running) => return,
        }
        self.cut().await;
    }

    async fn accept<L: Accept>(&mut self, listener: &L, stop: &Stop) {
        let mut begun = std::pin::pin!(stop.begun());
        let mut backoff = Backoff::new(WAIT.0, WAIT.1);
        let mut failed = Burst::default();
        let mut wake = interval(WAKE);
        wake.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                // Makes room; a panic was told of where it happened.
                Some(_) = self.running.join_next() => continue,
                () = &mut begun => return,
                _ = wake.tick() => continue,
            };
            match accepted {
                Ok((io, address)) => {
                    backoff.reset();
                    if let Some(times) = failed.end() {
                        tracing::info!(times, "accepting connections again");
                    }
                    self.add(io, Peer::new(address));
                }
                // The peer's own affair: it was gone before it was here.
                Err(error) if is_the_peers(&error) => {}
                Err(error) => {
                    if failed.count() {
                        tracing::error!(
                            %error,
                            connections = self.running.len(),
                            "cannot accept connections; trying again, quietly \
                             (if files are what is missing: raise `ulimit -n`, or lower server.connection.max)"
                        );
                    }
                    tokio::select! {
                        () = sleep(backoff.next_delay(fastrand::f64())) => {}
                        () = &mut begun => return,
                    }
                }
            }
        }
    }

    /// Takes the connections that the system has accepted for us and that nobody has taken yet.
    async fn accept_waiting<L: Accept>(&mut self, listener: &L) {
        while let Ok(Ok((io, address))) = timeout(LAST.0, listener.accept()).await {
            self.add(io, Peer::new(address));
        }
    }

    /// How many connections there may be now.
    fn look(&mut self, settings: &ServerSettings) -> usize {
        let max = self.room.of(settings.connection.max);
        self.pipeline.connections().expect(self.most, max);
        self.most = max;
        max
    }

    fn add<IO>(&mut self, io: IO, peer: Peer)
    where
        IO: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let settings = self.settings.full();
        let max = self.look(&settings);
        if self.running.len() >= max {
            self.pipeline.connections().refuse();
            if self.refused.count() {
                tracing::warn!(
                    max,
                    "there are as many connections as there may be; closing each further one \
                     (server.connection.max)"
                );
            }
            return;
        }
        if let Some(times) = self.refused.end() {
            tracing::info!(times, "there is room for connections again");
        }
        let pipeline = self.pipeline.clone();
        let counted = pipeline.connections().accept();
        let stop = self.stop.clone();
        match self.secure.clone() {
            None => {
                let serving = serve_io(io, pipeline, settings, peer, stop);
                self.running.spawn(async move { counted.end(serving.await) });
            }
            Some(secure) => {
                let serving = serve_tls(secure, io, pipeline, settings, peer, stop);
                self.running.spawn(async move { counted.end(serving.await) });
            }
        }
    }

    async fn cut(mut self) {
        let stuck = self.pipeline.in_flight();
        let calls: usize = stuck.iter().map(|(_, count)| count).sum();
        if calls > 0 {
            tracing::warn!(
                calls,
                operations = %Named(&stuck),
                "cutting calls that did not finish within the time to stop"
            );
        }
        self.stop.cut();
        if timeout(GONE, all(&mut self.running)).await.is_err() {
            self.running.shutdown().await;
        }
    }
}

/// How many connections there may be where each is an open file.
#[derive(Debug)]
pub(super) struct Room {
    /// How many files the process may open, where that is known.
    files: Option<usize>,
    /// The setting for which it was last told that there is less.
    told: Option<usize>,
}

impl Room {
    pub(super) fn new(files: Option<usize>) -> Self {
        Self { files, told: None }
    }

    /// `max`, or fewer: a process without a free descriptor cannot answer for its health or find its
    /// database either.
    fn of(&mut self, max: usize) -> usize {
        let Some(files) = self.files else { return max };
        let spare = files.saturating_sub(RESERVED).max(files / 2);
        if spare < max && self.told.replace(max) != Some(max) {
            tracing::info!(
                connections = spare,
                files,
                "taking fewer connections than server.connection.max: each is an open file (ulimit -n)"
            );
        }
        spare.min(max)
    }
}

/// Resolves when every connection has ended.
async fn all(running: &mut JoinSet<()>) {
    while running.join_next().await.is_some() {}
}

/// Tells the first of many from the others, so that each burst is logged once.
#[derive(Debug, Default)]
struct Burst(u64);

impl Burst {
    /// Counts one and says whether it is the first.
    fn count(&mut self) -> bool {
        self.0 += 1;
        self.0 == 1
    }

    /// Ends the burst, if there was one, and says how many there were.
    fn end(&mut self) -> Option<u64> {
        let count = std::mem::take(&mut self.0);
        (count > 0).then_some(count)
    }
}

/// `/a.A/Get (2), /b.B/Watch (1)`.
struct Named<'a>(&'a [(&'static str, usize)]);

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (name, count)) in self.0.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(f, "{comma}{name} ({count})")?;
        }
        Ok(())
    }
}

fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests;

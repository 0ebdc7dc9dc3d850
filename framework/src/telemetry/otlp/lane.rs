use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use crate::algo::Backoff;
use crate::telemetry::settings::OtlpSettings;

use super::client::{Client, Failure};
use super::{Queue, Signal};

/// The pauses between attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long one request is tried: what is older is of less use than what waits behind it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same while somebody waits for it, as a stop does: a collector that is away delays it by no more.
const PATIENCE_OF_FLUSH: Duration = Duration::from_secs(2);

/// One kind of telemetry on its way to its collector.
pub(super) struct Lane<S: Signal> {
    signal: S,
    queue: Queue<S::Item>,
    client: Client,
    resource: Arc<Resource>,
    batch: usize,
    delay: Duration,
    shared: Arc<Shared>,
    orders: mpsc::Receiver<Order>,
}

/// Somebody waits until all is sent: told whether it was.
type Order = oneshot::Sender<bool>;

struct Shared {
    endpoint: String,
    signal: &'static str,
    sent: AtomicU64,
    error: Mutex<Option<String>>,
    /// Somebody began to wait.
    hurried: Notify,
    read: Box<dyn Fn() -> (u64, usize) + Send + Sync>,
}

/// The way to give a lane orders.
#[derive(Clone)]
pub(super) struct Orders {
    orders: mpsc::Sender<Order>,
    shared: Arc<Shared>,
}

/// How one kind of telemetry fares.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct LaneState {
    pub(crate) signal: &'static str,
    pub(crate) endpoint: String,
    /// How many the collector took.
    pub(crate) sent: u64,
    /// How many were lost: there were too many, they could not be sent, or were refused.
    pub(crate) lost: u64,
    /// How many wait.
    pub(crate) waiting: usize,
    /// Why the last attempt failed, if it did.
    pub(crate) error: Option<String>,
}

impl Orders {
    /// Sends all that waits; whether it arrived.
    pub(super) async fn flush(&self) -> bool {
        let (done, told) = oneshot::channel();
        if self.orders.send(done).await.is_err() {
            return false;
        }
        self.shared.hurried.notify_one();
        told.await.unwrap_or(false)
    }

    pub(super) fn state(&self) -> LaneState {
        let (lost, waiting) = (self.shared.read)();
        LaneState {
            signal: self.shared.signal,
            endpoint: self.shared.endpoint.clone(),
            sent: self.shared.sent.load(Ordering::Relaxed),
            lost,
            waiting,
            error: self.shared.error().clone(),
        }
    }
}

impl Shared {
    fn error(&self) -> MutexGuard<'_, Option<String>> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Signal> Lane<S> {
    pub(super) fn new(
        signal: S,
        queue: Queue<S::Item>,
        client: Client,
        resource: Arc<Resource>,
        settings: &OtlpSettings,
    ) -> (Self, Orders) {
        // Whoever wants a flush waits for it, so that there are never many.
        let (sender, orders) = mpsc::channel(4);
        let seen = queue.clone();
        let shared = Arc::new(Shared {
            endpoint: client.endpoint().to_owned(),
            signal: S::KIND.name(),
            sent: AtomicU64::new(0),
            error: Mutex::default(),
            hurried: Notify::new(),
            read: Box::new(move || (seen.lost(), seen.waiting())),
        });
        let delay = signal.interval().unwrap_or(settings.delay);
        let batch = settings.batch;
        let orders_of = Orders { orders: sender, shared: Arc::clone(&shared) };
        (Self { signal, queue, client, resource, batch, delay, shared, orders }, orders_of)
    }

    /// Sends what waits: when there is enough, when the oldest has waited long enough, when asked to.
    pub(super) async fn run(mut self) {
        let asks = self.signal.interval().is_some();
        let mut due = asks.then(|| Instant::now() + self.delay);
        loop {
            let order = tokio::select! {
                () = self.queue.woken() => None,
                () = until(due) => None,
                order = self.orders.recv() => match order {
                    None => return,
                    order => order,
                },
            };
            if let Some(done) = order {
                let arrived = self.flush().await;
                // Whoever asked may have gone.
                done.send(arrived).ok();
            } else if due.is_some_and(|due| due <= Instant::now()) {
                self.collect();
                self.drain(1).await;
            } else {
                self.drain(self.batch).await;
            }
            let waits = asks || self.queue.waiting() > 0;
            due = match due.filter(|due| *due > Instant::now()) {
                Some(due) => Some(due),
                None => waits.then(|| Instant::now() + self.delay),
            };
        }
    }

    fn collect(&self) {
        if let Some(item) = self.signal.collect() {
            self.queue.push(item);
        }
    }

    /// Sends while at least so many wait.
    async fn drain(&mut self, least: usize) {
        while self.queue.waiting() >= least.max(1) || self.queue.has_enough() {
            let items = self.queue.take(self.batch);
            self.deliver(items, PATIENCE).await;
        }
    }

    async fn flush(&mut self) -> bool {
        self.collect();
        let until = Instant::now() + PATIENCE_OF_FLUSH;
        let mut arrived = true;
        loop {
            let items = self.queue.take(self.batch);
            if items.is_empty() {
                return arrived;
            }
            arrived &= self.deliver(items, until.saturating_duration_since(Instant::now())).await;
        }
    }

    /// Sends one request until it has arrived, is refused, or `patience` is over; whether it arrived.
    async fn deliver(&mut self, items: Vec<S::Item>, mut patience: Duration) -> bool {
        let count = items.len() as u64;
        let request = self.signal.request(&self.resource, items);
        let body = Bytes::from(request.encode_to_vec());
        drop(request);
        let begun = Instant::now();
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let failure = match self.client.send::<S::Response>(S::METHOD, body.clone()).await {
                Ok(response) => {
                    self.arrived(count, S::refused(&response));
                    return true;
                }
                Err(failure) => failure,
            };
            self.note(&failure);
            let pause = failure
                .again
                .map(|after| after.unwrap_or_default().max(backoff.next_delay(fastrand::f64())));
            match pause.filter(|pause| begun.elapsed() + *pause < patience) {
                None => {
                    self.queue.lose(count);
                    return false;
                }
                Some(pause) => tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.shared.hurried.notified() => {
                        patience = patience.min(begun.elapsed() + PATIENCE_OF_FLUSH);
                    }
                },
            }
        }
    }

    fn arrived(&self, count: u64, refused: Option<(u64, &str)>) {
        let (refused, why) = refused.unwrap_or_default();
        self.queue.lose(refused);
        self.shared.sent.fetch_add(count.saturating_sub(refused), Ordering::Relaxed);
        let before = self.shared.error().take();
        let Shared { endpoint, signal, .. } = &*self.shared;
        if before.is_some() {
            tracing::info!(%endpoint, signal, lost = self.queue.lost(), "the collector takes telemetry again");
        }
        if refused > 0 {
            tracing::warn!(%endpoint, signal, refused, why, "the collector refused telemetry");
        }
    }

    /// Tells of an outage once, where it begins.
    fn note(&self, failure: &Failure) {
        let before = self.shared.error().replace(failure.what.clone());
        if before.is_none() {
            let Shared { endpoint, signal, .. } = &*self.shared;
            tracing::warn!(
                %endpoint,
                signal,
                error = failure.what,
                "cannot send telemetry: what does not fit into telemetry.otlp.queue is lost"
            );
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::stream;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::error::Error;

use super::{Instance, Snapshot, Watch};

/// Where a backend says what it knows of one service, for any number of watches to read.
///
/// It keeps the promises of [`Watch`] for the backend: whoever begins to look is told the last
/// known set at once, equal sets are told once, an outage is told once, and its end is told even if
/// nothing has changed. A watch that is slow misses what lies between, never the last word.
pub struct Publisher {
    state: watch::Sender<State>,
}

#[derive(Debug, Default)]
struct State {
    snapshot: Option<Snapshot>,
    /// How often the snapshot has changed.
    changes: u64,
    failure: Option<Arc<Error>>,
    /// How many outages there have been.
    outages: u64,
}

impl Publisher {
    /// A publisher that knows nothing yet: its watches wait.
    #[must_use]
    pub fn new() -> Self {
        Self { state: watch::Sender::new(State::default()) }
    }

    /// Says who serves now, all of them; sorted by id, so that equal sets look equal.
    ///
    /// Of two instances with one id the later stays.
    pub fn publish(&self, instances: impl IntoIterator<Item = Instance>) {
        let by_id: std::collections::BTreeMap<_, _> =
            instances.into_iter().map(|instance| (instance.id.clone(), instance)).collect();
        let snapshot: Snapshot = by_id.into_values().collect();
        self.state.send_if_modified(|state| {
            let changed = state.snapshot.as_ref() != Some(&snapshot);
            if changed {
                state.snapshot = Some(snapshot);
                state.changes += 1;
            }
            state.failure.take().is_some() || changed
        });
    }

    /// Says that the registry cannot be asked; what was last published stays in force.
    ///
    /// Told once until the next [`publish`](Self::publish), and again if the reason changes.
    pub fn fail(&self, error: Error) {
        self.state.send_if_modified(|state| {
            let known = state.failure.as_ref().is_some_and(|last| last.reason() == error.reason());
            if !known {
                state.failure = Some(Arc::new(error));
                state.outages += 1;
            }
            !known
        });
    }

    /// A stream of what is published, from the last known on.
    #[must_use]
    pub fn watch(&self) -> Watch {
        follow(self.state.subscribe(), ())
    }
}

impl Default for Publisher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("state", &*self.state.borrow()).finish()
    }
}

/// What one watch has been told.
struct Follower<G> {
    state: watch::Receiver<State>,
    changes: u64,
    outages: u64,
    failing: bool,
    /// Held for as long as the watch lives.
    _guard: G,
}

fn follow<G: Send + 'static>(state: watch::Receiver<State>, guard: G) -> Watch {
    let follower = Follower { state, changes: 0, outages: 0, failing: false, _guard: guard };
    Box::pin(stream::unfold(follower, |mut follower| async move {
        loop {
            if let Some(item) = follower.news() {
                return Some((item, follower));
            }
            follower.state.changed().await.ok()?;
        }
    }))
}

impl<G> Follower<G> {
    fn news(&mut self) -> Option<crate::Result<Snapshot>> {
        let state = self.state.borrow_and_update();
        let recovered = self.failing && state.failure.is_none();
        if let Some(snapshot) = &state.snapshot
            && (state.changes != self.changes || recovered)
        {
            self.changes = state.changes;
            self.failing = false;
            return Some(Ok(Arc::clone(snapshot)));
        }
        let failure = state.failure.as_ref()?;
        (state.outages != self.outages).then(|| {
            self.outages = state.outages;
            self.failing = true;
            Err(copy(failure))
        })
    }
}

/// The same error for one more reader, its cause shared.
fn copy(error: &Arc<Error>) -> Error {
    let copy = Error::new(error.code(), error.reason().to_owned(), error.message().to_owned());
    let copy = error.metadata().iter().fold(copy, |copy, (key, value)| copy.with(key, value));
    match std::error::Error::source(&**error) {
        Some(_) => copy.with_source(Cause(Arc::clone(error))),
        None => copy,
    }
}

/// The cause of an error that several readers are told.
#[derive(Debug)]
struct Cause(Arc<Error>);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::error::Error::source(&*self.0) {
            Some(source) => fmt::Display::fmt(source, f),
            None => fmt::Display::fmt(&self.0, f),
        }
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0).and_then(std::error::Error::source)
    }
}

/// The watches of one [`Discovery`](super::Discovery): one task for each service that is watched,
/// however many look, and none when nobody does.
///
/// Dropping it aborts the tasks and ends the watches.
#[derive(Default)]
pub struct Watches {
    services: Arc<Mutex<HashMap<String, Service>>>,
}

struct Service {
    watchers: usize,
    state: watch::Receiver<State>,
    _task: AbortOnDropHandle<()>,
}

impl Watches {
    /// Nobody watches anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Watches a service, with the task that `publish` makes if it is the first to do so.
    ///
    /// The task is to publish for ever; if it ends, so do the watches. Call it within a tokio
    /// runtime.
    pub fn watch<F, Fut>(&self, service: &str, publish: F) -> Watch
    where
        F: FnOnce(Publisher) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = services.entry(service.to_owned()).or_insert_with(|| {
            let publisher = Publisher::new();
            let state = publisher.state.subscribe();
            let task = AbortOnDropHandle::new(tokio::spawn(publish(publisher)));
            Service { watchers: 0, state, _task: task }
        });
        entry.watchers += 1;
        let guard = Guard { service: service.to_owned(), services: Arc::downgrade(&self.services) };
        follow(entry.state.clone(), guard)
    }
}

impl fmt::Debug for Watches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_map().entries(services.iter().map(|(name, s)| (name, s.watchers))).finish()
    }
}

/// Counts one watch out when it is dropped.
struct Guard {
    service: String,
    services: Weak<Mutex<HashMap<String, Service>>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(services) = self.services.upgrade() else { return };
        let mut services = services.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(service) = services.get_mut(&self.service) {
            service.watchers -= 1;
            if service.watchers == 0 {
                services.remove(&self.service);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    fn instances(ids: &[&str]) -> Vec<Instance> {
        ids.iter().map(|id| Instance::new(*id, "users", "v1")).collect()
    }

    fn ids(item: Option<crate::Result<Snapshot>>) -> Vec<String> {
        item.unwrap().unwrap().iter().map(|instance| instance.id.clone()).collect()
    }

    #[tokio::test]
    async fn equal_sets_are_told_once_and_in_order() {
        let publisher = Publisher::new();
        let mut watch = publisher.watch();
        assert!(watch.next().now_or_never().is_none(), "nothing is known yet");
        publisher.publish(instances(&["b", "a", "b"]));
        assert_eq!(ids(watch.next().await), ["a", "b"]);
        publisher.publish(instances(&["a", "b"]));
        assert!(watch.next().now_or_never().is_none());
        publisher.publish(instances(&[]));
        assert_eq!(ids(watch.next().await), [""; 0]);
    }

    #[tokio::test]
    async fn an_outage_is_told_once_and_its_end_even_without_a_change() {
        let publisher = Publisher::new();
        let mut watch = publisher.watch();
        publisher.publish(instances(&["a"]));
        assert_eq!(ids(watch.next().await), ["a"]);
        publisher.fail(Error::unavailable("AWAY", "gone").with_source("refused"));
        publisher.fail(Error::unavailable("AWAY", "still gone"));
        let error = watch.next().await.unwrap().unwrap_err();
        assert_eq!((error.reason(), error.message()), ("AWAY", "gone"));
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "refused");
        assert!(watch.next().now_or_never().is_none());
        let mut late = publisher.watch();
        assert_eq!(ids(late.next().await), ["a"], "what was last known stays in force");
        assert_eq!(late.next().await.unwrap().unwrap_err().reason(), "AWAY");
        publisher.publish(instances(&["a"]));
        assert_eq!(ids(watch.next().await), ["a"]);
        assert!(watch.next().now_or_never().is_none());
        drop(publisher);
        assert!(watch.next().await.is_none());
    }

    #[tokio::test]
    async fn one_task_serves_all_watches_of_a_service_and_ends_with_the_last() {
        let watches = Watches::new();
        let (ended, mut ends) = tokio::sync::mpsc::channel::<()>(1);
        let publish = |publisher: Publisher| async move {
            publisher.publish(instances(&["a"]));
            let _ended = ended;
            std::future::pending::<()>().await;
        };
        let mut first = watches.watch("users", publish);
        let mut second =
            watches.watch("users", |_| async { unreachable!("there is a task already") });
        assert_eq!(ids(first.next().await), ["a"]);
        assert_eq!(ids(second.next().await), ["a"]);
        drop(first);
        assert!(ends.recv().now_or_never().is_none());
        drop(second);
        assert_eq!(ends.recv().await, None);
        let mut third = watches.watch("users", |_publisher| std::future::pending());
        drop(watches);
        assert!(third.next().await.is_none());
    }
}

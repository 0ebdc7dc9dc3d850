//! What every registry and every source of settings must keep, as suites that whoever implements one runs in a test.

#![expect(
    clippy::panic,
    reason = "a suite fails as a test does, by a panic that says what was promised"
)]

mod source;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, future};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::registry::{Discovery, Endpoint, Instance, Lease, Registrar, Watch};

pub use self::source::{SourceSuite, source};

/// Checks that a [`Registrar`] and a [`Discovery`] keep their promises.
///
/// Each case makes its own of both, so that what one announces another one finds. Services have
/// names of their own: a registry that others use meanwhile does no harm. Endpoints lead to a socket
/// that is listening, for registries that look.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
/// use bia::backend::memory::Memory;
/// use bia::testing::conformance;
///
/// let memory = Memory::new();
/// let reader = memory.clone();
/// conformance::registry(move || memory.clone(), move || reader.clone())
///     .expires_within(Duration::from_secs(1))
///     .await;
/// # }
/// ```
///
/// Panics, naming case and promise, at the first that is not kept.
pub fn registry<R: Registrar, D: Discovery>(
    registrar: impl Fn() -> R + Send + Sync + 'static,
    discovery: impl Fn() -> D + Send + Sync + 'static,
) -> RegistrySuite {
    RegistrySuite {
        registrar: Box::new(move || Arc::new(registrar())),
        discovery: Box::new(move || Arc::new(discovery())),
        known_within: Duration::from_secs(1),
        expires_within: Duration::from_secs(30),
        instances: 100,
    }
}

/// The suite that [`registry`] makes; awaiting it runs it.
pub struct RegistrySuite {
    registrar: Box<dyn Fn() -> Arc<dyn Registrar> + Send + Sync>,
    discovery: Box<dyn Fn() -> Arc<dyn Discovery> + Send + Sync>,
    known_within: Duration,
    expires_within: Duration,
    instances: usize,
}

impl RegistrySuite {
    /// How soon a change must be known, default 1 s.
    #[must_use]
    pub fn known_within(mut self, time: Duration) -> Self {
        self.known_within = time;
        self
    }

    /// How soon an instance whose lease was dropped must be forgotten, default 30 s.
    #[must_use]
    pub fn expires_within(mut self, time: Duration) -> Self {
        self.expires_within = time;
        self
    }

    /// How many instances the largest set has, default 100.
    #[must_use]
    pub fn instances(mut self, instances: usize) -> Self {
        self.instances = instances;
        self
    }

    async fn run(self) {
        let port = Port::open().await;
        self.a_service_that_nobody_serves_is_an_empty_set().await;
        self.the_current_set_comes_at_once(&port).await;
        self.each_change_brings_the_whole_set(&port).await;
        self.an_instance_is_found_as_it_was_announced(&port).await;
        self.the_same_id_replaces(&port).await;
        self.a_dropped_lease_expires(&port).await;
        self.an_instance_without_name_or_id_is_refused().await;
        self.every_watch_sees_the_same(&port).await;
        self.a_watch_sees_only_its_service(&port).await;
        self.a_large_set_comes_and_goes_whole(&port).await;
    }

    async fn a_service_that_nobody_serves_is_an_empty_set(&self) {
        let case = Case::new("a service that nobody serves is an empty set, told at once", self);
        case.watch().sees(&[]).await;
    }

    async fn the_current_set_comes_at_once(&self, port: &Port) {
        let case = Case::new("the current set comes at once, also to who looks later", self);
        let (a, b) = (case.instance("a", port), case.instance("b", port));
        let leases = [case.register(&a).await, case.register(&b).await];
        for _ in 0..2 {
            let mut watch = case.watch();
            watch.sees(&[&a, &b]).await;
        }
        case.release(leases).await;
    }

    async fn each_change_brings_the_whole_set(&self, port: &Port) {
        let case = Case::new("each change brings the whole set, the empty one too", self);
        let (a, b) = (case.instance("a", port), case.instance("b", port));
        let mut watch = case.watch();
        watch.sees(&[]).await;
        let first = case.register(&a).await;
        watch.sees(&[&a]).await;
        let second = case.register(&b).await;
        watch.sees(&[&a, &b]).await;
        case.release([first]).await;
        watch.sees(&[&b]).await;
        case.release([second]).await;
        watch.sees(&[]).await;
        let again = case.register(&a).await;
        watch.sees(&[&a]).await;
        case.release([again]).await;
        watch.sees(&[]).await;
    }

    async fn an_instance_is_found_as_it_was_announced(&self, port: &Port) {
        let case = Case::new("an instance is found as it was announced", self);
        let port = port.number();
        let rich = Instance::new("rich", &case.service, "v1.2.3-rc.1+build")
            .with_endpoint(Endpoint::new("grpc", "127.0.0.1", port))
            .with_endpoint(Endpoint::new("http", "127.0.0.1", port))
            .with_metadata("weight", "10")
            .with_metadata("zone", "Zürich – 東京 \u{1f980} \"quoted\" \\ <&>");
        let bare = Instance::new("bare", &case.service, "").with_endpoint(Endpoint::new(
            "grpc",
            "127.0.0.1",
            port,
        ));
        let leases = [case.register(&rich).await, case.register(&bare).await];
        let mut watch = case.watch();
        watch.sees(&[&bare, &rich]).await;
        case.release(leases).await;
        if let Ok(port) = Port::open_v6().await {
            let six = Instance::new("six", &case.service, "v1").with_endpoint(Endpoint::new(
                "grpc",
                "::1",
                port.number(),
            ));
            let lease = case.register(&six).await;
            watch.sees(&[&six]).await;
            case.release([lease]).await;
        }
    }

    async fn the_same_id_replaces(&self, port: &Port) {
        let case = Case::new("the same id registered again replaces, and outlives the first", self);
        let old = case.instance("a", port);
        let new = old.clone().with_metadata("weight", "2");
        let registrar = (self.registrar)();
        let first = case.register_with(&*registrar, &old).await;
        let mut watch = case.watch();
        watch.sees(&[&old]).await;
        let second = case.register_with(&*registrar, &new).await;
        watch.sees(&[&new]).await;
        case.release([first]).await;
        case.watch().sees(&[&new]).await;
        case.release([second]).await;
        watch.sees(&[]).await;
    }

    async fn a_dropped_lease_expires(&self, port: &Port) {
        let case = Case::new("a dropped lease expires, one that is kept does not", self);
        let (kept, lost) = (case.instance("kept", port), case.instance("lost", port));
        let lease = case.register(&kept).await;
        let dropped = case.register(&lost).await;
        let mut watch = case.watch();
        watch.sees(&[&kept, &lost]).await;
        drop(dropped);
        watch.sees_within(self.expires_within, &[&kept]).await;
        let state = lease.state().borrow().clone();
        assert!(state.held && state.error.is_none(), "{case}: the lease that is kept is {state:?}");
        case.release([lease]).await;
    }

    async fn an_instance_without_name_or_id_is_refused(&self) {
        let registrar = (self.registrar)();
        for (id, name) in [("", "conformance"), ("1", "")] {
            let answer = registrar.register(Instance::new(id, name, "v1")).await;
            assert!(answer.is_err(), "an instance without name or id is refused: {answer:?}");
        }
    }

    async fn every_watch_sees_the_same(&self, port: &Port) {
        let case = Case::new("every watch sees the same set, in the same order", self);
        let (one, other) = ((self.discovery)(), (self.discovery)());
        let mut watches: Vec<_> = (0..10)
            .flat_map(|_| [Arc::clone(&one), Arc::clone(&other)])
            .map(|discovery| case.watch_with(discovery, &case.service))
            .collect();
        let instances: Vec<_> =
            ["c", "a", "b"].map(|id| case.instance(id, port)).into_iter().collect();
        let leases = future::join_all(instances.iter().map(|it| case.register(it))).await;
        let mut expected: Vec<_> = instances.iter().collect();
        expected.sort();
        for watch in &mut watches {
            watch.sees(&expected).await;
        }
        watches.truncate(1);
        case.release(leases).await;
        watches[0].sees(&[]).await;
    }

    async fn a_watch_sees_only_its_service(&self, port: &Port) {
        let case = Case::new("a watch sees only its service", self);
        let a = case.instance("a", port);
        let other = Instance { name: format!("{}-other", case.service), ..a.clone() };
        let other = Instance { id: format!("{}-other", a.id), ..other };
        let (mut watch, mut watch_other) =
            (case.watch(), case.watch_with((self.discovery)(), &other.name));
        let lease_other = case.register(&other).await;
        watch_other.sees(&[&other]).await;
        let lease = case.register(&a).await;
        watch.sees(&[&a]).await;
        case.release([lease, lease_other]).await;
        watch.sees(&[]).await;
        watch_other.sees(&[]).await;
    }

    async fn a_large_set_comes_and_goes_whole(&self, port: &Port) {
        let case = Case::new("a large set comes and goes whole", self);
        let mut watch = case.watch();
        let instances: Vec<_> =
            (0..self.instances).map(|n| case.instance(&format!("i{n:04}"), port)).collect();
        let leases = future::join_all(instances.iter().map(|it| case.register(it))).await;
        watch.sees(&instances.iter().collect::<Vec<_>>()).await;
        case.release(leases).await;
        watch.sees(&[]).await;
    }
}

impl IntoFuture for RegistrySuite {
    type Output = ();
    type IntoFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for RegistrySuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistrySuite")
            .field("known_within", &self.known_within)
            .field("expires_within", &self.expires_within)
            .field("instances", &self.instances)
            .finish_non_exhaustive()
    }
}

/// One promise, and a service to try it on.
struct Case<'a> {
    promise: &'static str,
    service: String,
    suite: &'a RegistrySuite,
}

impl<'a> Case<'a> {
    fn new(promise: &'static str, suite: &'a RegistrySuite) -> Self {
        let service = format!("conformance-{}", Uuid::now_v7().simple());
        Self { promise, service, suite }
    }

    /// An instance; ids are distinct over all services, as some registries want them.
    fn instance(&self, id: &str, port: &Port) -> Instance {
        Instance::new(format!("{}-{id}", self.service), &self.service, "v1")
            .with_endpoint(Endpoint::new("grpc", "127.0.0.1", port.number()))
    }

    async fn register(&self, instance: &Instance) -> Lease {
        self.register_with(&*(self.suite.registrar)(), instance).await
    }

    async fn register_with(&self, registrar: &dyn Registrar, instance: &Instance) -> Lease {
        match registrar.register(instance.clone()).await {
            Ok(lease) => {
                assert_eq!(lease.instance(), instance, "{self}: the lease is of another instance");
                assert!(lease.state().borrow().held, "{self}: the lease is not held");
                lease
            }
            Err(error) => panic!("{self}: {} does not take it: {error}", registrar.describe()),
        }
    }

    async fn release(&self, leases: impl IntoIterator<Item = Lease>) {
        for released in future::join_all(leases.into_iter().map(Lease::release)).await {
            assert!(released.is_ok(), "{self}: the lease is not released: {released:?}");
        }
    }

    fn watch(&self) -> Watching<'_> {
        self.watch_with((self.suite.discovery)(), &self.service)
    }

    fn watch_with(&self, discovery: Arc<dyn Discovery>, service: &str) -> Watching<'_> {
        Watching { watch: discovery.watch(service), case: self, _discovery: discovery }
    }
}

impl fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "promised: {}", self.promise)
    }
}

/// A watch of which something is expected.
struct Watching<'a> {
    watch: Watch,
    case: &'a Case<'a>,
    /// Its end is the watch's.
    _discovery: Arc<dyn Discovery>,
}

impl Watching<'_> {
    /// Waits for exactly these instances; sets that lie between are read over.
    async fn sees(&mut self, expected: &[&Instance]) {
        self.sees_within(self.case.suite.known_within, expected).await;
    }

    async fn sees_within(&mut self, time: Duration, expected: &[&Instance]) {
        let (case, deadline) = (self.case, Instant::now() + time);
        let wanted = by_id(expected.iter().copied());
        assert_eq!(wanted.len(), expected.len(), "{case}: the suite expects one id twice");
        let mut last = None;
        loop {
            let Ok(item) = timeout_at(deadline, self.watch.next()).await else {
                panic!("{case}: expected {wanted:#?} within {time:?}, last seen {last:#?}");
            };
            let snapshot = match item {
                Some(Ok(snapshot)) => snapshot,
                Some(Err(error)) => panic!("{case}: the registry is away: {error}"),
                None => panic!("{case}: the watch ended"),
            };
            let seen = by_id(snapshot.iter());
            assert_eq!(seen.len(), snapshot.len(), "{case}: one id twice in {snapshot:#?}");
            assert!(snapshot.is_sorted_by_key(|it| &it.id), "{case}: not by id: {snapshot:#?}");
            if seen == wanted {
                return;
            }
            last = Some(snapshot);
        }
    }
}

/// The instances without the order of their endpoints, which not every registry can keep.
fn by_id<'a>(instances: impl Iterator<Item = &'a Instance>) -> BTreeMap<String, Instance> {
    let sorted = instances.cloned().map(|mut instance| {
        instance.endpoints.sort();
        (instance.id.clone(), instance)
    });
    sorted.collect()
}

/// A socket that takes every connection and closes it.
struct Port {
    address: SocketAddr,
    _task: AbortOnDropHandle<()>,
}

impl Port {
    async fn open() -> Self {
        match Self::open_at("127.0.0.1:0").await {
            Ok(port) => port,
            Err(error) => panic!("the suite cannot listen on loopback: {error}"),
        }
    }

    async fn open_v6() -> std::io::Result<Self> {
        Self::open_at("[::1]:0").await
    }

    fn number(&self) -> u16 {
        self.address.port()
    }

    async fn open_at(address: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            loop {
                // A connection is dropped as soon as it is there: who looks sees that one listens.
                if listener.accept().await.is_err() {
                    tokio::task::yield_now().await;
                }
            }
        });
        Ok(Self { address, _task: AbortOnDropHandle::new(task) })
    }
}

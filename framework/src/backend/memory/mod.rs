//! A registry inside the process: for tests, and for services that share one process.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_core::future::BoxFuture;

use crate::error::Result;
use crate::registry::{Discovery, Instance, Lease, Publisher, Registrar, Watch};

/// A registry inside the process.
///
/// Clones are the same registry. An instance is there until its lease is released or dropped,
/// whichever comes first: there is no time to wait for.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> bia::Result<()> {
/// use bia::backend::memory::Memory;
/// use bia::registry::{Discovery, Instance, Registrar};
/// use futures_util::StreamExt;
///
/// let registry = Memory::new();
/// let lease = registry.register(Instance::new("1", "users", "v1")).await?;
/// let mut watch = registry.watch("users");
/// assert_eq!(watch.next().await.unwrap()?.len(), 1);
/// lease.release().await?;
/// assert_eq!(watch.next().await.unwrap()?.len(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Memory {
    services: Arc<Services>,
}

#[derive(Default)]
struct Services {
    by_name: Mutex<HashMap<String, Service>>,
}

#[derive(Default)]
struct Service {
    /// By id; the number tells a registration from a later one of the same id.
    instances: BTreeMap<String, (u64, Instance)>,
    registrations: u64,
    publisher: Publisher,
}

impl Memory {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Services {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Service>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    fn publish(&self) {
        self.publisher.publish(self.instances.values().map(|(_, instance)| instance.clone()));
    }
}

impl Registrar for Memory {
    fn register(&self, instance: Instance) -> BoxFuture<'_, Result<Lease>> {
        Box::pin(async move {
            instance.check()?;
            let place = {
                let mut services = self.services.lock();
                let service = services.entry(instance.name.clone()).or_default();
                service.registrations += 1;
                let number = service.registrations;
                service.instances.insert(instance.id.clone(), (number, instance.clone()));
                service.publish();
                Place {
                    services: Arc::downgrade(&self.services),
                    name: instance.name.clone(),
                    id: instance.id.clone(),
                    number,
                }
            };
            Ok(Lease::spawn(instance, |mut task| async move {
                task.released().await;
                drop(place);
                Ok(())
            }))
        })
    }

    fn describe(&self) -> String {
        "memory of this process".to_owned()
    }
}

impl Discovery for Memory {
    fn watch(&self, service: &str) -> Watch {
        let mut services = self.services.lock();
        let service = services.entry(service.to_owned()).or_default();
        service.publish();
        service.publisher.watch()
    }

    fn describe(&self) -> String {
        Registrar::describe(self)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services = self.services.lock();
        f.debug_map().entries(services.iter().map(|(name, s)| (name, s.instances.len()))).finish()
    }
}

/// An instance's place; dropping it leaves.
struct Place {
    services: Weak<Services>,
    name: String,
    id: String,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(services) = self.services.upgrade() else { return };
        let mut services = services.lock();
        let Some(service) = services.get_mut(&self.name) else { return };
        // A later registration of the same id is another's place.
        if service.instances.get(&self.id).is_some_and(|(number, _)| *number == self.number) {
            service.instances.remove(&self.id);
            service.publish();
        }
    }
}

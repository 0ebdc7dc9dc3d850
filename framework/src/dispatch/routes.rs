use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::operation::Operation;

use super::{Handler, Service};

/// One operation of a server and who runs it.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) operation: &'static Operation,
    pub(crate) handler: Arc<dyn Handler>,
    /// The operation's place in its own service.
    pub(crate) method: usize,
}

/// Every operation of a server, found by its name.
#[derive(Default)]
pub(crate) struct Routes {
    routes: Vec<Route>,
    by_name: HashMap<&'static str, usize>,
    /// Services that take methods which are not listed.
    open: HashMap<&'static str, usize>,
}

impl Routes {
    /// # Errors
    ///
    /// If two services have the same name.
    pub(crate) fn new(services: Vec<Service>) -> Result<Self> {
        let mut all = Self::default();
        let mut names = HashSet::new();
        for service in services {
            if !names.insert(service.name) {
                return Err(Error::internal(
                    "SERVICE_TWICE",
                    format!("the service {} is mounted twice; mount it once", service.name),
                ));
            }
            for (method, operation) in service.operations.iter().copied().enumerate() {
                let place = all.routes.len();
                all.routes.push(Route { operation, handler: Arc::clone(&service.handler), method });
                if service.open {
                    all.open.insert(service.name, place);
                } else {
                    all.by_name.insert(operation.name(), place);
                }
            }
        }
        Ok(all)
    }

    /// The place of the operation that a path names.
    pub(crate) fn find(&self, path: &str) -> Option<usize> {
        if let Some(place) = self.by_name.get(path) {
            return Some(*place);
        }
        if self.open.is_empty() {
            return None;
        }
        let (service, _) = path.strip_prefix('/')?.rsplit_once('/')?;
        self.open.get(service).copied()
    }

    pub(crate) fn get(&self, place: usize) -> Option<&Route> {
        self.routes.get(place)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Route> {
        self.routes.iter()
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|route| route.operation.name())).finish()
    }
}

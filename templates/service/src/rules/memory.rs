// @if database
//! Gadgets in a map, for tests: keeps the same promises as the database.
// @else
//| //! Gadgets in a map. They are gone when the process is: put a database in its place.
// @end

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard};

use super::{DataError, Gadget, GadgetData, Result, Saved};

#[derive(Debug, Default)]
pub struct Memory {
    by_id: Mutex<BTreeMap<String, Gadget>>,
}

impl Memory {
    fn lock(&self) -> Result<MutexGuard<'_, BTreeMap<String, Gadget>>, DataError> {
        self.by_id.lock().map_err(|_poisoned| DataError::Broken("a writer panicked".into()))
    }
}

impl GadgetData for Memory {
    async fn insert(&self, gadget: &Gadget) -> Result<Saved, DataError> {
        let mut by_id = self.lock()?;
        if by_id.values().any(|other| other.name == gadget.name) {
            return Ok(Saved::NameTaken);
        }
        by_id.insert(gadget.id.clone(), gadget.clone());
        Ok(Saved::Done)
    }

    async fn find(&self, id: &str) -> Result<Option<Gadget>, DataError> {
        Ok(self.lock()?.get(id).cloned())
    }

    async fn list(&self, after: &str, limit: usize) -> Result<Vec<Gadget>, DataError> {
        let behind = (Bound::Excluded(after.to_owned()), Bound::Unbounded);
        Ok(self.lock()?.range(behind).take(limit).map(|(_id, gadget)| gadget.clone()).collect())
    }

    async fn delete(&self, id: &str) -> Result<bool, DataError> {
        Ok(self.lock()?.remove(id).is_some())
    }
}

//! What holds for gadgets, whoever asks and wherever they are kept.
//!
//! Nothing here knows the API or the database. What the rules need of the data they say in
//! [`GadgetData`].

mod error;
// @if database
// Stands in for the database in tests.
#[cfg(test)]
// @end
mod memory;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use error::{DataError, GadgetError, Result};
// @if database
#[cfg(test)]
// @end
pub use memory::Memory;

/// What the service keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gadget {
    pub id: String,
    pub name: String,
    /// To the microsecond.
    pub created_at: SystemTime,
}

/// Where gadgets are kept.
pub trait GadgetData: Send + Sync + 'static {
    /// Keeps a new one.
    fn insert(&self, gadget: &Gadget) -> impl Future<Output = Result<Saved, DataError>> + Send;

    /// The one of an id.
    fn find(&self, id: &str) -> impl Future<Output = Result<Option<Gadget>, DataError>> + Send;

    /// The first `limit`, by id, behind the id `after`.
    fn list(
        &self,
        after: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Gadget>, DataError>> + Send;

    /// Deletes the one of an id; false if there is none.
    fn delete(&self, id: &str) -> impl Future<Output = Result<bool, DataError>> + Send;
}

/// What came of keeping one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    Done,
    /// Another has the name.
    NameTaken,
}

/// Some of them, and the token that leads on; empty if these are the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub gadgets: Vec<Gadget>,
    pub next_token: String,
}

/// How many a page has if the caller does not say.
const DEFAULT_PAGE: usize = 50;

/// How many a page has at most, whatever the caller says.
const MAX_PAGE: usize = 1000;

/// The gadgets, and what may be done with them.
#[derive(Debug)]
pub struct Gadgets<D> {
    data: D,
}

impl<D: GadgetData> Gadgets<D> {
    pub fn new(data: D) -> Self {
        Self { data }
    }

    /// Makes one. Space around its name is none of it.
    pub async fn create(&self, name: &str) -> Result<Gadget> {
        // Ids of version 7 grow with time: a list by id is a list by age.
        let id = uuid::Uuid::now_v7().to_string();
        let gadget = Gadget { id, name: name.trim().to_owned(), created_at: now() };
        if gadget.name.is_empty() {
            return Err(GadgetError::NameEmpty);
        }
        match self.data.insert(&gadget).await? {
            Saved::Done => Ok(gadget),
            Saved::NameTaken => Err(GadgetError::NameTaken { name: gadget.name }),
        }
    }

    pub async fn get(&self, id: &str) -> Result<Gadget> {
        let found = self.data.find(id).await?;
        found.ok_or_else(|| GadgetError::NotFound { id: id.to_owned() })
    }

    /// A page of them, in the order they were made.
    pub async fn list(&self, page_size: i32, page_token: &str) -> Result<Page> {
        let size = match usize::try_from(page_size) {
            Ok(0) | Err(_) => DEFAULT_PAGE,
            Ok(asked) => asked.min(MAX_PAGE),
        };
        // A token is the id of the last that was seen: what is made or deleted meanwhile moves
        // nothing to another page.
        if !page_token.is_empty() && uuid::Uuid::try_parse(page_token).is_err() {
            return Err(GadgetError::PageToken);
        }
        // One more than asked for tells whether there is another page.
        let mut gadgets = self.data.list(page_token, size + 1).await?;
        let more = gadgets.len() > size;
        gadgets.truncate(size);
        let next_token = match gadgets.last() {
            Some(last) if more => last.id.clone(),
            _ => String::new(),
        };
        Ok(Page { gadgets, next_token })
    }

    pub async fn delete(&self, id: &str) -> Result<()> {
        match self.data.delete(id).await? {
            true => Ok(()),
            false => Err(GadgetError::NotFound { id: id.to_owned() }),
        }
    }
}

/// The time, to the microsecond: what a database keeps.
fn now() -> SystemTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

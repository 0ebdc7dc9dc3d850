//! Users in a map, for tests: keeps the same promises as the database, and fails when told to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Change, DataError, Filter, Result, Saved, User, UserData};

#[derive(Debug, Default)]
pub struct FakeData {
    rows: Mutex<BTreeMap<String, Change>>,
    is_away: AtomicBool,
}

impl FakeData {
    /// From now on nothing can be read or written.
    pub fn go_away(&self) {
        self.is_away.store(true, Ordering::Relaxed);
    }

    fn rows<T>(
        &self,
        work: impl FnOnce(&mut BTreeMap<String, Change>) -> T,
    ) -> Result<T, DataError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(DataError::Unavailable("secret host db-7 is away".into()));
        }
        Ok(work(&mut self.rows.lock().unwrap()))
    }
}

fn newest(rows: &BTreeMap<String, Change>) -> i64 {
    rows.values().map(|row| row.revision).max().unwrap_or(0)
}

fn put(rows: &mut BTreeMap<String, Change>, id: &str, user: Option<User>) {
    let revision = newest(rows) + 1;
    rows.insert(id.to_owned(), Change { revision, id: id.to_owned(), user });
}

fn save(rows: &mut BTreeMap<String, Change>, user: &User) -> Saved {
    let mut others = rows.values().filter_map(|row| row.user.as_ref());
    if others.any(|other| other.id != user.id && other.email == user.email) {
        return Saved::EmailTaken;
    }
    put(rows, &user.id, Some(user.clone()));
    Saved::Done
}

impl UserData for FakeData {
    async fn insert(&self, user: &User) -> Result<Saved, DataError> {
        self.rows(|rows| save(rows, user))
    }

    async fn replace(&self, user: &User, revision: i64) -> Result<Saved, DataError> {
        self.rows(|rows| match rows.get(&user.id) {
            Some(row) if row.user.is_some() && row.revision == revision => save(rows, user),
            _ => Saved::Stale,
        })
    }

    async fn delete(&self, id: &str) -> Result<bool, DataError> {
        self.rows(|rows| {
            let is_there = rows.get(id).is_some_and(|row| row.user.is_some());
            if is_there {
                put(rows, id, None);
            }
            is_there
        })
    }

    async fn find(&self, id: &str) -> Result<Option<(User, i64)>, DataError> {
        self.rows(|rows| rows.get(id).and_then(|row| Some((row.user.clone()?, row.revision))))
    }

    async fn list(
        &self,
        filter: &Filter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<User>, DataError> {
        let fits = |user: &&User| {
            after.is_none_or(|after| user.id.as_str() > after)
                && filter.status.is_none_or(|status| user.status == status)
                && user.name.starts_with(&filter.name_prefix)
                && (filter.email.is_empty() || user.email == filter.email)
        };
        self.rows(|rows| {
            let users = rows.values().filter_map(|row| row.user.as_ref());
            users.filter(fits).take(limit).cloned().collect()
        })
    }

    async fn changes(&self, after: i64, limit: usize) -> Result<Vec<Change>, DataError> {
        self.rows(|rows| {
            let mut changes: Vec<_> =
                rows.values().filter(|row| row.revision > after).cloned().collect();
            changes.sort_by_key(|change| change.revision);
            changes.truncate(limit);
            changes
        })
    }

    async fn revision(&self) -> Result<i64, DataError> {
        self.rows(|rows| newest(rows))
    }
}

//! What holds for users, whoever asks and wherever they are kept.
//!
//! Nothing here knows the API or the database. What the rules need of the data they say in
//! [`UserData`], which the database side implements, and a test by a map.

mod error;
mod page;
mod user;

use std::collections::VecDeque;
use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{Stream, stream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

pub use error::{DataError, Result, UserError, Violations};
pub use user::{Draft, Patch, Status, User};

/// Where users are kept.
pub trait UserData: Send + Sync + 'static {
    /// Keeps a new user.
    fn insert(&self, user: &User) -> impl Future<Output = Result<Saved, DataError>> + Send;

    /// Keeps a user in the place of what was read of it at `revision`.
    fn replace(
        &self,
        user: &User,
        revision: i64,
    ) -> impl Future<Output = Result<Saved, DataError>> + Send;

    /// Deletes a user; false if there is none.
    fn delete(&self, id: &str) -> impl Future<Output = Result<bool, DataError>> + Send;

    /// The user of an id, and the revision of its last change.
    fn find(&self, id: &str)
    -> impl Future<Output = Result<Option<(User, i64)>, DataError>> + Send;

    /// The first `limit` users that fit, by id, behind the id `after`.
    fn list(
        &self,
        filter: &Filter,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<User>, DataError>> + Send;

    /// The last change of each user that changed after a revision, the oldest first; `limit` at most.
    fn changes(
        &self,
        after: i64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Change>, DataError>> + Send;

    /// The revision of the newest change; 0 before the first.
    fn revision(&self) -> impl Future<Output = Result<i64, DataError>> + Send;
}

/// What came of keeping a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    Done,
    /// Another user has the address.
    EmailTaken,
    /// The user has changed since it was read, or is gone.
    Stale,
}

/// Which users a list is of. What is empty filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub status: Option<Status>,
    pub name_prefix: String,
    pub email: String,
}

/// What a caller asks of a list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub page_size: i32,
    pub page_token: String,
    /// A number of [`Status`]; 0 is any.
    pub status: i32,
    pub name_prefix: String,
    pub email: String,
}

/// Some users, and the token that leads on; empty if these are the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub users: Vec<User>,
    pub next_token: String,
}

/// The last change of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub revision: i64,
    pub id: String,
    /// None if it was deleted.
    pub user: Option<User>,
}

/// What a watch tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Change(Change),
    /// Nothing has changed for a while, up to this revision.
    Nothing {
        revision: i64,
    },
}

/// How often an update reads again what others have changed meanwhile.
const UPDATE_ATTEMPTS: usize = 5;

/// How soon a watch sees what another instance has changed. What this one changes it sees at once.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// How often a watch says that it is alive when nothing changes: before anybody on the way, who
/// counts silent streams as dead, ends it (`server.stream_idle_timeout` is 5 minutes).
const WATCH_ALIVE: Duration = Duration::from_secs(60);

/// How many changes a watch reads at a time.
const WATCH_BATCH: usize = 100;

/// The users, and what may be done with them.
pub struct Users<D> {
    data: D,
    news: watch::Sender<News>,
}

/// What wakes watches.
#[derive(Clone, Copy, Debug, Default)]
struct News {
    changes: u64,
    stopping: bool,
}

/// Where a watch is.
struct Watch {
    /// The last that was told.
    revision: i64,
    news: watch::Receiver<News>,
    unread: VecDeque<Change>,
}

impl<D: UserData> Users<D> {
    pub fn new(data: D) -> Self {
        Self { data, news: watch::Sender::default() }
    }

    /// Makes a user.
    pub async fn create(&self, draft: Draft) -> Result<User> {
        // Ids of version 7 grow with time: a list by id is a list by age.
        let id = uuid::Uuid::now_v7().to_string();
        let user = User::new(id, draft, now())?;
        self.saved(self.data.insert(&user).await?, user)
    }

    pub async fn get(&self, id: &str) -> Result<User> {
        let (user, _revision) = self.find(id).await?;
        Ok(user)
    }

    pub async fn list(&self, query: Query) -> Result<Page> {
        let Query { page_size, page_token, status, name_prefix, email } = query;
        let size = page::size(page_size);
        let status = Status::from_number(status);
        let filter = Filter { status, name_prefix, email: user::normal_email(&email) };
        let fingerprint = format!("{filter:?}");
        let after = page::place(&fingerprint, &page_token)?;
        // One more than asked for tells whether there is another page.
        let mut users = self.data.list(&filter, after.as_deref(), size + 1).await?;
        let more = users.len() > size;
        users.truncate(size);
        let next_token = match users.last() {
            Some(last) if more => page::token(&fingerprint, &last.id),
            _ => String::new(),
        };
        Ok(Page { users, next_token })
    }

    /// Changes what `patch` names, and nothing that others change at the same time.
    pub async fn update(&self, id: &str, patch: Patch) -> Result<User> {
        for _attempt in 0..UPDATE_ATTEMPTS {
            let (mut user, revision) = self.find(id).await?;
            user.apply(patch.clone())?;
            match self.data.replace(&user, revision).await? {
                Saved::Stale => {}
                saved => return self.saved(saved, user),
            }
        }
        Err(UserError::Changed { id: id.to_owned() })
    }

    pub async fn delete(&self, id: &str) -> Result<()> {
        if !is_id(id) || !self.data.delete(id).await? {
            return Err(UserError::NotFound { id: id.to_owned() });
        }
        self.tell();
        Ok(())
    }

    /// Tells of changes after a revision, or from now on, until nobody listens or
    /// [`Users::end_watches`].
    pub async fn watch(
        &self,
        after: Option<i64>,
    ) -> Result<impl Stream<Item = Result<Told>> + Send + use<'_, D>> {
        // Before the revision is read, so that nothing is missed between the two.
        let news = self.news.subscribe();
        let revision = match after {
            Some(after) => after,
            None => self.data.revision().await?,
        };
        let watch = Watch { revision, news, unread: VecDeque::new() };
        Ok(stream::try_unfold(watch, async |mut watch| {
            let told = self.next(&mut watch).await?;
            Ok(Some((told, watch)))
        }))
    }

    async fn next(&self, watch: &mut Watch) -> Result<Told> {
        let alive = Instant::now() + WATCH_ALIVE;
        loop {
            if let Some(change) = watch.unread.pop_front() {
                watch.revision = change.revision;
                return Ok(Told::Change(change));
            }
            if watch.news.borrow_and_update().stopping {
                return Err(UserError::Stopping);
            }
            watch.unread = self.data.changes(watch.revision, WATCH_BATCH).await?.into();
            if watch.unread.is_empty() {
                if Instant::now() >= alive {
                    return Ok(Told::Nothing { revision: watch.revision });
                }
                // Whether there are news or the time is up: look again.
                let _ = timeout(WATCH_INTERVAL, watch.news.changed()).await;
            }
        }
    }

    /// Ends every watch, so that an instance that stops does not wait for streams without an end.
    pub fn end_watches(&self) {
        self.news.send_modify(|news| news.stopping = true);
    }

    async fn find(&self, id: &str) -> Result<(User, i64)> {
        // What is no id of ours is not there; there is no need to ask.
        let found = if is_id(id) { self.data.find(id).await? } else { None };
        found.ok_or_else(|| UserError::NotFound { id: id.to_owned() })
    }

    fn saved(&self, saved: Saved, user: User) -> Result<User> {
        match saved {
            Saved::Done => {
                self.tell();
                Ok(user)
            }
            Saved::EmailTaken => Err(UserError::EmailTaken { email: user.email }),
            Saved::Stale => Err(UserError::Changed { id: user.id }),
        }
    }

    fn tell(&self) {
        self.news.send_modify(|news| news.changes = news.changes.wrapping_add(1));
    }
}

fn is_id(id: &str) -> bool {
    uuid::Uuid::try_parse(id).is_ok()
}

/// The time, to the microsecond: what a database keeps.
fn now() -> SystemTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
pub mod fake;
#[cfg(test)]
mod tests;

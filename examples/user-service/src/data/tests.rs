//! The promises of [`UserData`], kept by each of its implementations.

use std::time::Duration;

use bia::config::Secret;

use super::*;
use crate::rules::Draft;
use crate::rules::fake::FakeData;

fn user(name: &str) -> User {
    let draft = Draft {
        name: name.to_owned(),
        email: format!("{}@example.com", name.to_lowercase()),
        age: 36,
        status: 2,
        labels: [("born".to_owned(), "Byron \"♥\"".to_owned())].into(),
    };
    let created_at = UNIX_EPOCH + Duration::from_micros(1_234_567_890_123_456);
    User::new(uuid::Uuid::now_v7().to_string(), draft, created_at).unwrap()
}

async fn what_is_kept_comes_back_whole(data: impl UserData) {
    let ada = user("Ada");
    assert_eq!(data.insert(&ada).await.unwrap(), Saved::Done);
    let (found, revision) = data.find(&ada.id).await.unwrap().unwrap();
    assert_eq!((found, revision), (ada, 1));
    assert_eq!(data.find("another").await.unwrap(), None);
}

async fn an_address_is_taken_once(data: impl UserData) {
    let (ada, bob) = (user("Ada"), user("Bob"));
    data.insert(&ada).await.unwrap();
    assert_eq!(data.insert(&user("Ada")).await.unwrap(), Saved::EmailTaken);
    data.insert(&bob).await.unwrap();
    let (_, revision) = data.find(&bob.id).await.unwrap().unwrap();
    let thief = User { email: ada.email.clone(), ..bob.clone() };
    assert_eq!(data.replace(&thief, revision).await.unwrap(), Saved::EmailTaken);
    assert_eq!(data.find(&bob.id).await.unwrap(), Some((bob, revision)));
    // What was refused left no gap.
    assert_eq!((revision, data.revision().await.unwrap()), (2, 2));
    // A deleted user gives its address back.
    assert!(data.delete(&ada.id).await.unwrap());
    assert_eq!(data.insert(&user("Ada")).await.unwrap(), Saved::Done);
}

async fn what_has_changed_meanwhile_is_not_overwritten(data: impl UserData) {
    let ada = user("Ada");
    data.insert(&ada).await.unwrap();
    let (_, revision) = data.find(&ada.id).await.unwrap().unwrap();
    let older = User { age: 37, ..ada.clone() };
    assert_eq!(data.replace(&older, revision).await.unwrap(), Saved::Done);
    let stale = User { age: 12, ..ada.clone() };
    assert_eq!(data.replace(&stale, revision).await.unwrap(), Saved::Stale);
    assert_eq!(data.find(&ada.id).await.unwrap(), Some((older, 2)));

    data.delete(&ada.id).await.unwrap();
    assert_eq!(data.replace(&ada, 3).await.unwrap(), Saved::Stale);
    assert_eq!(data.find(&ada.id).await.unwrap(), None);
}

async fn a_user_is_deleted_once(data: impl UserData) {
    let ada = user("Ada");
    data.insert(&ada).await.unwrap();
    assert!(data.delete(&ada.id).await.unwrap());
    assert!(!data.delete(&ada.id).await.unwrap());
    assert_eq!(data.list(&Filter::default(), None, 10).await.unwrap(), []);
}

async fn a_list_is_in_order_of_ids_and_goes_on_where_it_is_told(data: impl UserData) {
    let users = ["Ada", "Bob", "Cem"].map(user);
    for user in users.iter().rev() {
        data.insert(user).await.unwrap();
    }
    let all = Filter::default();
    assert_eq!(data.list(&all, None, 10).await.unwrap(), users);
    assert_eq!(data.list(&all, None, 2).await.unwrap(), users[..2]);
    assert_eq!(data.list(&all, Some(&users[1].id), 2).await.unwrap(), users[2..]);
}

async fn a_filter_lets_through_what_fits_all_of_it(data: impl UserData) {
    let (ada, adam, bob) = (user("Ada"), user("Adam"), user("b%b"));
    let ada = User { status: Status::Active, ..ada };
    for user in [&ada, &adam, &bob] {
        data.insert(user).await.unwrap();
    }
    let names = async |filter: Filter| -> Vec<String> {
        let users = data.list(&filter, None, 10).await.unwrap();
        users.into_iter().map(|user| user.name).collect()
    };
    let prefix = |prefix: &str| Filter { name_prefix: prefix.to_owned(), ..Filter::default() };
    assert_eq!(names(prefix("Ada")).await, ["Ada", "Adam"]);
    assert_eq!(names(prefix("ada")).await, [""; 0]);
    assert_eq!(names(prefix("b%")).await, ["b%b"]);
    assert_eq!(names(prefix("%")).await, [""; 0]);
    let suspended = Filter { status: Some(Status::Suspended), ..prefix("Ada") };
    assert_eq!(names(suspended).await, ["Adam"]);
    assert_eq!(names(Filter { email: bob.email.clone(), ..Filter::default() }).await, ["b%b"]);
}

async fn changes_come_in_order_each_user_once_with_its_last(data: impl UserData) {
    assert_eq!(data.revision().await.unwrap(), 0);
    let (ada, bob) = (user("Ada"), user("Bob"));
    data.insert(&ada).await.unwrap();
    data.insert(&bob).await.unwrap();
    let ada = User { age: 37, ..ada };
    data.replace(&ada, 1).await.unwrap();
    let change =
        |revision, user: &User| Change { revision, id: user.id.clone(), user: Some(user.clone()) };
    let (bob_made, ada_changed) = (change(2, &bob), change(3, &ada));
    assert_eq!(data.changes(0, 10).await.unwrap(), [bob_made.clone(), ada_changed.clone()]);
    assert_eq!(data.changes(0, 1).await.unwrap(), [bob_made]);

    data.delete(&bob.id).await.unwrap();
    let bob_gone = Change { revision: 4, id: bob.id, user: None };
    assert_eq!(data.changes(2, 10).await.unwrap(), [ada_changed, bob_gone]);
    assert_eq!(data.changes(4, 10).await.unwrap(), []);
    assert_eq!(data.revision().await.unwrap(), 4);
}

async fn many_writers_at_once_leave_no_gap_and_no_revision_twice(data: impl UserData) {
    let users: Vec<_> = (0..40).map(|index| user(&format!("user{index}"))).collect();
    let inserts = users.iter().map(|user| data.insert(user));
    for saved in futures_util::future::join_all(inserts).await {
        assert_eq!(saved.unwrap(), Saved::Done);
    }
    let changes = data.changes(0, 100).await.unwrap();
    let revisions: Vec<_> = changes.iter().map(|change| change.revision).collect();
    assert_eq!(revisions, (1..=40).collect::<Vec<_>>());
}

/// Each promise as a test of each implementation.
macro_rules! kept_by_all {
    ($($promise:ident,)*) => {
        mod fake {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(super::FakeData::default()).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $promise() {
                let folder = tempfile::tempdir().unwrap();
                let database = super::sqlite(folder.path()).await;
                super::$promise(database.clone()).await;
                database.close().await.unwrap();
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $promise() {
                let Some(schema) = super::Schema::make(stringify!($promise)).await else { return };
                super::$promise(schema.database.clone()).await;
                schema.remove().await;
            })*
        }
    };
}

kept_by_all! {
    what_is_kept_comes_back_whole,
    an_address_is_taken_once,
    what_has_changed_meanwhile_is_not_overwritten,
    a_user_is_deleted_once,
    a_list_is_in_order_of_ids_and_goes_on_where_it_is_told,
    a_filter_lets_through_what_fits_all_of_it,
    changes_come_in_order_each_user_once_with_its_last,
    many_writers_at_once_leave_no_gap_and_no_revision_twice,
}

async fn open(url: String) -> Result<Database, bia::Error> {
    Database::open(&DataSettings { url: Secret::new(url), ..DataSettings::default() }).await
}

async fn sqlite(folder: &Path) -> Database {
    let file = folder.join("a folder/that is not there/users.db");
    open(format!("sqlite://{}?mode=rwc", file.display())).await.unwrap()
}

/// A schema of its own in the PostgreSQL of `BIA_POSTGRES_URL`.
struct Schema {
    name: String,
    admin: AnyPool,
    database: Database,
}

impl Schema {
    /// None, said aloud, where there is no PostgreSQL; where `CI` is set there must be one.
    async fn make(test: &str) -> Option<Self> {
        let Ok(url) = std::env::var("BIA_POSTGRES_URL") else {
            let missing = "BIA_POSTGRES_URL; run cargo xtask servers install";
            assert!(std::env::var_os("CI").is_none(), "{test}: {missing}");
            eprintln!("SKIPPED {test}: {missing}");
            return None;
        };
        sqlx::any::install_default_drivers();
        let admin = AnyPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        let name = format!("users_{}", uuid::Uuid::now_v7().simple());
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}")))
            .execute(&admin)
            .await
            .unwrap();
        let sign = if url.contains('?') { '&' } else { '?' };
        let database = open(format!("{url}{sign}options[search_path]={name}")).await.unwrap();
        Some(Self { name, admin, database })
    }

    async fn remove(self) {
        self.database.close().await.unwrap();
        let statement = format!("DROP SCHEMA {} CASCADE", self.name);
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&self.admin).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_kept_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let ada = user("Ada");
    let database = sqlite(folder.path()).await;
    database.insert(&ada).await.unwrap();
    database.close().await.unwrap();

    let database = sqlite(folder.path()).await;
    assert_eq!(database.find(&ada.id).await.unwrap(), Some((ada, 1)));
    database.clone().ping().await.unwrap();
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_closed_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let database = sqlite(folder.path()).await;
    database.close().await.unwrap();
    assert!(matches!(database.find("7").await, Err(DataError::Unavailable(_))));
    assert_eq!(database.clone().ping().await.unwrap_err().reason(), "DATABASE_UNAVAILABLE");
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_says_which_setting_to_look_at() {
    for url in ["sqlite:///proc/users.db?mode=rwc", "oracle://x", "no url"] {
        let error = open(url.to_owned()).await.err().unwrap().to_string();
        assert!(error.contains("data.url"), "{url}: {error}");
        assert!(!error.contains(url), "a URL may hold a password: {error}");
    }
}

//! The promises of [`GadgetData`], kept by each of its implementations.

use std::time::{Duration, UNIX_EPOCH};

use bia::config::Secret;

use super::*;
use crate::rules::{DataError, Gadget, GadgetData, Memory, Saved};

fn gadget(name: &str) -> Gadget {
    let created_at = UNIX_EPOCH + Duration::from_micros(1_234_567_890_123_456);
    Gadget { id: uuid::Uuid::now_v7().to_string(), name: name.to_owned(), created_at }
}

/// What every place to keep gadgets in must do; it is empty at the start.
async fn keeps_its_promises(data: impl GadgetData) {
    let (first, second) = (gadget("first ♥"), gadget("second"));
    assert_eq!(data.insert(&first).await.unwrap(), Saved::Done);
    assert_eq!(data.insert(&second).await.unwrap(), Saved::Done);
    assert_eq!(data.insert(&gadget("second")).await.unwrap(), Saved::NameTaken);
    assert_eq!(data.find(&first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(data.find("another").await.unwrap(), None);

    let both = [first.clone(), second.clone()];
    assert_eq!(data.list("", 10).await.unwrap(), both);
    assert_eq!(data.list("", 1).await.unwrap(), both[..1]);
    assert_eq!(data.list(&first.id, 10).await.unwrap(), both[1..]);

    assert!(data.delete(&first.id).await.unwrap());
    assert!(!data.delete(&first.id).await.unwrap());
    assert_eq!(data.list("", 10).await.unwrap(), [second]);
}

#[tokio::test]
async fn the_map_keeps_its_promises() {
    keeps_its_promises(Memory::default()).await;
}

#[tokio::test]
async fn sqlite_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    let database = sqlite(folder.path()).await;
    keeps_its_promises(database.clone()).await;
    database.close().await.unwrap();
}
// @if postgres

/// In a schema of its own of the database that `TEST_POSTGRES_URL` names.
#[tokio::test]
async fn postgres_keeps_its_promises() {
    let Ok(url) = std::env::var("TEST_POSTGRES_URL") else {
        eprintln!("SKIPPED postgres_keeps_its_promises: TEST_POSTGRES_URL names no database");
        return;
    };
    sqlx::any::install_default_drivers();
    let admin = AnyPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
    let schema = format!("test_{}", uuid::Uuid::now_v7().simple());
    let run = async |statement: String| {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&admin).await.unwrap();
    };
    run(format!("CREATE SCHEMA {schema}")).await;
    let sign = if url.contains('?') { '&' } else { '?' };
    let database = open(format!("{url}{sign}options[search_path]={schema}")).await.unwrap();
    keeps_its_promises(database.clone()).await;
    database.close().await.unwrap();
    run(format!("DROP SCHEMA {schema} CASCADE")).await;
}
// @end

#[tokio::test]
async fn what_was_kept_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = gadget("first");
    let database = sqlite(folder.path()).await;
    database.insert(&first).await.unwrap();
    database.close().await.unwrap();

    let database = sqlite(folder.path()).await;
    assert_eq!(database.find(&first.id).await.unwrap(), Some(first));
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
    for url in ["sqlite:///proc/gadgets.db?mode=rwc", "oracle://x"] {
        let error = open(url.to_owned()).await.err().unwrap().to_string();
        assert!(error.contains("data.url"), "{url}: {error}");
    }
}

async fn open(url: String) -> Result<Database, bia::Error> {
    Database::open(&DataSettings { url: Secret::new(url), ..DataSettings::default() }).await
}

async fn sqlite(folder: &Path) -> Database {
    let file = folder.join("a folder/that is not there/gadgets.db");
    open(format!("sqlite://{}?mode=rwc", file.display())).await.unwrap()
}

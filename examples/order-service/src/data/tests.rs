//! The promises of [`OrderData`], kept by each of its implementations.

use std::time::Duration;

use bia::config::Secret;

use super::*;
use crate::rules::fake::FakeData;

fn order(user_id: &str, items: i32) -> Order {
    let item =
        |quantity| Item { sku: format!("tea \"♥\" {quantity}"), quantity, unit_price: 250 };
    Order {
        id: uuid::Uuid::now_v7().to_string(),
        user_id: user_id.to_owned(),
        user_name: "Ada".to_owned(),
        items: (1..=items).rev().map(item).collect(),
        total: i64::MAX,
        created_at: UNIX_EPOCH + Duration::from_micros(1_234_567_890_123_456),
    }
}

async fn what_is_kept_comes_back_whole(data: impl OrderData) {
    let order = order("ada", 12);
    data.insert(&order).await.unwrap();
    assert_eq!(data.find(&order.id).await.unwrap(), Some(order));
    assert_eq!(data.find("another").await.unwrap(), None);
}

async fn a_list_is_in_order_of_ids_and_goes_on_where_it_is_told(data: impl OrderData) {
    let orders = ["ada", "bob", "ada"].map(|user_id| order(user_id, 1));
    for order in orders.iter().rev() {
        data.insert(order).await.unwrap();
    }
    assert_eq!(data.list(None, None, 10).await.unwrap(), orders);
    assert_eq!(data.list(None, Some(&orders[0].id), 1).await.unwrap(), orders[1..2]);
    let [first, _, third] = orders;
    assert_eq!(data.list(Some("ada"), Some(&first.id), 10).await.unwrap(), [third]);
    assert_eq!(data.list(Some("cem"), None, 10).await.unwrap(), []);
}

async fn a_list_counts_orders_not_items(data: impl OrderData) {
    let orders = [3, 1, 2].map(|items| order("ada", items));
    for order in &orders {
        data.insert(order).await.unwrap();
    }
    assert_eq!(data.list(Some("ada"), None, 2).await.unwrap(), orders[..2]);
}

async fn many_writers_at_once_lose_nothing(data: impl OrderData) {
    let orders: Vec<_> = (0..40).map(|_| order("ada", 3)).collect();
    let inserts = orders.iter().map(|order| data.insert(order));
    futures_util::future::try_join_all(inserts).await.unwrap();
    assert_eq!(data.list(None, None, 100).await.unwrap(), orders);
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
    a_list_is_in_order_of_ids_and_goes_on_where_it_is_told,
    a_list_counts_orders_not_items,
    many_writers_at_once_lose_nothing,
}

async fn open(url: String) -> Result<Database, bia::Error> {
    Database::open(&DataSettings { url: Secret::new(url), ..DataSettings::default() }).await
}

async fn sqlite(folder: &Path) -> Database {
    let file = folder.join("a folder/that is not there/orders.db");
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
        let name = format!("orders_{}", uuid::Uuid::now_v7().simple());
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
    let kept = order("ada", 1);
    let database = sqlite(folder.path()).await;
    database.insert(&kept).await.unwrap();
    database.close().await.unwrap();

    let database = sqlite(folder.path()).await;
    assert_eq!(database.find(&kept.id).await.unwrap(), Some(kept));
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
    for url in ["sqlite:///proc/orders.db?mode=rwc", "oracle://x", "no url"] {
        let error = open(url.to_owned()).await.err().unwrap().to_string();
        assert!(error.contains("data.url"), "{url}: {error}");
        assert!(!error.contains(url), "a URL may hold a password: {error}");
    }
}

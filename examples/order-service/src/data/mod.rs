//! Orders in SQLite or PostgreSQL, as the URL says.
//!
//! One set of statements serves both: sqlx's `Any` driver picks the database by the URL, `$1` is a
//! parameter in either, and the columns are text and integers. A service that has chosen its
//! database takes `SqlitePool` or `PgPool` instead and may use all that it can do.

mod traced;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::any::{AnyPoolOptions, AnyRow};
use sqlx::{AnyConnection, AnyPool, Connection as _, Row as _};
use tokio::time::timeout;

use crate::rules::{DataError, Item, Order, OrderData};
use crate::settings::DataSettings;

use self::traced::System;

/// The database, through a pool of connections. Cloning is cheap; all clones are one pool.
#[derive(Clone, Debug)]
pub struct Database {
    pool: AnyPool,
    system: System,
}

impl Database {
    /// Connects, and brings the tables up to date.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached within `data.acquire_timeout`, or a migration fails.
    pub async fn open(settings: &DataSettings) -> Result<Self, bia::Error> {
        let DataSettings { url, max_connections, acquire_timeout } = settings;
        let url = url.reveal();
        sqlx::any::install_default_drivers();
        make_folder(url).map_err(|error| away("cannot make the folder of data.url", error))?;
        // Not by the pool: that would try again in silence, and tell only that the time was up.
        let mut connection = timeout(*acquire_timeout, AnyConnection::connect(url))
            .await
            .map_err(|late| away("data.url does not answer within data.acquire_timeout", late))?
            .map_err(|error| away("cannot connect to data.url", error))?;
        if url.starts_with("sqlite:") {
            // Readers then do not wait for the writer, nor it for them. The file remembers it.
            sqlx::query("PRAGMA journal_mode = WAL")
                .execute(&mut connection)
                .await
                .map_err(|error| away("cannot open data.url", error))?;
        }
        sqlx::migrate!()
            .run(&mut connection)
            .await
            .map_err(|error| away("cannot bring the tables of data.url up to date", error))?;
        connection.close().await.map_err(|error| away("cannot use data.url", error))?;
        let pool = AnyPoolOptions::new()
            .max_connections(*max_connections)
            .acquire_timeout(*acquire_timeout)
            .connect_lazy(url)
            .map_err(|error| away("cannot use data.url", error))?;
        Ok(Self { pool, system: System::of(url) })
    }

    /// Asks the database for a sign of life.
    pub async fn ping(self) -> Result<(), bia::Error> {
        let answer = sqlx::query("SELECT 1").execute(&self.pool).await;
        answer.map(drop).map_err(|error| away("the database does not answer", error))
    }

    /// Waits until every connection is back, and closes them.
    pub async fn close(&self) -> Result<(), bia::Error> {
        self.pool.close().await;
        Ok(())
    }
}

impl OrderData for Database {
    async fn insert(&self, order: &Order) -> Result<(), DataError> {
        const ORDER: &str = "INSERT INTO orders (id, user_id, user_name, total, created_at) \
            VALUES ($1, $2, $3, $4, $5)";
        const ITEM: &str = "INSERT INTO order_items (order_id, place, sku, quantity, unit_price) \
            VALUES ($1, $2, $3, $4, $5)";
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        self.system
            .run(
                ORDER,
                sqlx::query(ORDER)
                    .bind(&order.id)
                    .bind(&order.user_id)
                    .bind(&order.user_name)
                    .bind(order.total)
                    .bind(micros(order.created_at))
                    .execute(&mut *transaction),
            )
            .await
            .map_err(failed)?;
        for (place, item) in order.items.iter().enumerate() {
            self.system
                .run(
                    ITEM,
                    sqlx::query(ITEM)
                        .bind(&order.id)
                        .bind(count(place))
                        .bind(&item.sku)
                        .bind(i64::from(item.quantity))
                        .bind(item.unit_price)
                        .execute(&mut *transaction),
                )
                .await
                .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn find(&self, id: &str) -> Result<Option<Order>, DataError> {
        const FIND: &str = "SELECT o.id, user_id, user_name, total, created_at, \
                sku, quantity, unit_price \
            FROM orders o JOIN order_items i ON i.order_id = o.id \
            WHERE o.id = $1 ORDER BY place";
        let rows = self
            .system
            .run(FIND, sqlx::query(FIND).bind(id).fetch_all(&self.pool))
            .await
            .map_err(failed)?;
        Ok(orders(&rows)?.pop())
    }

    async fn list(
        &self,
        user_id: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Order>, DataError> {
        // The limit counts orders, so it is inside. An empty user_id is every user's.
        const LIST: &str = "SELECT o.id, user_id, user_name, total, created_at, \
                sku, quantity, unit_price \
            FROM (SELECT * FROM orders \
                WHERE id > $1 AND ($2 = '' OR user_id = $2) ORDER BY id LIMIT $3) o \
            JOIN order_items i ON i.order_id = o.id \
            ORDER BY o.id, place";
        let rows = self
            .system
            .run(
                LIST,
                sqlx::query(LIST)
                    .bind(after.unwrap_or_default())
                    .bind(user_id.unwrap_or_default())
                    .bind(count(limit))
                    .fetch_all(&self.pool),
            )
            .await
            .map_err(failed)?;
        orders(&rows)
    }
}

/// The orders of rows that hold one item each, those of an order one after the other.
fn orders(rows: &[AnyRow]) -> Result<Vec<Order>, DataError> {
    let mut orders: Vec<Order> = Vec::new();
    for row in rows {
        let (order, item) = order_and_item(row).map_err(failed)?;
        match orders.last_mut() {
            Some(last) if last.id == order.id => last.items.push(item),
            _ => orders.push(Order { items: vec![item], ..order }),
        }
    }
    Ok(orders)
}

fn order_and_item(row: &AnyRow) -> Result<(Order, Item), sqlx::Error> {
    let created_at: i64 = row.try_get("created_at")?;
    let quantity: i64 = row.try_get("quantity")?;
    let order = Order {
        id: row.try_get("id")?,
        user_id: row.try_get("user_id")?,
        user_name: row.try_get("user_name")?,
        items: Vec::new(),
        total: row.try_get("total")?,
        created_at: UNIX_EPOCH
            + Duration::from_micros(u64::try_from(created_at).unwrap_or_default()),
    };
    let item = Item {
        sku: row.try_get("sku")?,
        quantity: i32::try_from(quantity).map_err(|error| sqlx::Error::Decode(error.into()))?,
        unit_price: row.try_get("unit_price")?,
    };
    Ok((order, item))
}

fn away(what: &'static str, source: impl Into<bia::BoxError>) -> bia::Error {
    bia::Error::unavailable("DATABASE_UNAVAILABLE", what).with_source(source)
}

fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn failed(error: sqlx::Error) -> DataError {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
            DataError::Unavailable(error.into())
        }
        sqlx::Error::Database(database) if database.code().is_some_and(passes) => {
            DataError::Unavailable(database.into())
        }
        error => DataError::Broken(error.into()),
    }
}

/// Whether a code of the database is of something that passes: SQLite is busy; PostgreSQL lost the
/// connection, has no resources, or shuts down.
fn passes(code: std::borrow::Cow<'_, str>) -> bool {
    code == "5" || ["08", "53", "57P"].iter().any(|class| code.starts_with(class))
}

/// Makes the folder that a SQLite file is to lie in.
fn make_folder(url: &str) -> std::io::Result<()> {
    let Some(rest) = url.strip_prefix("sqlite:") else { return Ok(()) };
    let file = rest.strip_prefix("//").unwrap_or(rest);
    let file = file.split('?').next().unwrap_or_default();
    match Path::new(file).parent() {
        Some(folder) if folder != Path::new("") => fs::create_dir_all(folder),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;

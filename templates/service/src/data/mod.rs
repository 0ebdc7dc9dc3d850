// @if postgres
//! Data in PostgreSQL or SQLite, as the URL says.
//!
//! One set of statements serves both: sqlx's `Any` driver picks the database by the URL, `$1` is a
//! parameter in either, and the columns are text and integers.
// @else
//| //! Data in SQLite.
//| //!
//| //! Through sqlx's `Any` driver, so that another database is a feature of sqlx and another URL.
// @end

// @if sample
mod gadgets;
#[cfg(test)]
mod tests;
// @end

use std::fs;
use std::path::Path;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection as _};
use tokio::time::timeout;

use crate::settings::DataSettings;

/// The database, through a pool of connections. Cloning is cheap; all clones are one pool.
#[derive(Clone, Debug)]
pub struct Database {
    pool: AnyPool,
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
        Ok(Self { pool })
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

fn away(what: &'static str, source: impl Into<bia::BoxError>) -> bia::Error {
    bia::Error::unavailable("DATABASE_UNAVAILABLE", what).with_source(source)
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

//! Users in SQLite or PostgreSQL, as the URL says.
//!
//! One set of statements serves both: sqlx's `Any` driver picks the database by the URL, `$1` is a
//! parameter in either, and the columns are text and integers. A service that has chosen its
//! database takes `SqlitePool` or `PgPool` instead and may use all that it can do.

mod traced;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::{AnyConnection, AnyPool, Connection as _, Row as _};
use tokio::time::timeout;

use crate::rules::{Change, DataError, Filter, Saved, Status, User, UserData};
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

    /// Makes new connections as these settings say; those that are there serve on until they are
    /// given up. How many there may be is said at the start.
    pub fn follow(&self, settings: &DataSettings) {
        // The rules of the settings have looked at the scheme, and the driver says the rest when it
        // connects.
        if let Ok(options) = settings.url.reveal().parse::<AnyConnectOptions>() {
            self.pool.set_connect_options(options);
        }
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

impl UserData for Database {
    async fn insert(&self, user: &User) -> Result<Saved, DataError> {
        const INSERT: &str = "INSERT INTO users \
            (id, name, email, age, status, labels, created_at, revision) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let revision = next_revision(self.system, &mut transaction).await?;
        let inserted = self
            .system
            .run(
                INSERT,
                sqlx::query(INSERT)
                    .bind(&user.id)
                    .bind(&user.name)
                    .bind(&user.email)
                    .bind(i64::from(user.age))
                    .bind(i64::from(user.status.number()))
                    .bind(labels_to_text(user)?)
                    .bind(micros(user.created_at))
                    .bind(revision)
                    .execute(&mut *transaction),
            )
            .await;
        match inserted {
            Ok(_) => transaction.commit().await.map(|()| Saved::Done).map_err(failed),
            Err(error) => email_taken(error),
        }
    }

    async fn replace(&self, user: &User, revision: i64) -> Result<Saved, DataError> {
        const UPDATE: &str = "UPDATE users \
            SET name = $1, email = $2, age = $3, status = $4, labels = $5, revision = $6 \
            WHERE id = $7 AND revision = $8 AND deleted = 0";
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let next = next_revision(self.system, &mut transaction).await?;
        let updated = self
            .system
            .run(
                UPDATE,
                sqlx::query(UPDATE)
                    .bind(&user.name)
                    .bind(&user.email)
                    .bind(i64::from(user.age))
                    .bind(i64::from(user.status.number()))
                    .bind(labels_to_text(user)?)
                    .bind(next)
                    .bind(&user.id)
                    .bind(revision)
                    .execute(&mut *transaction),
            )
            .await;
        match updated {
            Ok(updated) if updated.rows_affected() == 0 => Ok(Saved::Stale),
            Ok(_) => transaction.commit().await.map(|()| Saved::Done).map_err(failed),
            Err(error) => email_taken(error),
        }
    }

    async fn delete(&self, id: &str) -> Result<bool, DataError> {
        const DELETE: &str = "UPDATE users \
            SET name = '', email = NULL, age = 0, labels = '{}', revision = $1, deleted = 1 \
            WHERE id = $2 AND deleted = 0";
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let revision = next_revision(self.system, &mut transaction).await?;
        let deleted = self
            .system
            .run(DELETE, sqlx::query(DELETE).bind(revision).bind(id).execute(&mut *transaction))
            .await;
        if deleted.map_err(failed)?.rows_affected() == 0 {
            return Ok(false);
        }
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }

    async fn find(&self, id: &str) -> Result<Option<(User, i64)>, DataError> {
        const FIND: &str = "SELECT id, name, email, age, status, labels, created_at, revision \
            FROM users WHERE id = $1 AND deleted = 0";
        let row = self
            .system
            .run(FIND, sqlx::query(FIND).bind(id).fetch_optional(&self.pool))
            .await
            .map_err(failed)?;
        row.map(|row| Ok((user(&row)?, row.try_get("revision").map_err(failed)?))).transpose()
    }

    async fn list(
        &self,
        filter: &Filter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<User>, DataError> {
        // A part of the filter that is empty holds for every row.
        const LIST: &str = "SELECT id, name, email, age, status, labels, created_at \
            FROM users \
            WHERE deleted = 0 AND id > $1 \
              AND ($2 = 0 OR status = $2) \
              AND substr(name, 1, length($3)) = $3 \
              AND ($4 = '' OR email = $4) \
            ORDER BY id LIMIT $5";
        let rows = self
            .system
            .run(
                LIST,
                sqlx::query(LIST)
                    .bind(after.unwrap_or_default())
                    .bind(filter.status.map_or(0, |status| i64::from(status.number())))
                    .bind(&filter.name_prefix)
                    .bind(&filter.email)
                    .bind(count(limit))
                    .fetch_all(&self.pool),
            )
            .await
            .map_err(failed)?;
        rows.iter().map(user).collect()
    }

    async fn changes(&self, after: i64, limit: usize) -> Result<Vec<Change>, DataError> {
        const CHANGES: &str = "SELECT id, name, email, age, status, labels, created_at, \
                revision, deleted \
            FROM users WHERE revision > $1 ORDER BY revision LIMIT $2";
        let rows = self
            .system
            .run(CHANGES, sqlx::query(CHANGES).bind(after).bind(count(limit)).fetch_all(&self.pool))
            .await
            .map_err(failed)?;
        let change = |row: &AnyRow| {
            let deleted: i64 = row.try_get("deleted").map_err(failed)?;
            Ok(Change {
                revision: row.try_get("revision").map_err(failed)?,
                id: row.try_get("id").map_err(failed)?,
                user: if deleted == 0 { Some(user(row)?) } else { None },
            })
        };
        rows.iter().map(change).collect()
    }

    async fn revision(&self) -> Result<i64, DataError> {
        const REVISION: &str = "SELECT value FROM user_revision";
        let revision = sqlx::query_scalar(REVISION).fetch_one(&self.pool);
        self.system.run(REVISION, revision).await.map_err(failed)
    }
}

/// Takes the next revision, and with it the right to write until the transaction ends.
///
/// It must be the first statement: SQLite then takes its write lock here, waiting for its turn, and
/// not in the middle, where it could only fail.
async fn next_revision(system: System, connection: &mut AnyConnection) -> Result<i64, DataError> {
    const NEXT: &str = "UPDATE user_revision SET value = value + 1 RETURNING value";
    let next = sqlx::query_scalar(NEXT).fetch_one(connection);
    system.run(NEXT, next).await.map_err(failed)
}

fn user(row: &AnyRow) -> Result<User, DataError> {
    let read = |row: &AnyRow| -> Result<User, sqlx::Error> {
        let status: i64 = row.try_get("status")?;
        let status = i32::try_from(status).ok().and_then(Status::from_number);
        let labels: String = row.try_get("labels")?;
        let created_at: i64 = row.try_get("created_at")?;
        let age: i64 = row.try_get("age")?;
        Ok(User {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            email: row.try_get("email")?,
            age: i32::try_from(age).map_err(|error| sqlx::Error::Decode(error.into()))?,
            status: status
                .ok_or_else(|| sqlx::Error::Decode("a status that is not known".into()))?,
            labels: serde_json::from_str(&labels)
                .map_err(|error| sqlx::Error::Decode(error.into()))?,
            created_at: UNIX_EPOCH
                + Duration::from_micros(u64::try_from(created_at).unwrap_or_default()),
        })
    };
    read(row).map_err(failed)
}

fn labels_to_text(user: &User) -> Result<String, DataError> {
    serde_json::to_string(&user.labels).map_err(|error| DataError::Broken(error.into()))
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

/// The address is the only thing beside the id, which is random, that no two users share.
fn email_taken(error: sqlx::Error) -> Result<Saved, DataError> {
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => Ok(Saved::EmailTaken),
        _ => Err(failed(error)),
    }
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

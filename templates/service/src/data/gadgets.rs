//! The promises of [`GadgetData`] in SQL.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::rules::{DataError, Gadget, GadgetData, Saved};

use super::Database;

impl GadgetData for Database {
    async fn insert(&self, gadget: &Gadget) -> Result<Saved, DataError> {
        let insert = sqlx::query("INSERT INTO gadgets (id, name, created_at) VALUES ($1, $2, $3)")
            .bind(&gadget.id)
            .bind(&gadget.name)
            .bind(micros(gadget.created_at));
        match insert.execute(&self.pool).await {
            Ok(_) => Ok(Saved::Done),
            // The name is the only thing beside the id, which is random, that no two share.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Ok(Saved::NameTaken)
            }
            Err(error) => Err(failed(error)),
        }
    }

    async fn find(&self, id: &str) -> Result<Option<Gadget>, DataError> {
        let find = sqlx::query("SELECT id, name, created_at FROM gadgets WHERE id = $1").bind(id);
        let row = find.fetch_optional(&self.pool).await.map_err(failed)?;
        row.as_ref().map(gadget).transpose()
    }

    async fn list(&self, after: &str, limit: usize) -> Result<Vec<Gadget>, DataError> {
        let list = sqlx::query(
            "SELECT id, name, created_at FROM gadgets WHERE id > $1 ORDER BY id LIMIT $2",
        )
        .bind(after)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = list.fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(gadget).collect()
    }

    async fn delete(&self, id: &str) -> Result<bool, DataError> {
        let delete = sqlx::query("DELETE FROM gadgets WHERE id = $1").bind(id);
        let deleted = delete.execute(&self.pool).await.map_err(failed)?;
        Ok(deleted.rows_affected() > 0)
    }
}

fn gadget(row: &AnyRow) -> Result<Gadget, DataError> {
    let created_at: i64 = row.try_get("created_at").map_err(failed)?;
    let since = Duration::from_micros(u64::try_from(created_at).unwrap_or_default());
    Ok(Gadget {
        id: row.try_get("id").map_err(failed)?,
        name: row.try_get("name").map_err(failed)?,
        created_at: UNIX_EPOCH + since,
    })
}

fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn failed(error: sqlx::Error) -> DataError {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
            DataError::Unavailable(error.into())
        }
        sqlx::Error::Database(database) if database.code().is_some_and(|it| passes(&it)) => {
            DataError::Unavailable(database.into())
        }
        error => DataError::Broken(error.into()),
    }
}

// @if postgres
/// Whether a code of the database is of something that passes: SQLite is busy; PostgreSQL lost the
/// connection, has no resources, or shuts down.
fn passes(code: &str) -> bool {
    code == "5" || ["08", "53", "57P"].iter().any(|class| code.starts_with(class))
}
// @else
//| /// Whether a code of the database is of something that passes: it is busy.
//| fn passes(code: &str) -> bool {
//|     code == "5"
//| }
// @end

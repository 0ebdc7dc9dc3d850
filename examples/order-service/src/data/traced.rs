//! A span for each statement, by OpenTelemetry's conventions for databases.

use tracing::field::Empty;
use tracing::{Instrument as _, info_span};

/// Which database it is, as the conventions call it.
#[derive(Clone, Copy, Debug)]
pub struct System(&'static str);

impl System {
    /// The one that a URL names.
    pub fn of(url: &str) -> Self {
        Self(if url.starts_with("sqlite:") { "sqlite" } else { "postgresql" })
    }

    /// Runs a statement within a span of its own. The text goes out with it, the values do not: they
    /// may be nobody else's business.
    pub async fn run<T>(
        self,
        text: &'static str,
        statement: impl Future<Output = sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        let operation = text.split_whitespace().next().unwrap_or(text);
        let span = info_span!(
            "statement",
            otel.name = operation,
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = self.0,
            db.operation.name = operation,
            db.query.text = text,
            error.type = Empty,
        );
        let outcome = statement.instrument(span.clone()).await;
        if let Err(error) = &outcome {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", tracing::field::display(kind(error)));
        }
        outcome
    }
}

/// What kind of failure it was: the database's own code if it answered.
fn kind(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(|error| error.code());
    code.map_or_else(|| "_OTHER".to_owned(), |code| code.into_owned())
}

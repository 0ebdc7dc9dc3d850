//! `/livez`, `/readyz`, `/healthz`: what orchestrators probe.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::answer::{Answer, rounded};
use crate::health::Health;

pub(super) fn alive() -> Answer {
    Answer::json(StatusCode::OK, &json!({"status": "alive"}))
}

/// Runs every check, each of which may take `limit`.
pub(super) async fn ready(health: &Health, limit: Duration) -> Answer {
    let checks = health.check_all(limit).await;
    let statuses = health.statuses();
    let is_ready = statuses.is_ready() && checks.iter().all(|check| check.outcome.is_ok());
    let checks: Vec<_> = checks
        .iter()
        .map(|check| {
            json!({
                "name": check.name,
                "status": if check.outcome.is_ok() { "ok" } else { "failed" },
                "took_ms": rounded(check.took.as_secs_f64() * 1e3),
                "error": check.outcome.as_ref().err().map(ToString::to_string),
            })
        })
        .collect();
    let services: serde_json::Map<_, _> = statuses
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, serving)| (name.to_owned(), serving.into()))
        .collect();
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if is_ready { "ready" } else { "not ready" },
        "alive": true,
        "serving": statuses.is_ready(),
        "services": services,
        "checks": checks,
    });
    Answer::json(status, &body)
}

use std::net::IpAddr;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::client::Channel;
use crate::config::Secret;
use crate::health::Health;

use super::super::announce::Announced;
use super::super::channels::Channels;
use super::super::settings::AdminSettings;

/// What the admin port can tell.
pub(super) struct Pages {
    settings: AdminSettings,
    health: Health,
    announced: watch::Receiver<Announced>,
    channels: Channels,
}

const PAGES: [&str; 4] = ["/livez", "/readyz", "/healthz", "/registry"];

impl Pages {
    pub(super) fn new(
        settings: AdminSettings,
        health: Health,
        announced: watch::Receiver<Announced>,
        channels: Channels,
    ) -> Self {
        Self { settings, health, announced, channels }
    }

    pub(super) async fn answer<B>(
        &self,
        request: &Request<B>,
        peer: IpAddr,
    ) -> Response<Full<Bytes>> {
        let (status, body) = self.page(request, peer).await;
        let mut text = body.to_string();
        text.push('\n');
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    async fn page<B>(&self, request: &Request<B>, peer: IpAddr) -> (StatusCode, Value) {
        let path = request.uri().path();
        if !PAGES.contains(&path) {
            let message = format!("there is nothing at {path}: there are {}", PAGES.join(", "));
            return refusal(StatusCode::NOT_FOUND, "PATH_UNKNOWN", &message);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return refusal(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "GET or HEAD it");
        }
        match path {
            "/livez" => (StatusCode::OK, json!({"status": "alive"})),
            "/readyz" | "/healthz" => self.ready().await,
            _ => match self.refused(request, peer) {
                Some(refusal) => refusal,
                None => (StatusCode::OK, self.registry()),
            },
        }
    }

    /// Whoever may not be told more than health.
    fn refused<B>(&self, request: &Request<B>, peer: IpAddr) -> Option<(StatusCode, Value)> {
        let token = &self.settings.token;
        if !token.is_empty() {
            let shown = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
            let shown = shown.and_then(|value| value.strip_prefix(b"Bearer "));
            return (!shown.is_some_and(|shown| same(shown, token))).then(|| {
                let message = "show admin.token: Authorization: Bearer …";
                refusal(StatusCode::UNAUTHORIZED, "TOKEN_REQUIRED", message)
            });
        }
        (!peer.to_canonical().is_loopback()).then(|| {
            let message = "told to this machine only, unless admin.token is set";
            refusal(StatusCode::FORBIDDEN, "LOOPBACK_ONLY", message)
        })
    }

    async fn ready(&self) -> (StatusCode, Value) {
        let checks = self.health.check_all(self.settings.check_timeout).await;
        let statuses = self.health.statuses();
        let is_ready = statuses.is_ready() && checks.iter().all(|check| check.outcome.is_ok());
        let checks: Vec<_> = checks
            .iter()
            .map(|check| {
                json!({
                    "name": check.name,
                    "status": if check.outcome.is_ok() { "ok" } else { "failed" },
                    "took_ms": check.took.as_secs_f64() * 1000.0,
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
        (status, body)
    }

    fn registry(&self) -> Value {
        let announced = self.announced.borrow().clone();
        let lease = announced.lease.as_ref().map(|lease| {
            let renewed = lease.renewed_at.and_then(|at| SystemTime::now().duration_since(at).ok());
            json!({
                "held": lease.held,
                "renewed_seconds_ago": renewed.map(|ago| ago.as_secs_f64()),
                "registered_again": lease.registered_again,
                "error": lease.error,
            })
        });
        json!({
            "registry": announced.registry,
            "announced": {
                "instance": announced.instance,
                "lease": lease,
                "failures": announced.failures,
                "error": announced.error,
            },
            "channels": self.channels.all().iter().map(Channel::state).collect::<Vec<_>>(),
        })
    }
}

fn refusal(status: StatusCode, reason: &str, message: &str) -> (StatusCode, Value) {
    let body = json!({
        "code": status.as_u16(),
        "reason": reason,
        "message": message,
        "metadata": {},
    });
    (status, body)
}

/// Compares in a time that tells nothing of where they differ.
fn same(shown: &[u8], token: &Secret) -> bool {
    let token = token.reveal().as_bytes();
    let differing = shown.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b));
    shown.len() == token.len() && differing == 0
}

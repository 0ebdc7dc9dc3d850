//! `/registry`: what we announced, and whom each channel sees.

use std::time::SystemTime;

use http::StatusCode;
use serde_json::json;

use super::super::announce::Announced;
use super::super::channels::Channels;
use super::answer::{Answer, rounded};
use crate::client::Channel;

pub(super) fn show(announced: &Announced, channels: &Channels) -> Answer {
    let lease = announced.lease.as_ref().map(|lease| {
        let renewed = lease.renewed_at.and_then(|at| SystemTime::now().duration_since(at).ok());
        json!({
            "held": lease.held,
            "renewed_seconds_ago": renewed.map(|ago| rounded(ago.as_secs_f64())),
            "registered_again": lease.registered_again,
            "error": lease.error,
        })
    });
    let body = json!({
        "registry": announced.registry,
        "announced": {
            "instance": announced.instance,
            "lease": lease,
            "failures": announced.failures,
            "error": announced.error,
        },
        "channels": channels.all().iter().map(Channel::state).collect::<Vec<_>>(),
    });
    Answer::json(StatusCode::OK, &body)
}

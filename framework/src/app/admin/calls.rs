//! `/debug/calls`: what is on its way now, the oldest first.
//!
//! Streams that are meant to stay, such as callers watching our health, are among them and come first:
//! `?operation=` picks those whose operation has a text in its name.

use std::cmp::Reverse;

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::{Answer, rounded};
use super::query;
use crate::context::{Context, Face};
use crate::operation::{Kind, Operation};
use crate::telemetry::{Active, ActiveCall};

/// The most calls that are told one by one: those that hang are the oldest.
const MOST: usize = 1000;

pub(super) fn show(active: &Active, query: Option<&str>) -> Answer {
    let now = Instant::now();
    let mut calls = active.all();
    let in_flight = calls.len();
    if let Some(part) = query::value(query, "operation") {
        calls.retain(|call| operation(call).name().contains(&part));
    }
    calls.sort_by_key(|call| Reverse(now.saturating_duration_since(begun(call))));
    calls.truncate(MOST);
    let calls: Vec<Value> = calls.iter().map(|call| told(call, now)).collect();
    Answer::json(StatusCode::OK, &json!({ "in_flight": in_flight, "oldest": calls }))
}

fn begun(call: &ActiveCall) -> Instant {
    match call {
        ActiveCall::Served(cx) => cx.begun(),
        ActiveCall::Made { begun, .. } => *begun,
    }
}

fn operation(call: &ActiveCall) -> &'static Operation {
    match call {
        ActiveCall::Served(cx) => cx.operation(),
        ActiveCall::Made { operation, .. } => operation,
    }
}

fn told(call: &ActiveCall, now: Instant) -> Value {
    let since = rounded(now.saturating_duration_since(begun(call)).as_secs_f64());
    match call {
        ActiveCall::Served(cx) => json!({
            "side": "server",
            "operation": cx.operation().name(),
            "kind": kind(cx.operation()),
            "face": face(cx),
            "peer": cx.peer().address.map(|address| address.to_string()),
            "since_seconds": since,
            "deadline_left_seconds": left(cx.deadline(), now),
            "request_id": cx.request_id(),
            "trace_id": cx.trace().map(|trace| trace.id().to_string()),
            "span_id": cx.trace().map(|trace| trace.span().to_string()),
        }),
        ActiveCall::Made { operation, target, deadline, .. } => json!({
            "side": "client",
            "operation": operation.name(),
            "kind": kind(operation),
            "target": &**target,
            "since_seconds": since,
            "deadline_left_seconds": left(*deadline, now),
        }),
    }
}

fn face(cx: &Context) -> &'static str {
    match cx.face() {
        Face::Grpc => "grpc",
        Face::GrpcWeb => "grpc-web",
        Face::WebSocket => "websocket",
        Face::Http => "http",
    }
}

fn kind(operation: &Operation) -> &'static str {
    match operation.kind() {
        Kind::Unary => "unary",
        Kind::ServerStream => "server_stream",
        Kind::ClientStream => "client_stream",
        Kind::Bidi => "bidi",
    }
}

/// Less than nothing once it has passed: a call that goes on all the same is worth a look.
fn left(deadline: Option<Instant>, now: Instant) -> Option<f64> {
    deadline.map(|deadline| match deadline.checked_duration_since(now) {
        Some(left) => rounded(left.as_secs_f64()),
        None => -rounded(now.saturating_duration_since(deadline).as_secs_f64()),
    })
}

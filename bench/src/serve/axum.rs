//! A handler for JSON as one writes it by hand, with nothing around it.

use std::io;

use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    id: String,
    display_name: String,
    email: String,
    age: i32,
    #[serde(with = "text")]
    balance: i64,
    score: f64,
    active: bool,
    status: Status,
    tags: Vec<String>,
    address: Address,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    StatusUnspecified,
    StatusActive,
}

#[derive(Debug, Deserialize, Serialize)]
struct Address {
    street: String,
    city: String,
    country: String,
}

/// A number that JavaScript must not round.
mod text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &i64, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

pub(super) async fn serve(listener: TcpListener) -> io::Result<()> {
    let router = Router::new().route("/v1/records", post(store));
    let listener = axum::serve::ListenerExt::tap_io(listener, |socket| {
        socket.set_nodelay(true).ok();
    });
    axum::serve(listener, router).await
}

async fn store(Json(record): Json<Record>) -> Json<Record> {
    Json(record)
}

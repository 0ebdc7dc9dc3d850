//! Asks a node for its health, on one of its connections (gRFC A17).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::Request;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::body::Body;
use crate::error::{Code, Error, Result};
use crate::pb::grpc::health::v1::health_check_response::ServingStatus;
use crate::pb::grpc::health::v1::{HealthCheckRequest, HealthCheckResponse};
use crate::wire::{self, Decoder, Encoding, End, Streaming};

use super::conn::{Conn, Via};
use super::failure;
use super::head;
use super::incoming::Incoming;

const PATH: &str = "/grpc.health.v1.Health/Watch";

/// More than a status needs.
const MAX_MESSAGE: usize = 4096;

/// A node's own word on whether it serves, kept up to date.
pub(super) struct Watch {
    stream: Streaming<HealthCheckResponse>,
    seat: Seat,
}

/// The watch's place on its connection.
struct Seat(Arc<Conn>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Watch {
    /// Begins to watch; with the first answer. None if the node cannot be asked.
    pub(super) async fn begin(
        conn: &Arc<Conn>,
        authority: &Authority,
        node: &str,
    ) -> Result<Option<(Box<Self>, bool)>> {
        let Via::Http2(streams) = conn.via() else { return Ok(None) };
        // The last stream that the peer allows is for calls.
        if conn.limit() < 2 || !conn.enter(usize::MAX) {
            return Ok(None);
        }
        let seat = Seat(Arc::clone(conn));
        let failed = |error: h2::Error| failure::broken(error, PATH, node, conn.cause());
        let (response, _) = streams
            .open(request(streams.scheme(), authority), Some(question()?))
            .map_err(failed)?;
        let (parts, body) = response.await.map_err(failed)?.into_parts();
        let body = Incoming::unguarded(body, PATH, node);
        if let Err(error) = head::check(&parts) {
            return unsupported(error);
        }
        let decoder = Decoder::new(Encoding::of(&parts.headers)?, MAX_MESSAGE);
        let stream = Streaming::new(Body::new(body), decoder, End::Response);
        let stream = stream.with_headers(parts.headers);
        let mut watch = Box::new(Self { stream, seat });
        match watch.next().await {
            Ok(serving) => Ok(Some((watch, serving))),
            Err(error) => unsupported(error),
        }
    }

    /// Whether the node serves, at the next change. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<bool> {
        let Some(answer) = self.stream.message().await? else {
            return Err(Error::unavailable("HEALTH_ENDED", "the node ended its health watch"));
        };
        Ok(match answer.status() {
            // One that does not keep a health for the whole of itself says nothing about it.
            ServingStatus::Serving | ServingStatus::ServiceUnknown => true,
            ServingStatus::NotServing | ServingStatus::Unknown => false,
        })
    }

    /// The connection on which it watches.
    pub(super) fn conn(&self) -> &Conn {
        &self.seat.0
    }
}

/// A node without the service, or one that does not tell us, counts as healthy; another error does not.
fn unsupported(error: Error) -> Result<Option<(Box<Watch>, bool)>> {
    match error.grpc_code() {
        Code::Unimplemented | Code::PermissionDenied | Code::Unauthenticated | Code::NotFound => {
            Ok(None)
        }
        _ => Err(error),
    }
}

fn request(scheme: Scheme, authority: &Authority) -> Request<()> {
    let headers = head::headers(Encoding::Identity);
    head::request(scheme, authority, PathAndQuery::from_static(PATH), headers)
}

/// The health of the whole node.
fn question() -> Result<Bytes> {
    let mut data = BytesMut::new();
    wire::encode(&HealthCheckRequest::default(), Encoding::Identity, MAX_MESSAGE, &mut data)?;
    Ok(data.freeze())
}

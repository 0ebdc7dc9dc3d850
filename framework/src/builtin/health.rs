//! `grpc.health.v1`: what load balancers and callers ask to know whether an app serves.
//!
//! The rules are those of `grpc/grpc:doc/health-checking.md`. The empty name is the app as a whole.

use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use tokio::time::timeout;

use crate::config::Live;
use crate::context::Context;
use crate::dispatch::Service;
use crate::error::{Error, Result};
use crate::health::{Health, Statuses};
use crate::pb::grpc::health::v1::health_check_response::ServingStatus;
use crate::pb::grpc::health::v1::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use crate::server::Stop;
use crate::transport::ServerSettings;

use super::generated::grpc::health::v1 as generated;

/// Makes the service. A stream of it says something at least twice within the idle limit of streams, so that it
/// is not taken for one that both sides have forgotten; it ends when `stop` begins, so that it holds up no
/// stop.
pub(super) fn service(health: Health, stop: Stop, settings: Live<ServerSettings>) -> Service {
    generated::health(Answers { health, stop, settings })
}

struct Answers {
    health: Health,
    stop: Stop,
    settings: Live<ServerSettings>,
}

fn repeat(settings: &Live<ServerSettings>) -> Duration {
    let idle = settings.get().stream_idle_timeout;
    if idle.is_zero() { Duration::MAX } else { idle / 2 }
}

fn status(statuses: &Statuses, service: &str) -> ServingStatus {
    match statuses.serves(service) {
        Some(true) => ServingStatus::Serving,
        Some(false) => ServingStatus::NotServing,
        None => ServingStatus::ServiceUnknown,
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

impl generated::Health for Answers {
    async fn check(&self, _: &Context, request: HealthCheckRequest) -> Result<HealthCheckResponse> {
        match status(&self.health.statuses(), &request.service) {
            ServingStatus::ServiceUnknown => Err(Error::not_found(
                "SERVICE_UNKNOWN",
                format!("there is no service {} here", request.service),
            )),
            known => Ok(response(known)),
        }
    }

    async fn list(&self, _: &Context, _: HealthListRequest) -> Result<HealthListResponse> {
        let statuses = self.health.statuses();
        let statuses =
            statuses.iter().map(|(name, _)| (name.to_owned(), response(status(&statuses, name))));
        Ok(HealthListResponse { statuses: statuses.collect() })
    }

    async fn watch(
        &self,
        _: &Context,
        request: HealthCheckRequest,
    ) -> Result<impl Stream<Item = Result<HealthCheckResponse>> + Send> {
        let mut statuses = self.health.watch();
        let now = status(&statuses.borrow_and_update(), &request.service);
        let settings = self.settings.clone();
        let changes = stream::unfold((statuses, now), move |(mut statuses, last)| {
            let (service, repeat) = (request.service.clone(), repeat(&settings));
            async move {
                let differs = |statuses: &Statuses| status(statuses, &service) != last;
                let next = match timeout(repeat, statuses.wait_for(differs)).await {
                    Ok(Ok(statuses)) => status(&statuses, &service),
                    Ok(Err(_gone)) => return None,
                    Err(_elapsed) => last,
                };
                Some((next, (statuses, next)))
            }
        });
        let stop = self.stop.clone();
        let all = stream::iter([now]).chain(changes).map(|status| Ok(response(status)));
        Ok(all.take_until(async move { stop.begun().await }))
    }
}

//! The services that every app answers without being asked to: health, reflection, and its document.

mod health;
mod openapi;
mod reflection;

use crate::config::Live;
use crate::dispatch::Service;
use crate::health::Health;
use crate::registry::Instance;
use crate::server::Stop;
use crate::transport::ServerSettings;

mod generated {
    //! Generated from `proto/grpc` and checked in; `cargo xtask gen` writes it anew.

    include!("generated/bia.rs");
}

/// Those of them that the settings ask for, for an app that serves `services`.
///
/// `instance` names the app; `stop` ends their streams when the app takes nothing new any more.
pub(crate) fn services(
    settings: &Live<ServerSettings>,
    services: &[Service],
    instance: &Instance,
    health: &Health,
    stop: &Stop,
) -> Vec<Service> {
    let mut own = Vec::new();
    let now = settings.get();
    if now.health {
        own.push(health::service(health.clone(), stop.clone(), settings.clone()));
    }
    if now.reflection {
        own.extend(reflection::services(services.iter().chain(&own), stop));
    }
    if now.openapi {
        own.extend(openapi::service(&instance.name, &instance.version, services));
    }
    own
}

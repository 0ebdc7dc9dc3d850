//! A service inside the process that is asked in bytes, for who feeds it any. Not for anybody else.

use std::sync::Arc;

use tokio::io::{DuplexStream, duplex};

use super::in_process::PIPE;
use crate::context::Peer;
use crate::dispatch::Service;
use crate::error::Result;
use crate::server::Stop;
use crate::telemetry::Telemetry;
use crate::transport::api::pipeline;
use crate::transport::connection::serve_io;
use crate::transport::pipeline::Pipeline;
use crate::transport::{InForce, ServerSettings};

/// Services behind all that a socket has behind it, but for the socket.
#[expect(missing_debug_implementations, reason = "nobody prints it")]
pub struct Raw {
    pipeline: Pipeline,
    settings: Arc<ServerSettings>,
    _in_force: InForce,
}

impl Raw {
    /// Puts the pipeline before `services`.
    ///
    /// # Errors
    ///
    /// If the settings cannot be used, or two of the services say different things.
    pub fn new(services: Vec<Service>, settings: ServerSettings) -> Result<Self> {
        let in_force = InForce::new(settings)?;
        let pipeline = pipeline(&in_force, services, &[], Telemetry::off())?;
        Ok(Self { pipeline, settings: in_force.settings().full(), _in_force: in_force })
    }

    /// Opens a connection: the caller's end of it, and what serves the other end until it is over.
    pub fn open(&self) -> (DuplexStream, impl Future<Output = ()> + Send + use<>) {
        let (near, far) = duplex(PIPE);
        let (pipeline, settings) = (self.pipeline.clone(), self.settings.clone());
        let served = async move {
            serve_io(far, pipeline, settings, Peer::default(), Stop::new()).await;
        };
        (near, served)
    }
}

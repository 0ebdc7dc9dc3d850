use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use prost::Message;
use prost_types::FileDescriptorSet;
use tower::ServiceExt;

use crate::body::Body;
use crate::error::{BoxError, Error, Result};
use crate::json::Types;
use crate::operation::{Kind, Operation};

use super::{Handler, Reply, ServerCall, Service};

/// A service that speaks gRPC over HTTP itself.
struct Foreign<S>(S);

impl Service {
    /// Takes in a service that another framework generated, such as tonic, under its full name.
    ///
    /// It goes through the same pipeline. Its methods are not known, so limits and selectors see it
    /// as the one operation `/name/*` until [`Service::with_descriptors`] tells more.
    ///
    /// ```
    /// # fn mount<S>(greeter: S) -> bia::Service where
    /// # S: tower::Service<http::Request<bia::Body>, Response = http::Response<bia::Body>, Error = std::convert::Infallible>
    /// #   + Clone + Send + Sync + 'static, S::Future: Send {
    /// bia::Service::foreign("helloworld.Greeter", greeter)
    /// # }
    /// ```
    pub fn foreign<S, B>(name: &str, service: S) -> Self
    where
        S: tower::Service<Request<Body>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        // Once for each service of the process: what lives as long as it may be leaked.
        let any = operation(name, "*", Kind::Bidi);
        Self {
            name: any.service(),
            operations: Arc::new([any]),
            open: true,
            foreign: true,
            descriptors: None,
            http: &[],
            openapi: "",
            types: Types::new(&[]),
            json: &[],
            handler: Arc::new(Foreign(service)),
        }
    }

    /// Takes in a service that tonic generated, under its own name.
    #[cfg(feature = "tonic")]
    pub fn tonic<S, B>(service: S) -> Self
    where
        S: tower::Service<Request<Body>, Response = Response<B>, Error = Infallible>
            + tonic::server::NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::foreign(S::NAME, service)
    }

    /// Replaces what is known of a foreign service's methods with what an encoded
    /// `FileDescriptorSet` says; reflection then tells it too.
    ///
    /// # Errors
    ///
    /// If it cannot be decoded or does not have the service.
    pub fn with_descriptors(mut self, descriptors: &'static [u8]) -> Result<Self> {
        let set = FileDescriptorSet::decode(descriptors).map_err(|error| {
            Error::internal("DESCRIPTORS_INVALID", "cannot decode the descriptor set")
                .with_source(error)
        })?;
        let found = set.file.iter().find_map(|file| {
            let service = file.service.iter().find(|service| {
                [file.package(), service.name()].join(".").trim_start_matches('.') == self.name
            })?;
            let operations = service.method.iter().map(|method| {
                let kind = match (method.client_streaming(), method.server_streaming()) {
                    (false, false) => Kind::Unary,
                    (true, false) => Kind::ClientStream,
                    (false, true) => Kind::ServerStream,
                    (true, true) => Kind::Bidi,
                };
                operation(self.name, method.name(), kind)
            });
            Some(operations.collect::<Vec<_>>())
        });
        let Some(operations) = found else {
            return Err(Error::internal(
                "DESCRIPTORS_INVALID",
                format!("the descriptor set has no service {}", self.name),
            ));
        };
        self.operations = operations.into();
        self.open = false;
        self.descriptors = Some(descriptors);
        Ok(self)
    }
}

fn operation(service: &str, method: &str, kind: Kind) -> &'static Operation {
    Box::leak(Box::new(Operation::new(
        Box::leak(format!("/{service}/{method}").into_boxed_str()),
        kind,
    )))
}

impl<S, B> Handler for Foreign<S>
where
    S: tower::Service<Request<Body>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn call(&self, _: usize, call: ServerCall) -> Reply {
        let cx = call.inbound.cx.clone();
        let run = cx.scope(self.0.clone().oneshot(call.inbound.into_request()));
        Box::pin(async move { Ok(run.await?.map(Body::new)) })
    }
}

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::{BufMut, Bytes};
use http::uri::PathAndQuery;
use prost::Message;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

use crate::config::Invalid;
use crate::pb::google::rpc;
use crate::telemetry::settings::{Destination, OtlpCompression};

/// One collector, as one kind of telemetry is sent to it.
#[derive(Clone, Debug)]
pub(super) struct Client {
    grpc: Grpc<Channel>,
    headers: MetadataMap,
    timeout: Duration,
    endpoint: String,
}

/// Why a request did not arrive.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) what: String,
    /// Whether it may arrive another time; then perhaps when.
    pub(super) again: Option<Option<Duration>>,
}

impl Client {
    /// Connects when it is first used.
    pub(super) fn new(to: &Destination) -> Result<Self, Invalid> {
        let invalid = |key: &str, what: String| Invalid::new(format!("telemetry.otlp.{key}"), what);
        let endpoint = Endpoint::from_shared(to.endpoint.clone())
            .and_then(|endpoint| endpoint.user_agent(concat!("bia/", env!("CARGO_PKG_VERSION"))))
            .map_err(|error| invalid("endpoint", Causes(&error).to_string()))?
            .connect_timeout(to.timeout)
            // A connection whose other end is gone without a word is found so.
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(10));
        let endpoint = if to.endpoint.starts_with("https:") {
            endpoint
                .tls_config(tls(to)?)
                .map_err(|error| invalid("certificate", Causes(&error).to_string()))?
        } else {
            endpoint
        };
        let mut grpc = Grpc::new(endpoint.connect_lazy());
        if to.compression == OtlpCompression::Gzip {
            let gzip = CompressionEncoding::Gzip;
            grpc = grpc.send_compressed(gzip).accept_compressed(gzip);
        }
        let headers = MetadataMap::from_headers(to.headers.clone());
        Ok(Self { grpc, headers, timeout: to.timeout, endpoint: to.endpoint.clone() })
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Sends one request, already encoded, and waits for its answer.
    pub(super) async fn send<R: Message + Default + 'static>(
        &self,
        method: &'static str,
        body: Bytes,
    ) -> Result<R, Failure> {
        let mut grpc = self.grpc.clone();
        let mut request = Request::new(body);
        *request.metadata_mut() = self.headers.clone();
        let call = async {
            grpc.ready().await.map_err(|error| Failure::on_the_way(&error))?;
            let method = PathAndQuery::from_static(method);
            grpc.unary(request, method, Raw(PhantomData))
                .await
                .map_err(|status| Failure::told(&status))
        };
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => answer.map(tonic::Response::into_inner),
            Err(_) => Err(Failure {
                what: format!("no answer within {:?}", self.timeout),
                again: Some(None),
            }),
        }
    }
}

fn tls(to: &Destination) -> Result<ClientTlsConfig, Invalid> {
    let Some(path) = &to.certificate else {
        return Ok(ClientTlsConfig::new().with_native_roots());
    };
    let pem = std::fs::read(path).map_err(|error| {
        let what = format!("cannot read {}: {error}", path.display());
        Invalid::new("telemetry.otlp.certificate", what)
    })?;
    Ok(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))
}

impl Failure {
    /// It did not get to the collector.
    fn on_the_way(error: &dyn std::error::Error) -> Self {
        Self { what: Causes(error).to_string(), again: Some(None) }
    }

    /// The collector answered. Which codes may be tried again is told in the OTLP specification
    /// (Failures, OTLP/gRPC Response).
    fn told(status: &Status) -> Self {
        if let Some(cause) = std::error::Error::source(status) {
            return Self::on_the_way(cause);
        }
        let wait = retry_info(status.details());
        let again = match status.code() {
            tonic::Code::Cancelled
            | tonic::Code::DeadlineExceeded
            | tonic::Code::Aborted
            | tonic::Code::OutOfRange
            | tonic::Code::Unavailable
            | tonic::Code::DataLoss => Some(wait),
            tonic::Code::ResourceExhausted => wait.map(Some),
            _ => None,
        };
        Self { what: format!("{:?}: {}", status.code(), status.message()), again }
    }
}

/// How long the collector asks to wait (`google.rpc.RetryInfo`).
fn retry_info(details: &[u8]) -> Option<Duration> {
    let status = rpc::Status::decode(details).ok()?;
    let info = status.details.iter().find(|any| any.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = rpc::RetryInfo::decode(info.value.as_slice()).ok()?.retry_delay?;
    Duration::try_from(delay).ok()
}

/// An error with what caused it, in one line.
struct Causes<'a>(&'a dyn std::error::Error);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

/// Messages that are encoded once, however often they are sent.
struct Raw<R>(PhantomData<fn() -> R>);

impl<R: Message + Default + 'static> Codec for Raw<R> {
    type Encode = Bytes;
    type Decode = R;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self::Encoder {
        Self(PhantomData)
    }

    fn decoder(&mut self) -> Self::Decoder {
        Self(PhantomData)
    }
}

impl<R> Encoder for Raw<R> {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }
}

impl<R: Message + Default> Decoder for Raw<R> {
    type Item = R;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<R>, Status> {
        R::decode(from).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

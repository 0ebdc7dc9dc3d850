//! Services and clients that tonic generated, in our app and over our channel.

use std::pin::Pin;

use bia::{Context, Service};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use interop::api::grpc::testing::{
    Empty as OurEmpty, ReconnectInfo, ReconnectParams, ReconnectService, ReconnectServiceClient,
    reconnect_service,
};
use interop::by_tonic::test_service_client::TestServiceClient;
use interop::by_tonic::test_service_server::{TestService, TestServiceServer};
use interop::by_tonic::{
    EchoStatus, Empty, Payload, ResponseParameters, SimpleRequest, SimpleResponse,
    StreamingInputCallRequest, StreamingInputCallResponse, StreamingOutputCallRequest,
    StreamingOutputCallResponse,
};
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::{channel, serve, serve_interop};

/// The interoperability service as somebody wrote it with tonic.
struct WithTonic;

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Echoes what the tests of metadata ask for.
fn echoed<A, B>(request: &Request<A>, message: B) -> Response<B> {
    let mut response = Response::new(message);
    for key in ["x-grpc-test-echo-initial"] {
        if let Some(value) = request.metadata().get(key) {
            response.metadata_mut().insert(key, value.clone());
        }
    }
    response
}

fn asked_status(status: Option<EchoStatus>) -> Result<(), Status> {
    match status {
        None | Some(EchoStatus { code: 0, .. }) => Ok(()),
        Some(EchoStatus { code, message }) => Err(Status::new(Code::from(code), message)),
    }
}

fn payload(size: i32) -> Option<Payload> {
    Some(Payload { body: vec![0; usize::try_from(size).unwrap()], ..Default::default() })
}

fn outputs(parameters: Vec<ResponseParameters>) -> Replies<StreamingOutputCallResponse> {
    Box::pin(
        stream::iter(parameters).map(|parameters| {
            Ok(StreamingOutputCallResponse { payload: payload(parameters.size) })
        }),
    )
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl TestService for WithTonic {
    type StreamingOutputCallStream = Replies<StreamingOutputCallResponse>;
    type FullDuplexCallStream = Replies<StreamingOutputCallResponse>;
    type HalfDuplexCallStream = Replies<StreamingOutputCallResponse>;

    async fn empty_call(&self, request: Request<Empty>) -> Answer<Empty> {
        Ok(echoed(&request, Empty {}))
    }

    async fn unary_call(&self, request: Request<SimpleRequest>) -> Answer<SimpleResponse> {
        asked_status(request.get_ref().response_status.clone())?;
        let payload = payload(request.get_ref().response_size);
        Ok(echoed(&request, SimpleResponse { payload, ..Default::default() }))
    }

    async fn cacheable_unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Answer<SimpleResponse> {
        self.unary_call(request).await
    }

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Answer<Self::StreamingOutputCallStream> {
        asked_status(request.get_ref().response_status.clone())?;
        let replies = outputs(request.get_ref().response_parameters.clone());
        Ok(echoed(&request, replies))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Answer<StreamingInputCallResponse> {
        let sizes =
            request.into_inner().map_ok(|request| request.payload.map_or(0, |p| p.body.len()));
        let size: usize = sizes.try_fold(0, |sum, size| async move { Ok(sum + size) }).await?;
        let aggregated_payload_size = i32::try_from(size).unwrap();
        Ok(Response::new(StreamingInputCallResponse { aggregated_payload_size }))
    }

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Answer<Self::FullDuplexCallStream> {
        let replies = request.into_inner().and_then(|request| async move {
            asked_status(request.response_status)?;
            Ok(outputs(request.response_parameters))
        });
        Ok(Response::new(Box::pin(replies.try_flatten())))
    }

    async fn half_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Answer<Self::HalfDuplexCallStream> {
        self.full_duplex_call(request).await
    }

    async fn unimplemented_call(&self, _: Request<Empty>) -> Answer<Empty> {
        Err(Status::unimplemented("this method is there to be missing"))
    }
}

/// A service of ours, beside which tonic's is mounted.
struct Reconnect;

impl ReconnectService for Reconnect {
    async fn start(&self, _: &Context, _: ReconnectParams) -> bia::Result<OurEmpty> {
        Ok(OurEmpty {})
    }

    async fn stop(&self, _: &Context, _: OurEmpty) -> bia::Result<ReconnectInfo> {
        Ok(ReconnectInfo { passed: true, backoff_ms: vec![1, 2] })
    }
}

#[tokio::test]
async fn a_service_that_tonic_generated_mounts_beside_ours() {
    let theirs = TestServiceServer::new(WithTonic)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    let app = serve([Service::tonic(theirs), reconnect_service(Reconnect)]).await;

    let ours = ReconnectServiceClient::new(channel(&app));
    assert!(ours.stop(OurEmpty {}).await.unwrap().passed);

    // And theirs by a client of their own, with compression both ways.
    let client = TestServiceClient::new(channel(&app))
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    every_kind_of_method(client).await;
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_that_tonic_generated_calls_ours_over_our_channel() {
    let app = serve_interop().await;
    every_kind_of_method(TestServiceClient::new(channel(&app))).await;
    let compressed = TestServiceClient::new(channel(&app))
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    every_kind_of_method(compressed).await;
    app.stop().await.unwrap();
}

async fn every_kind_of_method(mut client: TestServiceClient<bia::Channel>) {
    let mut request = Request::new(SimpleRequest { response_size: 9, ..Default::default() });
    request.metadata_mut().insert("x-grpc-test-echo-initial", "a".parse().unwrap());
    let reply = client.unary_call(request).await.unwrap();
    assert_eq!(reply.metadata().get("x-grpc-test-echo-initial").unwrap(), "a");
    assert_eq!(reply.into_inner().payload.unwrap().body.len(), 9);

    let sizes = |sizes: &[i32]| StreamingOutputCallRequest {
        response_parameters: sizes
            .iter()
            .map(|size| ResponseParameters { size: *size, ..Default::default() })
            .collect(),
        ..Default::default()
    };
    let replies = client.streaming_output_call(sizes(&[1, 70_000, 3])).await.unwrap().into_inner();
    let got: Vec<_> =
        replies.map_ok(|reply| reply.payload.unwrap().body.len()).try_collect().await.unwrap();
    assert_eq!(got, [1, 70_000, 3]);

    let inputs = [5_usize, 70_000].map(|size| StreamingInputCallRequest {
        payload: Some(Payload { body: vec![7; size], ..Default::default() }),
        ..Default::default()
    });
    let reply = client.streaming_input_call(stream::iter(inputs)).await.unwrap();
    assert_eq!(reply.into_inner().aggregated_payload_size, 70_005);

    let replies = client.full_duplex_call(stream::iter([sizes(&[1]), sizes(&[2, 3])])).await;
    let got: Vec<_> = replies
        .unwrap()
        .into_inner()
        .map_ok(|reply| reply.payload.unwrap().body.len())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(got, [1, 2, 3]);

    let asked = EchoStatus { code: Code::DataLoss as i32, message: "lost ☺".to_owned() };
    let request = SimpleRequest { response_status: Some(asked), ..Default::default() };
    let status = client.unary_call(request).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::DataLoss, "lost ☺"));
}

#[tokio::test]
async fn a_client_of_tonic_is_told_what_went_wrong_on_the_way() {
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let mut client = TestServiceClient::new(crate::channel_to(port));
    let status = client.empty_call(Empty {}).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(status.message().contains(&port.to_string()), "{status}");
}

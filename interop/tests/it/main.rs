//! Bia against clients and servers that were not written here.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests"
)]

mod conformance;
mod envoy;
mod faces;
mod grpc_go;
mod grpcurl;
mod openapi;
mod peer;
mod python;
mod rules;
mod tonic;

use bia::testing::TestApp;
use bia::{App, Channel, Config, Service};
use interop::Interop;
use interop::api::grpc::testing::test_service;

/// An app that serves the interoperability service.
async fn serve_interop() -> TestApp {
    serve([test_service(Interop)]).await
}

/// An app that serves `services`.
async fn serve(services: impl IntoIterator<Item = Service>) -> TestApp {
    let config = Config::<()>::for_test("").unwrap();
    let app = App::new("interop", "0.0.0", &config).unwrap();
    TestApp::spawn(services.into_iter().fold(app, App::serve)).await.unwrap()
}

/// A channel to an app of ours.
fn channel(app: &TestApp) -> Channel {
    channel_to(app.address().unwrap().port())
}

/// A channel to a server of this machine, straight.
fn channel_to(port: u16) -> Channel {
    Channel::builder(format!("direct:///127.0.0.1:{port}")).build().unwrap()
}

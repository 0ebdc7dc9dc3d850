//! grpcurl, which knows a service by reflection alone.

use bia::testing::TestApp;
use bia::{App, Config};
use interop::Interop;
use interop::api::grpc::testing::test_service;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::process::Command;

use crate::peer::{printed, program, run};
use crate::serve_interop;

#[tokio::test]
async fn grpcurl_lists_describes_and_calls_by_reflection() {
    let name = "grpcurl_lists_describes_and_calls_by_reflection";
    let Some(grpcurl) = program(name, "grpcurl") else { return };
    let app = serve_interop().await;
    let address = app.address().unwrap().to_string();
    let table: [(&[&str], &str); 5] = [
        (&[&address, "list"], "grpc.testing.TestService"),
        (
            &[&address, "list", "grpc.testing.TestService"],
            "grpc.testing.TestService.FullDuplexCall",
        ),
        (&[&address, "describe", "grpc.testing.SimpleRequest"], "int32 response_size = 2;"),
        (
            &["-d", r#"{"response_size": 3}"#, &address, "grpc.testing.TestService/UnaryCall"],
            "AAAA",
        ),
        (&[&address, "grpc.health.v1.Health/Check"], "SERVING"),
    ];
    for (arguments, expected) in table {
        let output = run(Command::new(&grpcurl).arg("-plaintext").args(arguments)).await;
        let printed = printed(&output);
        assert!(output.status.success() && printed.contains(expected), "{arguments:?}: {printed}");
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn grpcurl_shows_the_details_of_an_error() {
    let name = "grpcurl_shows_the_details_of_an_error";
    let Some(grpcurl) = program(name, "grpcurl") else { return };
    let app = serve_interop().await;
    let address = app.address().unwrap().to_string();
    let method = "grpc.testing.TestService/UnimplementedCall";
    let output = run(Command::new(&grpcurl).args(["-plaintext", &address, method])).await;
    let printed = printed(&output);
    assert!(printed.contains("google.rpc.ErrorInfo") && printed.contains("reason"), "{printed}");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn grpcurl_calls_over_tls_and_shows_the_certificate_that_it_is_asked_for() {
    let name = "grpcurl_calls_over_tls_and_shows_the_certificate_that_it_is_asked_for";
    let Some(grpcurl) = program(name, "grpcurl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(path("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, key);
    for (file, named) in [("server", "127.0.0.1"), ("caller", "caller")] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![named.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        std::fs::write(path(&format!("{file}.pem")), certificate.pem()).unwrap();
        std::fs::write(path(&format!("{file}.key")), key.serialize_pem()).unwrap();
    }
    let [ca, certificate, key] = ["ca.pem", "server.pem", "server.key"].map(path);
    let tls = format!("{{certificate: {certificate}, key: {key}, client_ca: {ca}}}");
    let config = Config::<()>::for_test(&format!("server: {{tls: {tls}}}")).unwrap();
    let app = App::new("interop", "0.0.0", &config).unwrap().serve(test_service(Interop));
    let app = TestApp::spawn(app).await.unwrap();
    let address = app.address().unwrap().to_string();
    let (certificate, key) = (path("caller.pem"), path("caller.key"));
    let ours = ["-cert", &certificate, "-key", &key];
    let call = ["-d", r#"{"response_size": 3}"#, &address, "grpc.testing.TestService/UnaryCall"];
    let table: [(&[&str], &[&str], bool); 4] = [
        (&["-cacert", &ca], &ours, true),
        (&["-cacert", &ca], &[], false),
        (&[], &ours, false),
        (&["-plaintext"], &[], false),
    ];
    for (trust, shown, is_answered) in table {
        let mut command = Command::new(&grpcurl);
        let output = run(command.args(["-max-time", "5"]).args(trust).args(shown).args(call)).await;
        let printed = printed(&output);
        assert_eq!(output.status.success(), is_answered, "{trust:?} {shown:?}: {printed}");
        assert_eq!(printed.contains("AAAA"), is_answered, "{trust:?} {shown:?}: {printed}");
    }
    app.stop().await.unwrap();
}

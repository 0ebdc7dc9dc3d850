//! The code of a service whose methods are still to be written.

use bia_codegen::{Kind, Method, Segment, Service, Template};

use crate::handler::{self, Words};

use super::{Definition, Served};

/// `src/service/mod.rs`.
pub(super) fn modules(definition: &Definition) -> String {
    let mut text = String::from("//! The API: a file for each service.\n\n");
    for Served { function, .. } in &definition.services {
        text.push_str(&format!("pub mod {function};\n"));
    }
    text
}

/// What implements a service, each method with a body that says that there is none yet.
pub(super) fn service(served: &Served, service: &Service) -> String {
    let imports = handler::imports(&service.methods);
    let imports = match imports.as_slice() {
        [] => String::new(),
        some => format!("use bia::{{{}}};\n\n", some.join(", ")),
    };
    let Served { name, api, .. } = served;
    format!(
        "//! `{name}`.\n\n{imports}use crate::api;\n\n/// Answers the calls.\n#[derive(Clone, Copy, Debug, Default)]\npub struct {api};\n\nimpl api::{} for {api} {{\n{}}}\n",
        service.name,
        super::methods(service),
    )
}

/// `src/tests.rs`: the service as a whole, each method called.
pub(super) fn tests(services: &[(&Served, &Service)], has_database: bool) -> String {
    let mut calls = String::new();
    for (served, service) in services {
        calls.push_str(&format!(
            "\n// {}\nlet client = api::{}::new(running.channel().unwrap());\n",
            served.name, service.client
        ));
        for method in &service.methods {
            calls.push_str(&grpc(method));
        }
        for method in service.methods.iter().filter(|it| it.kind == Kind::Unary) {
            calls.push_str(&http(method));
        }
    }
    let settings = if has_database {
        "let folder = tempfile::tempdir().unwrap();\nlet yaml = format!(\"data: {{url: 'sqlite://{}/test.db?mode=rwc'}}\", folder.path().display());"
    } else {
        "let yaml = String::new();"
    };
    TESTS.replace("@calls@", &calls).replace("@settings@", settings)
}

/// A call of a method over gRPC, with a message without content.
fn grpc(method: &Method) -> String {
    let input = Words::imported("api").message(method, &method.input);
    // `()` is no path that anything could be asked of.
    let request = if input == "()" { "()".to_owned() } else { format!("{input}::default()") };
    let request = match method.kind {
        Kind::Unary | Kind::ServerStream => request,
        Kind::ClientStream | Kind::Bidi => format!("futures_util::stream::iter([{request}])"),
    };
    let call = format!("client.{}({request}).await", method.name);
    match method.kind {
        Kind::Unary | Kind::ClientStream => {
            format!("arrived(\"{}\", {call}.map(drop));\n", method.proto_name)
        }
        Kind::ServerStream | Kind::Bidi => format!(
            "let stream = {call};\nlet answer = match stream {{ Ok(mut stream) => stream.message().await.map(drop), Err(error) => Err(error) }};\narrived(\"{}\", answer);\n",
            method.proto_name
        ),
    }
}

/// A call of a method over HTTP.
fn http(method: &Method) -> String {
    let Some(rule) = method.http.first() else { return String::new() };
    let verb = if rule.verb == "*" { "POST" } else { &rule.verb };
    let line = format!("{verb} {}", path(&rule.template));
    format!("arrived_over_http({line:?}, address).await;\n")
}

/// A path that fits.
fn path(template: &Template) -> String {
    let parts = template.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => text.as_str(),
        Segment::One | Segment::Rest => "1",
    });
    let path = format!("/{}", parts.collect::<Vec<_>>().join("/"));
    match &template.verb {
        Some(verb) => format!("{path}:{verb}"),
        None => path,
    }
}

const TESTS: &str = r#"//! The service as a whole: started on free ports, called on its faces, stopped in order.

use std::net::SocketAddr;

use bia::testing::TestApp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

/// Until they are written: replace what is here by what they promise.
#[tokio::test]
async fn every_method_is_called_on_each_face() {
    @settings@
    let config = bia::Config::for_test(&yaml).unwrap();
    let running = TestApp::spawn(app(&config).await.unwrap()).await.unwrap();
    let address = running.address().unwrap();
    @calls@
    running.stop().await.unwrap();
}

/// What a call without content comes to: it is not written yet, or the proto's rules refuse it.
const EXPECTED: [u16; 4] = [501, 400, 401, 403];

fn arrived(method: &str, answer: bia::Result<()>) {
    let error = answer.expect_err(method);
    assert!(EXPECTED.contains(&error.code()), "{method}: {error}");
}

async fn arrived_over_http(request: &str, address: SocketAddr) {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let text = format!(
        "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    connection.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    assert!(EXPECTED.contains(&code), "{request}: {answer}");
}
"#;

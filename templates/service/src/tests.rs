//! The service as a whole: started on free ports, called on its faces, stopped in order.

use std::net::SocketAddr;

use bia::testing::TestApp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

#[tokio::test]
async fn the_service_starts_answers_on_its_faces_and_stops_in_order() {
    // @if database
    let folder = tempfile::tempdir().unwrap();
    let yaml = format!("data: {{url: 'sqlite://{}/gadgets.db?mode=rwc'}}", folder.path().display());
    // @else
    //| let yaml = String::new();
    // @end
    let config = bia::Config::for_test(&yaml).unwrap();
    let running = TestApp::spawn(app(&config).await.unwrap()).await.unwrap();
    let address = running.address().unwrap();

    let client = api::SampleServiceClient::new(running.channel().unwrap());
    let gadget = api::Gadget { name: "first".to_owned(), ..api::Gadget::default() };
    let request = api::CreateGadgetRequest { gadget: Some(gadget) };
    let made = client.create_gadget(request).await.unwrap();

    // @if http
    let answer = http(address, &format!("GET /v1/gadgets/{}", made.id), "").await;
    // @else
    //| let body = format!(r#"{{"id": "{}"}}"#, made.id);
    //| let answer = http(address, "POST /sample.v1.SampleService/GetGadget", &body).await;
    // @end
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains(r#""name":"first""#), "{answer}");

    let ready = http(running.admin_address().unwrap(), "GET /readyz", "").await;
    assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");

    running.stop().await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// What is answered to a request, its head too.
async fn http(address: SocketAddr, request: &str, body: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let text = format!(
        "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

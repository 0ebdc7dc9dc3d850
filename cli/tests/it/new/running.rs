//! A service that was made, started as a user starts it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long anything of one may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A process that is killed when the test ends before it.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    err: BufReader<std::process::ChildStderr>,
    /// What it said so far.
    log: String,
    pub(super) api: SocketAddr,
    pub(super) admin: SocketAddr,
}

impl Running {
    /// Starts `program` in the folder of its service, on free ports, and waits until it is up.
    pub(super) fn start(program: &Path, folder: &Path, registry: &Path) -> Self {
        let path = format!("registry.local.path={}", registry.display());
        Self::start_with(program, folder, &[&path])
    }

    /// The same with settings of one's own.
    pub(super) fn start_with(program: &Path, folder: &Path, settings: &[&str]) -> Self {
        let mut child = Command::new(program)
            .current_dir(folder)
            .args(["--set", "server.address=127.0.0.1:0", "--set", "admin.address=127.0.0.1:0"])
            .args(["--set", "stop.drain_delay=0s", "--set", "telemetry.logs.format=json"])
            .args(settings.iter().flat_map(|setting| ["--set", setting]))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let err = BufReader::new(child.stderr.take().expect("it is piped"));
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut running = Self { child, err, log: String::new(), api: nowhere, admin: nowhere };
        while !running.log.contains("\"phase\":\"started\"") {
            running.line();
        }
        for line in running.log.lines() {
            let told: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            let address = || told["address"].as_str().and_then(|it| it.parse().ok());
            match told["server"].as_str() {
                Some("api") => running.api = address().expect("an address"),
                Some("admin") => running.admin = address().expect("an address"),
                _ => {}
            }
        }
        running
    }

    fn line(&mut self) {
        let read = self.err.read_line(&mut self.log).expect("it speaks");
        assert!(read > 0, "it ended: {}", self.log);
    }

    /// What HTTP/1.1 answers: the head, and the body as it is.
    pub(super) fn http(address: SocketAddr, request: &str, kind: &str, body: &[u8]) -> String {
        let mut connection = TcpStream::connect(address).expect("it listens");
        connection.set_read_timeout(Some(LIMIT)).expect("a timeout");
        let head = format!(
            "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        connection.write_all(head.as_bytes()).expect("it reads");
        connection.write_all(body).expect("it reads");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// What JSON is answered to JSON.
    pub(super) fn json(&self, request: &str, body: &str) -> String {
        Self::http(self.api, request, "application/json", body.as_bytes())
    }

    /// The status that gRPC-Web answers to a message without content.
    pub(super) fn grpc_web(&self, operation: &str) -> String {
        let request = format!("POST {operation}");
        let answer = Self::http(self.api, &request, "application/grpc-web+proto", &[0; 5]);
        status(&answer).unwrap_or_else(|| panic!("{operation}: no status in {answer}"))
    }

    /// The status that gRPC answers to a message without content.
    pub(super) fn grpc(&self, operation: &str) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            tokio::time::timeout(LIMIT, grpc(self.api, operation)).await.expect("it answers")
        })
    }

    /// Asks it to stop, and hands back all that it said; it must end well.
    pub(super) fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().expect("it runs");
        assert!(asked.success());
        self.err.read_to_string(&mut self.log).expect("it speaks until it ends");
        let ended = self.child.wait().expect("it ends");
        assert!(ended.success(), "{ended}: {}", self.log);
        std::mem::take(&mut self.log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

async fn grpc(address: SocketAddr, operation: &str) -> String {
    let connection = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let (mut sender, driver) = h2::client::handshake(connection).await.expect("HTTP/2");
    let driver = tokio::spawn(driver);
    let request = http::Request::post(format!("http://{address}{operation}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .expect("a request");
    let (answer, mut body) = sender.send_request(request, false).expect("it is sent");
    body.send_data(vec![0; 5].into(), true).expect("it is sent");
    let answer = answer.await.expect("it answers");
    let in_head = answer.headers().get("grpc-status").cloned();
    let mut body = answer.into_body();
    while let Some(data) = body.data().await {
        drop(data.expect("it answers whole"));
    }
    let trailers = body.trailers().await.expect("it ends well").unwrap_or_default();
    driver.abort();
    let status = in_head.or_else(|| trailers.get("grpc-status").cloned());
    status.and_then(|it| it.to_str().map(str::to_owned).ok()).expect("a status")
}

/// What stands behind `grpc-status:`, in a head or in the trailers of a body.
fn status(answer: &str) -> Option<String> {
    let (_, rest) = answer.split_once("grpc-status:")?;
    Some(rest.trim_start().chars().take_while(char::is_ascii_digit).collect())
}

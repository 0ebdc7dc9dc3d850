//! A real Consul agent on free ports, which dies with the test.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::tools::{free_ports, tool};

/// How long an agent may take to start, on a machine that has other things to do.
const START: Duration = Duration::from_secs(60);

/// The token that may do everything, on agents with ACLs.
pub(crate) const MASTER: &str = "6f3c8b1e-4d2a-4f0b-9a57-0c1d2e3f4a5b";

pub(crate) struct Agent {
    address: String,
    token: &'static str,
    pub(crate) folder: TempDir,
    /// Where `https://` is answered, if it has a certificate.
    pub(crate) https: u16,
    program: PathBuf,
    process: Child,
}

impl Agent {
    /// A developer's agent; none if Consul is not installed, which is said aloud.
    pub(crate) async fn dev(test: &str) -> Option<Self> {
        Self::start(&tool("consul", test)?, tempfile::tempdir().unwrap(), "", "").await
    }

    /// One that refuses whatever no token allows.
    pub(crate) async fn with_acl(test: &str) -> Option<Self> {
        let acl = format!(
            r#"acl {{ enabled = true default_policy = "deny" tokens {{ master = "{MASTER}" agent = "{MASTER}" }} }}"#
        );
        Self::start(&tool("consul", test)?, tempfile::tempdir().unwrap(), &acl, MASTER).await
    }

    /// One that answers on `https://` too, with a certificate of a CA of its own.
    pub(crate) async fn with_tls(test: &str) -> Option<Self> {
        let program = tool("consul", test)?;
        let folder = tempfile::tempdir().unwrap();
        for arguments in [&["tls", "ca", "create"][..], &["tls", "cert", "create", "-server"]] {
            let mut command = Command::new(&program);
            command.args(arguments).current_dir(folder.path()).stdout(Stdio::null());
            assert!(command.status().await.unwrap().success(), "consul {arguments:?}");
        }
        let at = |name: &str| folder.path().join(name).display().to_string();
        let tls = format!(
            r#"ca_file = "{}" cert_file = "{}" key_file = "{}""#,
            at("consul-agent-ca.pem"),
            at("dc1-server-consul-0.pem"),
            at("dc1-server-consul-0-key.pem"),
        );
        Self::start(&program, folder, &tls, "").await
    }

    async fn start(
        program: &Path,
        folder: TempDir,
        hcl: &str,
        token: &'static str,
    ) -> Option<Self> {
        let [http, https, server, lan, wan] = free_ports();
        let tls = if hcl.contains("cert_file") { i32::from(https) } else { -1 };
        let ports = format!(
            "ports {{ http = {http} https = {tls} grpc = -1 dns = -1 server = {server} serf_lan = {lan} serf_wan = {wan} }}"
        );
        let config = format!("disable_update_check = true\n{ports}\n{hcl}\n");
        std::fs::write(folder.path().join("agent.hcl"), config).unwrap();
        let process = spawn(program, folder.path());
        let address = format!("127.0.0.1:{http}");
        let mut agent = Self { address, token, folder, https, program: program.into(), process };
        if agent.is_ready().await {
            return Some(agent);
        }
        // Somebody else took one of the ports.
        let said = std::fs::read_to_string(agent.folder.path().join("agent.log")).unwrap();
        assert!(said.contains("address already in use"), "{said}");
        Box::pin(Self::start(program, agent.folder, hcl, token)).await
    }

    /// Kills it, as an outage does: it forgets everything.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Has it run again where it was.
    pub(crate) async fn start_again(&mut self) {
        self.process = spawn(&self.program, self.folder.path());
        assert!(self.is_ready().await);
    }

    /// Waits for the first write that succeeds: it answers long before it has a leader.
    async fn is_ready(&mut self) -> bool {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if matches!(self.request("PUT", "/v1/kv/ready", "1").await, Ok((200, _))) {
                return true;
            }
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            // sleeps: Consul does not tell when it is ready, it has to be asked.
            sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// Where it answers: `127.0.0.1:12345`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Writes a key behind everybody's back.
    pub(crate) async fn write(&self, key: &str, text: &str) {
        let (status, said) = self.request("PUT", &format!("/v1/kv/{key}"), text).await.unwrap();
        assert_eq!((status, said.trim()), (200, "true"), "{key}");
    }

    /// What a key holds; none if it is not there.
    pub(crate) async fn read(&self, key: &str) -> Option<String> {
        let (status, text) = self.request("GET", &format!("/v1/kv/{key}?raw"), "").await.unwrap();
        (status == 200).then_some(text)
    }

    /// The keys that begin so.
    pub(crate) async fn keys(&self, prefix: &str) -> Vec<String> {
        let (status, text) =
            self.request("GET", &format!("/v1/kv/{prefix}?keys"), "").await.unwrap();
        if status == 200 { serde_json::from_str(&text).unwrap() } else { Vec::new() }
    }

    /// A token with these rules.
    pub(crate) async fn token(&self, name: &str, rules: &str) -> String {
        let policy = json!({"Name": name, "Rules": rules}).to_string();
        let (status, said) = self.request("PUT", "/v1/acl/policy", &policy).await.unwrap();
        assert_eq!(status, 200, "{said}");
        let token = json!({"Policies": [{"Name": name}]}).to_string();
        let (_, token) = self.request("PUT", "/v1/acl/token", &token).await.unwrap();
        let token: Value = serde_json::from_str(&token).unwrap();
        token["SecretID"].as_str().unwrap().to_owned()
    }

    /// One request by hand, so that what is tested is not its own witness. HTTP/1.0 spares chunks.
    async fn request(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let token = self.token;
        let token =
            if token.is_empty() { String::new() } else { format!("X-Consul-Token: {token}\r\n") };
        let length = body.len();
        let request =
            format!("{method} {path} HTTP/1.0\r\n{token}Content-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Ok((status, body.to_owned()))
    }
}

/// Starts an agent by the `agent.hcl` of a folder.
fn spawn(program: &Path, folder: &Path) -> Child {
    Command::new(program)
        .args(["agent", "-dev", "-bind", "127.0.0.1", "-client", "127.0.0.1"])
        .args(["-node", "n1", "-config-file", "agent.hcl"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(folder.join("agent.log")).unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Between somebody and an agent: before the first transaction is passed on, `write` is done at the agent.
pub(crate) async fn meddler(agent: &Agent, key: &'static str, text: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let target = agent.address.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let target = target.clone();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(&target).await.unwrap();
                let mut buffer = vec![0; 64 << 10];
                let mut back = vec![0; 64 << 10];
                loop {
                    tokio::select! {
                        read = client.read(&mut buffer) => {
                            let Ok(length @ 1..) = read else { return };
                            if String::from_utf8_lossy(&buffer[..length]).contains("/v1/txn") {
                                let mut other = TcpStream::connect(&target).await.unwrap();
                                let length = text.len();
                                let request = format!("PUT /v1/kv/{key} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{text}");
                                other.write_all(request.as_bytes()).await.unwrap();
                                let mut answer = String::new();
                                other.read_to_string(&mut answer).await.unwrap();
                            }
                            server.write_all(&buffer[..length]).await.unwrap();
                        }
                        read = server.read(&mut back) => {
                            let Ok(length @ 1..) = read else { return };
                            if client.write_all(&back[..length]).await.is_err() {
                                return;
                            }
                        }
                    }
                }
            });
        }
    });
    address
}

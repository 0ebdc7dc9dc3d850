//! Ten thousand idle connections: little memory each, and others are served.
//!
//! The server and the crowd are processes of their own, so that each has its own limit of open files
//! and the server's memory is its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};

use bytes::Bytes;

use super::raw::{self, Frame, Peer};
use super::serve;

/// Set for a process that is to be the crowd, to the address it is to connect to.
const CROWD: &str = "BIA_TEST_CROWD";

/// Set for a process that is to be the server.
const SERVER: &str = "BIA_TEST_CROWDED_SERVER";

const SIZE: usize = 10_000;

/// More than a connection takes today; less than what would make ten thousand of them a problem.
const MOST: usize = 48 * 1024;

const AS_MANY_AS_MAY_BE: &str = "$(ulimit -H -n)";

struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    /// What it said when it was ready.
    said: String,
}

impl Process {
    /// Runs the test `name` in a process that may open so many files, as a shell says it.
    fn start(name: &str, files: &str, variable: (&str, &str)) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", &format!("ulimit -n {files}; exec \"$@\""), "sh"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .env(variable.0, variable.1)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines
            .find_map(|line| line.unwrap().split_once("ready: ").map(|(_, said)| said.to_owned()))
            .unwrap();
        let stdin = child.stdin.take();
        Self { child, stdin, said }
    }

    /// The memory that is really in use, in bytes.
    fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<usize>().unwrap() * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.stdin.take();
        self.child.wait().ok();
    }
}

/// Says that it is ready, and returns when nobody needs it any more.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn stay(said: &str) {
    println!("ready: {said}");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_take_little_memory_and_others_are_served() {
    let server =
        Process::start("transport::crowd::is_the_server", AS_MANY_AS_MAY_BE, (SERVER, "yes"));
    let address: SocketAddr = server.said.parse().unwrap();
    let client = super::Client::connect(address).await;
    client.call("/t.Echo/Echo", super::framed("warm")).await.unwrap();
    let before = server.resident();
    let crowd =
        Process::start("transport::crowd::is_the_crowd", AS_MANY_AS_MAY_BE, (CROWD, &server.said));
    let size: usize = crowd.said.parse().unwrap();
    if size < SIZE {
        eprintln!("with {size} connections instead of {SIZE}: raise the hard limit of open files");
    }
    let each = server.resident().saturating_sub(before) / size;
    println!("{size} connections take {each} bytes each");
    assert!(each < MOST, "{each} bytes for each connection");
    // Those who were here, and those who come now.
    assert_eq!(client.call("/t.Echo/Echo", super::framed("old")).await.unwrap().text(), "old");
    let new = super::Client::connect(address).await;
    assert_eq!(new.call("/t.Echo/Echo", super::framed("new")).await.unwrap().text(), "new");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_may_open_few_files_keeps_some_and_serves_those_who_are_there() {
    let server = Process::start("transport::crowd::is_the_server", "200", (SERVER, "yes"));
    let address: SocketAddr = server.said.parse().unwrap();
    let client = super::Client::connect(address).await;
    let mut crowd = Vec::new();
    let turned_away = loop {
        // It may be closed before its first byte is written.
        let Ok(mut peer) = Peer::try_connect(address).await else { break crowd.len() + 1 };
        if peer.await_kind(raw::SETTINGS).await.is_none() {
            break crowd.len() + 1;
        }
        crowd.push(peer);
    };
    assert_eq!(turned_away, 200 - 64, "each is a file, and the process needs some for itself");
    assert_eq!(client.call("/t.Echo/Echo", super::framed("old")).await.unwrap().text(), "old");
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn is_the_server() {
    if std::env::var(SERVER).is_err() {
        return;
    }
    let served = serve(|_| {}).await;
    let address = served.address.to_string();
    tokio::task::spawn_blocking(move || stay(&address)).await.unwrap();
}

#[tokio::test]
#[ignore = "runs in a process of its own"]
async fn is_the_crowd() {
    let Ok(address) = std::env::var(CROWD) else { return };
    let address = address.parse().unwrap();
    let mut crowd = Vec::new();
    while crowd.len() < SIZE {
        // Out of files, here or there: these are as many as there can be.
        let Ok(mut peer) = Peer::try_connect(address).await else { break };
        if peer.await_kind(raw::SETTINGS).await.is_none() {
            break;
        }
        peer.send(&Frame::new(raw::SETTINGS, raw::ACK, 0, Bytes::new())).await;
        crowd.push(peer);
    }
    let size = crowd.len().to_string();
    tokio::task::spawn_blocking(move || stay(&size)).await.unwrap();
}

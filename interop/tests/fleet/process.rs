//! A process of a fleet, with what it logs and what it reports.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::report::{Failed, Report};

/// Longer than anything that is waited for here takes, on the slowest machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A process that dies with the test.
pub(crate) struct Process {
    child: Child,
    log: watch::Receiver<Vec<Value>>,
    /// What standard error says besides, as the last words of a process that fails.
    words: JoinHandle<String>,
    reports: watch::Receiver<Vec<Report>>,
    reading: JoinHandle<()>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (log, words) = follow_log(child.stderr.take().unwrap());
        let (reports, reading) = follow_reports(child.stdout.take().unwrap());
        Self { child, log, words, reports, reading }
    }

    /// Waits for a line of the log.
    pub(crate) async fn logs(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let mut log = self.log.clone();
        let found = timeout(LIMIT, log.wait_for(|lines| lines.iter().any(&is))).await;
        match found {
            Ok(Ok(lines)) => lines.iter().find(|line| is(line)).unwrap().clone(),
            Ok(Err(_)) => panic!("it ended and never said {what}: {:#?}", *self.log.borrow()),
            Err(_) => panic!("it does not say {what}: {:#?}", *self.log.borrow()),
        }
    }

    /// Waits for the end of a phase.
    pub(crate) async fn phase(&self, phase: &str) -> Value {
        self.logs(phase, |line| line["phase"] == phase).await
    }

    /// The address where a server of it listens.
    pub(crate) async fn address(&self, server: &str) -> String {
        let line =
            self.logs("where it listens", |line| line["server"] == server && is_listening(line));
        line.await["address"].as_str().unwrap().to_owned()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let kill = format!("kill -{signal} {}", self.child.id().unwrap());
        let sent = std::process::Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Ended {
        let status = timeout(LIMIT, self.child.wait()).await.unwrap().unwrap();
        let words = timeout(LIMIT, self.words).await.unwrap().unwrap();
        timeout(LIMIT, self.reading).await.unwrap().unwrap();
        let (log, reports) = (self.log.borrow().clone(), self.reports.borrow().clone());
        Ended { code: status.code(), log, words, reports: Reports(reports) }
    }

    /// Asks it to stop and waits until it has, in order.
    pub(crate) async fn stop(self) -> Ended {
        self.signal("TERM");
        let ended = self.ended().await;
        assert_eq!((ended.code, ended.words.as_str()), (Some(0), ""), "{:#?}", ended.log);
        ended
    }

    /// Waits until what a caller has reported so far is so.
    pub(crate) async fn reported(&self, what: &str, is: impl Fn(&Reports) -> bool) -> Reports {
        let mut reports = self.reports.clone();
        let found = reports.wait_for(|reports| is(&Reports(reports.clone())));
        match timeout(LIMIT, found).await {
            Ok(Ok(reports)) => Reports(reports.clone()),
            Ok(Err(_)) => panic!("the caller ended before {what}: {:#?}", *self.log.borrow()),
            Err(_) => panic!("not so: {what}\n{:#?}", self.reports.borrow().last()),
        }
    }

    /// Waits for the next so many reports of a caller.
    pub(crate) async fn next_reports(&self, count: usize) -> Reports {
        let before = self.reports.borrow().len();
        let reports = self.reported("more reports", |reports| reports.0.len() >= before + count);
        Reports(reports.await.0.split_off(before))
    }

    /// What an operator's page says.
    pub(crate) async fn page(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(self.address("admin").await).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }
}

fn is_listening(line: &Value) -> bool {
    line["message"] == "listening"
}

/// What is left of a process.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) log: Vec<Value>,
    pub(crate) words: String,
    pub(crate) reports: Reports,
}

/// What a caller told of its calls.
pub(crate) struct Reports(pub(crate) Vec<Report>);

impl Reports {
    pub(crate) fn failed(&self) -> Vec<&Failed> {
        self.0.iter().flat_map(|report| &report.failed).collect()
    }

    /// How many calls each node answered.
    pub(crate) fn answered(&self) -> BTreeMap<&str, u64> {
        let mut sums = BTreeMap::new();
        for (node, count) in self.0.iter().flat_map(|report| &report.answered) {
            *sums.entry(node.as_str()).or_default() += count;
        }
        sums
    }

    pub(crate) fn total(&self) -> u64 {
        self.answered().values().sum()
    }

    pub(crate) fn slowest(&self) -> Duration {
        let slowest = self.0.iter().map(|report| report.slowest_ms).max();
        Duration::from_millis(slowest.unwrap_or(0))
    }

    /// Every call was answered, and these nodes are among those that did.
    pub(crate) fn assert_none_lost<'a>(&self, nodes: impl IntoIterator<Item = &'a str>) {
        let (failed, total) = (self.failed(), self.total());
        assert!(
            failed.is_empty(),
            "{} calls of {} were lost: {:#?}",
            failed.len(),
            failed.len() as u64 + total,
            failed.iter().take(5).collect::<Vec<_>>()
        );
        let answered: BTreeSet<_> = self.answered().into_keys().collect();
        let idle: Vec<_> = nodes.into_iter().filter(|node| !answered.contains(node)).collect();
        assert!(idle.is_empty(), "no call went to {idle:?}, of {total}");
    }
}

fn follow_log(
    stderr: impl AsyncRead + Unpin + Send + 'static,
) -> (watch::Receiver<Vec<Value>>, JoinHandle<String>) {
    let (told, log) = watch::channel(Vec::new());
    let task = tokio::spawn(async move {
        let (mut lines, mut words) = (BufReader::new(stderr).lines(), String::new());
        while let Some(line) = lines.next_line().await.unwrap() {
            match serde_json::from_str(&line) {
                Ok(line) => told.send_modify(|lines| lines.push(line)),
                Err(_) => words.push_str(&format!("{line}\n")),
            }
        }
        words
    });
    (log, task)
}

fn follow_reports(
    stdout: impl AsyncRead + Unpin + Send + 'static,
) -> (watch::Receiver<Vec<Report>>, JoinHandle<()>) {
    let (told, reports) = watch::channel(Vec::new());
    let task = tokio::spawn(async move {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            let report: Report = serde_json::from_str(&line).unwrap();
            told.send_modify(|reports| reports.push(report));
        }
    });
    (reports, task)
}

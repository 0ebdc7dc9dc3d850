//! A process with what it says, which ends in order or is ended.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncRead;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::lines::Lines;

/// How long what was written last is waited for: a process of its own that it left behind may hold
/// the pipe for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Whose process it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Cargo,
    Service(usize),
}

/// What comes of a process.
#[derive(Debug)]
pub(super) enum News {
    Line { from: Source, is_error: bool, text: String },
    Ended { from: Source, end: End },
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) status: Option<ExitStatus>,
    /// It did not stop in time, or nobody had time for it.
    pub(super) was_killed: bool,
}

impl End {
    pub(super) fn is_success(&self) -> bool {
        self.status.is_some_and(|it| it.success())
    }

    /// Whether it was ended by the signal that asks to stop, which it does not hear itself.
    pub(super) fn is_terminated(&self) -> bool {
        self.status.and_then(|it| it.signal()) == Some(Signal::TERM.as_raw())
    }

    pub(super) fn code(&self) -> Option<i32> {
        self.status?.code()
    }

    /// `exit code 1`, `signal 9`.
    pub(super) fn words(&self) -> String {
        match self.status.map(|it| (it.code(), it.signal())) {
            Some((Some(code), _)) => format!("exit code {code}"),
            Some((_, Some(signal))) => format!("signal {signal}"),
            _ => "no exit code".to_owned(),
        }
    }
}

/// What a process is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Run,
    Stop(Duration),
    Kill,
}

/// A process that runs. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Handle(watch::Sender<Order>);

impl Handle {
    /// Asks it to stop; after `limit` it is killed.
    pub(super) fn stop(&self, limit: Duration) {
        // It may have ended just now.
        self.0.send(Order::Stop(limit)).ok();
    }

    pub(super) fn kill(&self) {
        self.0.send(Order::Kill).ok();
    }
}

/// Starts a process in a group of its own: a Ctrl-C in the terminal is for us, who stop it.
///
/// # Errors
///
/// It cannot be started.
pub(super) fn start(
    mut command: Command,
    from: Source,
    news: &mpsc::Sender<News>,
    tasks: &mut JoinSet<()>,
) -> std::io::Result<Handle> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
    let mut pumps = JoinSet::new();
    if let Some(out) = child.stdout.take() {
        pumps.spawn(pump(out, from, false, news.clone()));
    }
    if let Some(err) = child.stderr.take() {
        pumps.spawn(pump(err, from, true, news.clone()));
    }
    let (orders, heard) = watch::channel(Order::Run);
    let news = news.clone();
    tasks.spawn(async move {
        let end = live(child, heard).await;
        timeout(LAST_WORDS, async { while pumps.join_next().await.is_some() {} }).await.ok();
        // Whoever listened has gone, and all with it.
        news.send(News::Ended { from, end }).await.ok();
    });
    Ok(Handle(orders))
}

async fn pump(
    from: impl AsyncRead + Unpin,
    source: Source,
    is_error: bool,
    news: mpsc::Sender<News>,
) {
    let mut lines = Lines::new(from);
    while let Some(text) = lines.next().await {
        if news.send(News::Line { from: source, is_error, text }).await.is_err() {
            break;
        }
    }
}

async fn live(mut child: Child, mut orders: watch::Receiver<Order>) -> End {
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let send = |signal| {
        // A group that is gone needs no signal.
        group.map(|group| kill_process_group(group, signal).ok());
    };
    let mut was_killed = false;
    let mut limit: Option<Instant> = None;
    let status = loop {
        let late = async {
            match limit {
                Some(limit) => sleep_until(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            status = child.wait() => break status.ok(),
            order = orders.changed(), if !was_killed => {
                let order = if order.is_err() { Order::Kill } else { *orders.borrow_and_update() };
                match order {
                    Order::Run => {}
                    Order::Stop(patience) => {
                        send(Signal::TERM);
                        limit = Some(Instant::now() + patience);
                    }
                    Order::Kill => {
                        send(Signal::KILL);
                        was_killed = true;
                    }
                }
            }
            () = late, if !was_killed => {
                send(Signal::KILL);
                was_killed = true;
            }
        }
    };
    // What it started itself and left behind.
    send(Signal::KILL);
    End { status, was_killed }
}

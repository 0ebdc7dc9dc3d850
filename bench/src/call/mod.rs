//! The clients that are measured, each in a process of its own on one thread.

mod bia;
mod hyper;
mod tonic;

use std::cell::Cell;
use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::cpu::Clock;
use crate::peer::Peer;
use crate::stats::quantile;
use crate::workload::PAYLOAD;

/// How long a caller waits for an answer, in every client: what `timeout` is by default in Bia.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// Makes calls over one channel.
trait Caller: Clone + 'static {
    /// Makes a call with a payload; gives back how many bytes of it came back.
    fn call(&mut self, payload: &[u8]) -> impl Future<Output = Result<usize, String>>;
}

/// What a client is asked to do, one line of JSON each.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Order {
    /// Calls at the same time.
    pub in_flight: u32,
    /// Before anything is counted.
    pub settle: Duration,
    /// How long calls are counted.
    pub span: Duration,
}

/// Calls to be made, without orders.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub calls: u32,
    /// Of them at the same time.
    pub in_flight: u32,
}

/// What a client did, one line of JSON each.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Done {
    pub calls: u64,
    pub cpu: Duration,
    pub wall: Duration,
    pub p50: Duration,
    pub p99: Duration,
}

/// Calls a server: a given number of times, or by orders from standard input until that ends.
///
/// # Errors
///
/// If it cannot connect, or a call fails.
pub fn run(peer: Peer, address: SocketAddr, times: Option<Times>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    let work = async {
        match peer {
            Peer::Hyper => work(hyper::connect(address).await?, times).await,
            Peer::Tonic => work(tonic::connect(address).await?, times).await,
            Peer::Bia | Peer::BiaJson | Peer::Axum => work(bia::connect(address)?, times).await,
        }
    };
    local.block_on(&runtime, work)
}

async fn work<C: Caller>(caller: C, times: Option<Times>) -> io::Result<()> {
    if let Some(Times { calls, in_flight }) = times {
        let mut tasks = JoinSet::new();
        for task in 0..in_flight {
            let mut caller = caller.clone();
            tasks.spawn_local(async move {
                for _ in (task..calls).step_by(in_flight as usize) {
                    echo(&mut caller).await?;
                }
                io::Result::Ok(())
            });
        }
        return ended(tasks).await;
    }
    // Nothing else runs on this thread between two orders, so that waiting for one may block.
    for line in io::stdin().lock().lines() {
        let order: Order = serde_json::from_str(&line?)?;
        let done = obey(&caller, order).await?;
        writeln!(io::stdout(), "{}", serde_json::to_string(&done)?)?;
    }
    Ok(())
}

async fn obey<C: Caller>(caller: &C, order: Order) -> io::Result<Done> {
    let latencies: Rc<Cell<Option<Vec<Duration>>>> = Rc::default();
    let calls = Rc::new(Cell::new(0_u64));
    let stop = Rc::new(Cell::new(false));
    let mut tasks = JoinSet::new();
    for _ in 0..order.in_flight {
        let mut caller = caller.clone();
        let (calls, latencies, stop) = (calls.clone(), latencies.clone(), stop.clone());
        tasks.spawn_local(async move {
            while !stop.get() {
                let began = Instant::now();
                echo(&mut caller).await?;
                calls.set(calls.get() + 1);
                if let Some(mut all) = latencies.take() {
                    all.push(began.elapsed());
                    latencies.set(Some(all));
                }
            }
            io::Result::Ok(())
        });
    }
    tokio::time::sleep(order.settle).await;
    latencies.set(Some(Vec::new()));
    let (began, cpu, before) = (Instant::now(), Clock::own().now()?, calls.get());
    tokio::time::sleep(order.span).await;
    let (wall, cpu) = (began.elapsed(), Clock::own().now()? - cpu);
    let calls = calls.get() - before;
    let mut latencies = latencies.take().unwrap_or_default();
    stop.set(true);
    ended(tasks).await?;
    let (p50, p99) = (quantile(&mut latencies, 0.5), quantile(&mut latencies, 0.99));
    Ok(Done { calls, cpu, wall, p50, p99 })
}

async fn ended(mut tasks: JoinSet<io::Result<()>>) -> io::Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

async fn echo<C: Caller>(caller: &mut C) -> io::Result<()> {
    let got = caller.call(&[b'a'; PAYLOAD]).await.map_err(io::Error::other)?;
    if got == PAYLOAD {
        Ok(())
    } else {
        Err(io::Error::other(format!("{got} bytes came back, not {PAYLOAD}")))
    }
}

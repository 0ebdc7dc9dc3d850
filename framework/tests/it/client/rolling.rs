//! Our servers leave one after the other while our clients call them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bia::__codegen::{Facts, Handler, Reply, ServerCall};
use bia::registry::{Instance, Snapshot};
use bia::transport::{ApiServer, ServerSettings};
use bia::{Server as _, Service, Stop, Streaming};
use futures_util::{StreamExt, stream};
use tokio::task::JoinHandle;

use super::membership::scripted;
use super::*;

static FACTS: Facts = Facts::new("t.T", &[&ECHO, &CHAT], &[]);

struct Echo;

impl Handler for Echo {
    fn call(&self, method: usize, call: ServerCall) -> Reply {
        match method {
            0 => call.unary(|_, text: String| async move { Ok(text) }),
            1 => call.bidi(|_, texts: Streaming<String>, out| out.send_all(texts)),
            _ => call.unknown(),
        }
    }
}

struct Running {
    instance: Instance,
    stop: Stop,
    task: JoinHandle<bia::Result<()>>,
}

async fn started() -> Running {
    let settings =
        ServerSettings { address: "127.0.0.1:0".to_owned(), ..ServerSettings::default() };
    let mut server = ApiServer::new(settings, vec![Service::new(&FACTS, Echo)]).unwrap();
    let endpoint = server.bind().await.unwrap().remove(0);
    let instance = Instance::new(endpoint.authority(), "t", "1").with_endpoint(endpoint);
    let stop = Stop::new();
    let task = tokio::spawn(Box::new(server).serve(stop.clone()));
    Running { instance, stop, task }
}

fn snapshot(running: &[Running]) -> Snapshot {
    running.iter().map(|running| running.instance.clone()).collect()
}

/// `announced`: whether the registry says that an instance leaves before it does.
async fn restart_all(announced: bool) {
    let (say, discovery) = scripted();
    let channel = Channel::builder("t").discovery(discovery).settings(settings()).build().unwrap();
    let mut running = vec![started().await, started().await];
    say.send(Ok(snapshot(&running))).await.unwrap();
    phases(&channel, &[NodePhase::Ready; 2]).await;

    let (done, ended) = (AtomicBool::new(false), AtomicUsize::new(0));
    let unary = async |size: usize| {
        while !done.load(Ordering::SeqCst) {
            let text = "x".repeat(size);
            let reply: String = channel.unary(&ECHO, text.clone()).await.unwrap();
            assert!(reply == text);
            ended.fetch_add(1, Ordering::SeqCst);
        }
    };
    let streams = async {
        while !done.load(Ordering::SeqCst) {
            let texts = stream::iter((0..20).map(|_| "x".repeat(10_000)));
            let replies: Streaming<String> = channel.bidi(&CHAT, texts).await.unwrap();
            let replies: Vec<_> = replies.map(Result::unwrap).collect().await;
            assert_eq!(replies.len(), 20);
            ended.fetch_add(1, Ordering::SeqCst);
        }
    };
    let restarts = async {
        for round in 0..20 {
            until(|| ended.load(Ordering::SeqCst) >= round * 20).await;
            let leaving = running.remove(0);
            if announced {
                say.send(Ok(snapshot(&running))).await.unwrap();
                until(|| channel.state().nodes.len() == 1).await;
            }
            leaving.stop.begin();
            timeout(LONG, leaving.task).await.unwrap().unwrap().unwrap();
            running.push(started().await);
            say.send(Ok(snapshot(&running))).await.unwrap();
            phases(&channel, &[NodePhase::Ready; 2]).await;
        }
        done.store(true, Ordering::SeqCst);
    };
    tokio::join!(unary(10), unary(1_000), unary(300_000), unary(2_000_000), streams, restarts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_that_the_registry_announces_loses_no_call() {
    restart_all(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_that_nobody_announces_loses_no_call() {
    restart_all(false).await;
}

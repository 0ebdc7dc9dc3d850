//! Who is there: what the registry says, what the nodes say of themselves, and what errors say of it.

use std::sync::Mutex;

use bia::Error;
use bia::backend::local::{Local, LocalSettings};
use bia::registry::{Discovery, Instance, Snapshot, Watch};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::*;

/// A registry whose every word the test says.
pub(crate) struct Scripted {
    items: Mutex<Option<mpsc::Receiver<bia::Result<Snapshot>>>>,
}

pub(crate) fn scripted() -> (mpsc::Sender<bia::Result<Snapshot>>, Arc<Scripted>) {
    let (say, items) = mpsc::channel(8);
    (say, Arc::new(Scripted { items: Mutex::new(Some(items)) }))
}

impl Discovery for Scripted {
    fn watch(&self, _: &str) -> Watch {
        let items = self.items.lock().unwrap().take().unwrap();
        futures_util::stream::unfold(items, async |mut items| {
            items.recv().await.map(|item| (item, items))
        })
        .boxed()
    }

    fn describe(&self) -> String {
        "a script".to_owned()
    }
}

pub(super) fn instance(peer: &Peer) -> Instance {
    let endpoint = format!("grpc://{}", peer.address).parse().unwrap();
    Instance::new(peer.name(), "user-service", "1.0.0").with_endpoint(endpoint)
}

pub(super) fn discovered(
    settings: ClientSettings,
) -> (mpsc::Sender<bia::Result<Snapshot>>, Channel) {
    let (say, discovery) = scripted();
    let channel =
        Channel::builder("user-service").discovery(discovery).settings(settings).build().unwrap();
    (say, channel)
}

#[tokio::test]
async fn nodes_that_come_get_calls_and_nodes_that_leave_get_none_and_finish_theirs() {
    let (first, second) = (Peer::start().await, Peer::start().await);
    let (say, channel) = discovered(settings());
    say.send(Ok([instance(&first)].into())).await.unwrap();
    let slow = tokio::spawn(channel.unary::<_, String>(&SLOW, ()));
    timeout(LONG, first.shared.entered.acquire()).await.unwrap().unwrap().forget();

    say.send(Ok([instance(&second), instance(&first)].into())).await.unwrap();
    phases(&channel, &[NodePhase::Ready; 2]).await;
    say.send(Ok([instance(&second)].into())).await.unwrap();
    until(|| channel.state().nodes.len() == 1).await;
    for _ in 0..20 {
        assert_eq!(who(&channel).await.unwrap(), second.name());
    }
    first.shared.gate.add_permits(1);
    assert_eq!(timeout(LONG, slow).await.unwrap().unwrap().unwrap(), first.name());
    until(|| first.shared.open.load(std::sync::atomic::Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_discovery_lives_as_long_as_the_channel_that_it_was_given_to() {
    let folder = tempfile::tempdir().unwrap();
    let discovery = Local::new(&LocalSettings::at(folder.path().join("registry"))).unwrap();
    let channel = Channel::builder("user-service").discovery(Arc::new(discovery)).build().unwrap();
    let heard = || channel.state().registry.unwrap().told_seconds_ago.is_some();
    until(heard).await;
}

#[tokio::test]
async fn a_call_of_a_new_channel_goes_to_who_registers_a_moment_later() {
    let peer = Peer::start().await;
    let (say, channel) = discovered(settings());
    say.send(Ok(Snapshot::default())).await.unwrap();
    until(|| channel.state().registry.unwrap().told_seconds_ago.is_some()).await;
    let call = tokio::spawn(async move { who(&channel).await });
    tokio::task::yield_now().await;
    say.send(Ok([instance(&peer)].into())).await.unwrap();
    assert_eq!(timeout(LONG, call).await.unwrap().unwrap().unwrap(), peer.name());
}

#[tokio::test]
async fn a_service_goes_by_its_name_as_authority() {
    let peer = Peer::start().await;
    let (say, channel) = discovered(settings());
    say.send(Ok([instance(&peer)].into())).await.unwrap();
    let head: String = channel.unary(&HEAD, ()).await.unwrap();
    assert!(head.contains(":authority=user-service"), "{head}");
}

#[tokio::test]
async fn while_the_registry_is_away_what_it_last_said_is_in_force_and_the_state_says_so() {
    let peer = Peer::start().await;
    let (say, channel) = discovered(settings());
    say.send(Ok([instance(&peer)].into())).await.unwrap();
    who(&channel).await.unwrap();
    assert_eq!(channel.state().registry.unwrap().error, None);

    say.send(Err(Error::unavailable("AWAY", "nobody answers"))).await.unwrap();
    until(|| channel.state().registry.unwrap().error.is_some()).await;
    who(&channel).await.unwrap();
    let json = serde_json::to_value(channel.state()).unwrap();
    assert_eq!(json["registry"]["error"], "nobody answers");
    assert_eq!(json["registry"]["source"], "a script");
    assert_eq!(json["nodes"][0]["phase"], "ready");
    assert_eq!(json["nodes"][0]["version"], "1.0.0");

    say.send(Ok([instance(&peer)].into())).await.unwrap();
    until(|| channel.state().registry.unwrap().error.is_none()).await;
    // A registry that is gone for good changes nothing either.
    drop(say);
    who(&channel).await.unwrap();
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn an_error_says_why_nobody_can_be_called() {
    let peer = Peer::start().await;
    let (say, channel) = discovered(settings());
    let fails = async |expected: &str| {
        let error = who(&channel).await.unwrap_err();
        assert_eq!((error.code(), error.reason()), (503, "NODE_NOT_FOUND"));
        assert!(error.message().starts_with(expected), "{error}");
    };

    say.send(Err(Error::unavailable("AWAY", "cannot read it"))).await.unwrap();
    fails("user-service has no instance (0 known); the registry (a script) cannot be asked since")
        .await;
    say.send(Ok([].into())).await.unwrap();
    until(|| channel.state().registry.unwrap().error.is_none()).await;
    fails("user-service has no instance (0 known)").await;

    let http = "http://127.0.0.1:1".parse().unwrap();
    let http = Instance::new("h", "user-service", "1").with_endpoint(http);
    say.send(Ok([http.clone()].into())).await.unwrap();
    until(|| channel.state().unusable == 1).await;
    fails("user-service has no instance (1 known, 1 without an endpoint for gRPC)").await;

    peer.set_health(Health::NotServing);
    say.send(Ok([http, instance(&peer)].into())).await.unwrap();
    phases(&channel, &[NodePhase::NotServing]).await;
    fails("user-service has no instance (2 known, 1 not serving, 1 without an endpoint for gRPC)")
        .await;
}

#[tokio::test]
async fn nobody_listening_is_told_at_once_with_the_address_and_the_cause() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let channel = Channel::builder(gone.to_string()).settings(settings()).build().unwrap();
    let begun = Instant::now();
    let error = who(&channel).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!((error.code(), error.reason()), (503, "NODE_NOT_FOUND"));
    let expected = format!(
        "nobody can be called at {gone} (1 known, 1 unreachable: {gone}: Connection refused"
    );
    assert!(error.message().starts_with(&expected), "{error}");
    let node = channel.state().nodes.remove(0);
    assert_eq!(node.phase, NodePhase::Unreachable);
    assert!(node.last_error.unwrap().contains("refused"));
}

#[tokio::test]
async fn when_the_last_node_goes_calls_wait_a_moment_for_the_one_that_takes_over() {
    let (going, coming) = (Peer::start().await, Peer::start().await);
    let settings = ClientSettings { handover: Duration::from_secs(2), ..settings() };
    let (say, channel) = discovered(settings.clone());
    say.send(Ok([instance(&going)].into())).await.unwrap();
    phases(&channel, &[NodePhase::Ready]).await;
    going.set_health(Health::NotServing);
    phases(&channel, &[NodePhase::NotServing]).await;
    let call = tokio::spawn(channel.unary::<_, String>(&WHO, ()));
    say.send(Ok([instance(&going), instance(&coming)].into())).await.unwrap();
    assert_eq!(timeout(LONG, call).await.unwrap().unwrap().unwrap(), coming.name());

    say.send(Ok([].into())).await.unwrap();
    until(|| channel.state().nodes.is_empty()).await;
    let begun = Instant::now();
    let error = who(&channel).await.unwrap_err();
    assert_eq!(error.reason(), "NODE_NOT_FOUND");
    assert!(error.message().starts_with("user-service has no instance (0 known)"), "{error}");
    assert!(begun.elapsed() > settings.handover / 2, "{:?}", begun.elapsed());
    let begun = Instant::now();
    who(&channel).await.unwrap_err();
    assert!(begun.elapsed() < settings.handover / 2, "the moment is over: {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_call_that_may_wait_waits_for_a_node_to_come() {
    let (say, channel) = discovered(ClientSettings { wait_for_ready: true, ..settings() });
    say.send(Ok([].into())).await.unwrap();
    let call = tokio::spawn(channel.unary::<_, String>(&WHO, ()));
    let error = channel.unary::<_, String>(&WHO, ()).timeout(Duration::from_millis(50)).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), 504);
    assert!(error.message().contains("no node was ready"), "{error}");
    let peer = Peer::start().await;
    say.send(Ok([instance(&peer)].into())).await.unwrap();
    assert_eq!(timeout(LONG, call).await.unwrap().unwrap().unwrap(), peer.name());
}

#[tokio::test]
async fn a_node_that_says_it_does_not_serve_gets_no_calls_until_it_says_it_does() {
    let (first, second) = (Peer::start().await, Peer::start().await);
    let channel = direct(&[&first, &second], settings());
    phases(&channel, &[NodePhase::Ready; 2]).await;
    let slow: Vec<_> =
        (0..20).map(|_| tokio::spawn(channel.unary::<_, String>(&SLOW, ()))).collect();
    timeout(LONG, first.shared.entered.acquire()).await.unwrap().unwrap().forget();

    first.set_health(Health::NotServing);
    phases(&channel, &[NodePhase::NotServing, NodePhase::Ready]).await;
    for _ in 0..20 {
        assert_eq!(who(&channel).await.unwrap(), second.name());
    }
    // What it has, it finishes.
    first.shared.gate.add_permits(20);
    second.shared.gate.add_permits(20);
    for call in slow {
        timeout(LONG, call).await.unwrap().unwrap().unwrap();
    }
    first.set_health(Health::Serving);
    phases(&channel, &[NodePhase::Ready; 2]).await;
    second.set_health(Health::NotServing);
    phases(&channel, &[NodePhase::NotServing, NodePhase::Ready]).await;
    assert_eq!(who(&channel).await.unwrap(), first.name());
}

#[tokio::test]
async fn a_node_without_a_health_service_is_healthy_and_one_that_does_not_answer_is_not() {
    let plain = Peer::build("127.0.0.1:0", None, Health::Unimplemented).await;
    let silent = Peer::build("127.0.0.1:0", None, Health::Silent).await;
    let settings = ClientSettings { connect_timeout: Duration::from_millis(300), ..settings() };
    let channel = direct(&[&plain, &silent], settings.clone());
    phases(&channel, &[NodePhase::Ready, NodePhase::Unreachable]).await;
    assert_eq!(who(&channel).await.unwrap(), plain.name());

    let unasked = direct(&[&silent], ClientSettings { health_check: false, ..settings });
    assert_eq!(who(&unasked).await.unwrap(), silent.name());
}

#[tokio::test]
async fn what_cannot_be_a_channel_is_refused_with_a_remedy() {
    let error = Channel::builder("user-service").build().unwrap_err();
    assert_eq!(error.reason(), "DISCOVERY_MISSING");
    assert!(error.message().contains("registry.kind"), "{error}");
    assert_eq!(Channel::builder("http://x").build().unwrap_err().reason(), "TARGET_INVALID");
}

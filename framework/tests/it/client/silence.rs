//! Peers that are gone without a word.

use bia::client::ClientKeepaliveSettings;

use super::proxy::Proxy;
use super::*;

fn watchful() -> ClientSettings {
    ClientSettings {
        connect_timeout: Duration::from_millis(300),
        keepalive: ClientKeepaliveSettings {
            interval: Duration::from_millis(200),
            timeout: Duration::from_millis(200),
        },
        ..settings()
    }
}

#[tokio::test]
async fn calls_leave_a_node_that_fell_silent_within_the_keepalive_limit_and_come_back() {
    let peers = [Peer::start().await, Peer::start().await, Peer::start().await];
    let mut proxies = Vec::new();
    for peer in &peers {
        proxies.push(Proxy::to(peer.address).await);
    }
    let addresses: Vec<_> = proxies.iter().map(|proxy| proxy.address.to_string()).collect();
    let target = format!("direct:///{}", addresses.join(","));
    let channel = Channel::builder(target).settings(watchful()).build().unwrap();
    phases(&channel, &[NodePhase::Ready; 3]).await;

    proxies[0].fall_silent();
    let begun = Instant::now();
    let mut lost = 0;
    while channel.state().nodes.iter().filter(|node| node.phase == NodePhase::Ready).count() == 3 {
        // Calls go on meanwhile; those that the silent node swallows say so at the limit.
        if let Err(error) = who(&channel).await {
            assert_eq!((error.code(), error.reason()), (503, "CONNECTION_LOST"), "{error}");
            assert!(error.message().contains("did not answer a ping within 200ms"), "{error}");
            lost += 1;
        }
        assert!(begun.elapsed() < Duration::from_secs(3), "the silence was not noticed");
    }
    // One caller waits for one answer at a time, so one call at most was swallowed.
    assert!(lost <= 1, "{lost}");
    let calls = peers[0].calls();
    for _ in 0..30 {
        who(&channel).await.unwrap();
    }
    assert_eq!(peers[0].calls(), calls);

    proxies[0].speak();
    phases(&channel, &[NodePhase::Ready; 3]).await;
    let begun = Instant::now();
    while peers[0].calls() == calls {
        assert!(begun.elapsed() < LONG, "the node gets no calls");
        who(&channel).await.unwrap();
    }
}

#[tokio::test]
async fn a_node_that_takes_connections_and_says_nothing_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let channel = Channel::builder(target).settings(watchful()).build().unwrap();
    let error = who(&channel).await.unwrap_err();
    assert_eq!(error.reason(), "NODE_NOT_FOUND");
    phases(&channel, &[NodePhase::Unreachable]).await;
    let state = channel.state();
    assert_eq!(state.nodes[0].last_error.as_deref(), Some("no answer within 300ms"));
}

#[tokio::test]
async fn a_peer_that_is_not_http2_is_named_as_such() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let channel = Channel::builder(target).settings(watchful()).build().unwrap();
    let web = async {
        use tokio::io::AsyncWriteExt;
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            let (mut read, _write) = socket.split();
            tokio::io::copy(&mut read, &mut tokio::io::sink()).await.ok();
        }
    };
    let error = tokio::select! {
        () = web => unreachable!(),
        error = who(&channel) => error.unwrap_err(),
    };
    assert!(error.message().contains("does not speak HTTP/2"), "{error}");
}

#[tokio::test]
async fn an_idle_connection_lives_on_as_long_as_its_peer_answers_pings() {
    let peer = Peer::start().await;
    let settings = ClientSettings {
        keepalive: ClientKeepaliveSettings {
            interval: Duration::from_millis(20),
            timeout: Duration::from_millis(500),
        },
        ..settings()
    };
    let channel = direct(&[&peer], settings);
    phases(&channel, &[NodePhase::Ready]).await;
    // sleeps: nothing must happen for a while.
    tokio::time::sleep(Duration::from_millis(300)).await;
    who(&channel).await.unwrap();
    assert_eq!(peer.connections(), 1);
}

//! Channels that do not go over TCP.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[tokio::test]
async fn a_channel_goes_over_whatever_carries_bytes_both_ways() {
    let peer = Peer::start().await;
    let address = peer.address;
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let channel = Channel::builder("in-process:1")
        .settings(settings())
        .connect_with(move |endpoint| {
            assert_eq!(endpoint.authority(), "in-process:1");
            counted.fetch_add(1, Ordering::SeqCst);
            async move {
                let (near, mut far) = tokio::io::duplex(64 * 1024);
                tokio::spawn(async move {
                    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
                    tokio::io::copy_bidirectional(&mut far, &mut socket).await.ok();
                });
                Ok(near)
            }
        })
        .build()
        .unwrap();
    assert_eq!(who(&channel).await.unwrap(), peer.name());
    let head: String = channel.unary(&HEAD, ()).await.unwrap();
    assert!(head.contains(":authority=in-process:1"), "{head}");
    assert_eq!(made.load(Ordering::SeqCst), 1);
}

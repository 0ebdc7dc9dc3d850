//! Prints calls as people read them.

use std::fmt::Debug;

use bia::client::NodeState;

/// Waits for a call, and prints what it sends, one message or many, and what came of it.
pub async fn show<Req: Debug, Res: Debug>(
    method: &str,
    requests: &[Req],
    call: bia::Call<Res>,
) -> bia::Result<Res> {
    sent(method, requests);
    let outcome = call.await;
    match &outcome {
        Ok(answer) => println!("  <- {answer:?}"),
        Err(error) => println!("  <- {error} ({})", error.grpc_code()),
    }
    outcome
}

/// Prints the messages that a call sends.
pub fn sent<Req: Debug>(method: &str, requests: &[Req]) {
    println!("\n{method}");
    for request in requests {
        println!("  -> {request:?}");
    }
}

/// Prints the messages that a stream brought.
pub fn received<Res: Debug>(responses: &[Res]) {
    for response in responses {
        println!("  <- {response:?}");
    }
}

/// Prints where a channel's calls can go.
pub fn nodes(channel: &bia::Channel) {
    let state = channel.state();
    let registry = state.registry.map(|registry| registry.source).unwrap_or_default();
    println!("{}, as known to {registry}", state.target);
    for NodeState { address, instance, version, phase, .. } in &state.nodes {
        println!("  grpc://{address}  {phase:?}  version {version}  instance {instance}");
    }
}

//! Who comes is called, and who leaves is not called any more, within a second.

use std::time::Duration;

use bia::{Channel, ClientSettings, Error};
use interop::api::fleet::v1::{GetUserRequest, User, UserServiceClient};
use tokio::time::{Instant, sleep, timeout};

use super::fixture::consul::Agent;
use super::fleet::Fleet;
use super::process::LIMIT;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn on_the_local_registry_the_first_to_come_and_the_last_to_leave_are_known_within_a_second() {
    come_and_leave(&Fleet::local()).await;
}

#[tokio::test]
async fn on_consul_the_first_to_come_and_the_last_to_leave_are_known_within_a_second() {
    let test = "on_consul_the_first_to_come_and_the_last_to_leave_are_known_within_a_second";
    let Some(agent) = Agent::dev(test).await else { return };
    come_and_leave(&Fleet::consul(agent.url())).await;
}

/// With the default settings of both sides: the one that leaves serves on for three seconds, and
/// must not be called although it could.
async fn come_and_leave(fleet: &Fleet) {
    let channel = fleet.channel("user-service", ClientSettings::default());
    let patient = ClientSettings { wait_for_ready: true, ..ClientSettings::default() };
    let patient = fleet.channel("user-service", patient);
    until_unknown(&channel, "0 known").await;

    for id in ["one", "two"] {
        let waiting = tokio::spawn({
            let patient = patient.clone();
            async move { who(&patient).await.map(|user| (user, Instant::now())) }
        });
        let node = fleet.user(id, &[]).await;
        let came = Instant::now();
        while who(&channel).await.is_err() {
            assert!(came.elapsed() < SECOND, "{id} is not called: {:#?}", channel.state());
            // sleeps: an error comes at once, and the registry has its own pace.
            sleep(Duration::from_millis(10)).await;
        }
        let (user, answered) = timeout(LIMIT, waiting).await.unwrap().unwrap().unwrap();
        assert_eq!(user.node, id);
        assert!(answered < came + SECOND, "a call that waits for it is answered too");

        node.signal("TERM");
        let left = Instant::now();
        let error = until_unknown(&channel, "0 known").await;
        assert!(left.elapsed() < SECOND, "{:?}", left.elapsed());
        assert_eq!((error.code(), error.reason()), (503, "NODE_NOT_FOUND"));
        assert_eq!(error.message(), "user-service has no instance (0 known)");
        assert_eq!(node.ended().await.code, Some(0));
    }
}

/// Calls until the error says that there is nobody.
async fn until_unknown(channel: &Channel, expected: &str) -> Error {
    let begun = Instant::now();
    loop {
        match who(channel).await {
            Err(error) if error.message().contains(expected) => return error,
            outcome => assert!(begun.elapsed() < LIMIT, "{outcome:?}"),
        }
        // sleeps: an error comes at once, and the registry has its own pace.
        sleep(Duration::from_millis(10)).await;
    }
}

async fn who(channel: &Channel) -> bia::Result<User> {
    UserServiceClient::new(channel.clone()).get_user(GetUserRequest::default()).await
}

//! Calls that go through two services: what travels on with them, and what comes back.

use std::collections::HashMap;
use std::time::Duration;

use bia::balance::LANE_HEADER;
use bia::{Channel, ClientSettings, Code};
use interop::api::fleet::v1::{
    CreateOrderRequest, Failure, GetUserRequest, Order, OrderServiceClient, Way,
};

use super::fixture::consul::Agent;
use super::fleet::Fleet;
use super::outage::until;
use super::process::Process;

const WAYS: [Way; 3] = [Way::Direct, Way::ScopedTask, Way::BareTask];

/// An order service and the user service that it calls.
struct Two {
    orders: OrderServiceClient,
    fleet: Fleet,
    _processes: [Process; 2],
}

impl Two {
    async fn start() -> Self {
        let fleet = Fleet::local();
        let users = fleet.user("users", &[]).await;
        let orders = fleet.up(fleet.command("order", &[])).await;
        let channel = fleet.channel("order-service", ClientSettings::default());
        let orders_client = OrderServiceClient::new(channel);
        Self { orders: orders_client, fleet, _processes: [users, orders] }
    }
}

fn order(way: Way) -> CreateOrderRequest {
    CreateOrderRequest {
        user: Some(GetUserRequest { id: 7, ..Default::default() }),
        way: way.into(),
    }
}

#[tokio::test]
async fn a_deadline_goes_on_to_the_next_service_and_only_shrinks() {
    const GIVEN: Duration = Duration::from_secs(5);
    let two = Two::start().await;
    for way in WAYS {
        let order = two.orders.create_order(order(way)).timeout(GIVEN).await.unwrap();
        let (first, second) = remaining(&order);
        assert!(first <= GIVEN, "{order:?}");
        match way {
            Way::BareTask => {
                // A task on its own has the default of its client, and not what is left of the call.
                assert!(second > GIVEN && second <= ClientSettings::default().timeout, "{order:?}");
            }
            _ => assert!(second <= GIVEN && second > GIVEN / 2, "{way:?} {order:?}"),
        }
    }
    // Nobody gave a time: the first service's own limit bounds the second too.
    let order = two.orders.create_order(order(Way::Direct)).await.unwrap();
    let (first, second) = remaining(&order);
    assert!(second <= Duration::from_secs(10) && first <= Duration::from_secs(10), "{order:?}");
}

fn remaining(order: &Order) -> (Duration, Duration) {
    let user = order.user.as_ref().unwrap();
    let left = |ms: Option<u64>| Duration::from_millis(ms.unwrap());
    (left(order.remaining_ms), left(user.remaining_ms))
}

#[tokio::test]
async fn a_call_whose_time_is_up_two_services_on_ends_in_time_and_names_where() {
    const GIVEN: Duration = Duration::from_millis(700);
    let two = Two::start().await;
    let mut request = order(Way::Direct);
    request.user.as_mut().unwrap().hold_ms = 9_000;
    let begun = tokio::time::Instant::now();
    let error = two.orders.create_order(request).timeout(GIVEN).await.unwrap_err();
    assert!(begun.elapsed() < GIVEN * 3, "{:?}", begun.elapsed());
    assert_eq!((error.code(), error.grpc_code()), (504, Code::DeadlineExceeded), "{error}");
}

#[tokio::test]
async fn global_metadata_goes_on_to_the_next_service_and_local_metadata_does_not() {
    let two = Two::start().await;
    for way in WAYS {
        let order = two.orders.create_order(order(way));
        let order = order
            .metadata("x-md-global-tenant", "shop")
            .metadata("x-md-local-hint", "near")
            .metadata("authorization", "secret")
            .await
            .unwrap();
        // Every call says which service makes it, as those of Kratos do.
        let mut expected = HashMap::from([("x-md-service-name", "order-service")]);
        if !matches!(way, Way::BareTask) {
            expected.insert("x-md-global-tenant", "shop");
        }
        let expected: HashMap<String, String> =
            expected.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        assert_eq!(order.user.unwrap().metadata, expected, "{way:?}");
    }
}

#[tokio::test]
async fn a_call_in_a_lane_stays_in_it_through_a_service_that_is_in_none() {
    let test = "a_call_in_a_lane_stays_in_it_through_a_service_that_is_in_none";
    let Some(agent) = Agent::dev(test).await else { return };
    let fleet = Fleet::consul(agent.url());
    let _plain = fleet.user("plain", &[]).await;
    let mut blue = fleet.command("user", &["app.id=changed"]);
    blue.env("BIA_APP__METADATA__LANE", "blue");
    let _blue = fleet.up(blue).await;
    let caller = fleet.up(fleet.command("order", &[])).await;
    until(&caller, |page| {
        let nodes = page["channels"][0]["nodes"].as_array();
        nodes.is_some_and(|nodes| {
            nodes.len() == 2 && nodes.iter().all(|node| node["phase"] == "ready")
        })
    })
    .await;
    let channel = fleet.channel("order-service", ClientSettings::default());
    let orders = OrderServiceClient::new(channel);
    for _ in 0..10 {
        for (lane, node) in [("blue", "changed"), ("green", "plain")] {
            for way in [Way::Direct, Way::ScopedTask] {
                let order = orders.create_order(order(way)).metadata(LANE_HEADER, lane);
                assert_eq!(order.await.unwrap().user.unwrap().node, node, "{lane}");
            }
        }
        let order = orders.create_order(order(Way::Direct)).await.unwrap();
        assert_eq!(order.user.unwrap().node, "plain");
    }
}

#[tokio::test]
async fn an_error_comes_back_through_two_services_as_it_was_made() {
    let two = Two::start().await;
    // Codes that gRPC has a name for, that it has none for, and that it has one for several of.
    for code in [400, 402, 404, 409, 412, 418, 422, 429, 451, 499, 500, 503, 507] {
        let metadata = HashMap::from([("user".to_owned(), "ü 7".to_owned())]);
        let failure = Failure {
            code: code.into(),
            reason: format!("REASON_{code}"),
            message: "no – nicht so".to_owned(),
            metadata: metadata.clone(),
        };
        let mut request = order(Way::Direct);
        request.user.as_mut().unwrap().failure = Some(failure);
        let error = two.orders.create_order(request).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(error.reason(), format!("REASON_{code}"));
        assert_eq!(error.message(), "no – nicht so");
        assert_eq!(error.metadata().clone().into_iter().collect::<HashMap<_, _>>(), metadata);
        assert!(error.is(code, &format!("REASON_{code}")));
    }
}

#[tokio::test]
async fn an_error_says_which_service_further_on_has_no_instance() {
    let two = Two::start().await;
    let [users, _orders] = two._processes;
    users.stop().await;
    let channel: Channel = two.fleet.channel("order-service", ClientSettings::default());
    let error =
        OrderServiceClient::new(channel).create_order(order(Way::Direct)).await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (503, "NODE_NOT_FOUND"));
    assert_eq!(error.message(), "user-service has no instance (0 known)");
}

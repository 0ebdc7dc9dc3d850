//! The API as its callers see it: through a channel, over the whole pipeline, with orders in a map
//! and a user-service of closures.

use bia::testing::in_process;

use super::*;
use crate::api::{
    CreateOrderRequest, GetOrderRequest, ListOrdersRequest, Order, OrderItem, OrderServiceClient,
};
use crate::customers::UserDirectory;
use crate::rules::fake::FakeData;
use crate::users::{MockUserService, User, UserError, UserServiceClient, UserStatus, user_service};

const ADA: &str = "018f2f6e-5d2c-7cc3-9d4e-0000000000ad";
const BOB: &str = "018f2f6e-5d2c-7cc3-9d4e-0000000000b0";

fn client_with(users: MockUserService) -> OrderServiceClient {
    let users = UserServiceClient::new(in_process(user_service(users)).unwrap());
    let orders = Orders::new(FakeData::default(), UserDirectory::new(users));
    let service = api::order_service(OrderApi::new(orders));
    OrderServiceClient::new(in_process(service).unwrap())
}

/// Over a user-service that knows Ada, and Bob, who is suspended.
fn client() -> OrderServiceClient {
    client_with(MockUserService::new().on_get_user(|_cx, request| async move {
        let (name, status) = match request.id.as_str() {
            ADA => ("Ada", UserStatus::Active),
            BOB => ("Bob", UserStatus::Suspended),
            other => return Err(UserError::NotFound.with("id", other)),
        };
        Ok(User { id: request.id, name: name.to_owned(), status: status.into(), ..User::default() })
    }))
}

fn order_of(user_id: &str) -> CreateOrderRequest {
    let item = OrderItem { sku: "tea".to_owned(), quantity: 2, unit_price: 250 };
    let order = Order { user_id: user_id.to_owned(), items: vec![item], ..Order::default() };
    CreateOrderRequest { order: Some(order) }
}

#[tokio::test]
async fn an_order_is_taken_fetched_and_listed() {
    let client = client();
    let order = client.create_order(order_of(ADA)).await.unwrap();
    assert_eq!((order.user_name.as_str(), order.total), ("Ada", 500));
    assert!(order.created_at.is_some());
    let request = GetOrderRequest { id: order.id.clone() };
    assert_eq!(client.get_order(request).await.unwrap(), order);
    let request = ListOrdersRequest { user_id: ADA.to_owned(), ..Default::default() };
    assert_eq!(client.list_orders(request).await.unwrap().orders, [order]);
}

#[tokio::test]
async fn each_error_has_its_code_and_reason() {
    let client = client();
    let error = client.create_order(order_of("nobody")).await.unwrap_err();
    assert!(error.is(404, "USER_NOT_FOUND"), "{error}");
    assert_eq!(error.metadata()["id"], "nobody");

    let error = client.create_order(order_of(BOB)).await.unwrap_err();
    assert!(error.is(412, "USER_SUSPENDED"), "{error}");

    let error = client.get_order(GetOrderRequest { id: ADA.to_owned() }).await.unwrap_err();
    assert!(error.is(404, "ORDER_NOT_FOUND"), "{error}");

    let request = ListOrdersRequest { page_token: "mine".to_owned(), ..Default::default() };
    let error = client.list_orders(request).await.unwrap_err();
    assert!(error.is(400, "PAGE_TOKEN_INVALID"), "{error}");
}

#[tokio::test]
async fn a_request_that_is_wrong_is_told_every_field_that_is() {
    let client = client();
    let error = client.create_order(CreateOrderRequest { order: None }).await.unwrap_err();
    assert!(error.is(400, "VALIDATOR") && error.metadata().contains_key("order"), "{error}");

    let order = Order { items: vec![OrderItem::default()], ..Order::default() };
    let request = CreateOrderRequest { order: Some(order) };
    let error = client.create_order(request).await.unwrap_err();
    let fields: Vec<_> = error.metadata().keys().map(String::as_str).collect();
    assert_eq!(fields, ["order.items[0].quantity", "order.items[0].sku", "order.user_id"]);
}

#[tokio::test]
async fn an_order_fails_as_user_service_does() {
    let client = client_with(MockUserService::new().on_get_user(|_cx, _request| async {
        Err(bia::Error::unavailable("DATABASE_UNAVAILABLE", "try again"))
    }));
    let error = client.create_order(order_of(ADA)).await.unwrap_err();
    assert!(error.is(503, "DATABASE_UNAVAILABLE"), "{error}");
}

#[tokio::test]
async fn a_caller_that_waits_less_than_we_would_is_what_user_service_is_told() {
    let (told, mut remaining) = tokio::sync::mpsc::channel(1);
    let client = client_with(MockUserService::new().on_get_user(move |cx, request| {
        let told = told.clone();
        async move {
            told.send(cx.remaining()).await.unwrap();
            Ok(User { id: request.id, status: UserStatus::Active.into(), ..User::default() })
        }
    }));
    let limit = std::time::Duration::from_millis(900);
    client.create_order(order_of(ADA)).timeout(limit).await.unwrap();
    let remaining = remaining.recv().await.flatten().unwrap();
    assert!(remaining <= limit, "{remaining:?}");
}

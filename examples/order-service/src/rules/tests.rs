use super::fake::{FakeCustomers, FakeData};
use super::*;

const ADA: &str = "018f2f6e-5d2c-7cc3-9d4e-0000000000ad";
const BOB: &str = "018f2f6e-5d2c-7cc3-9d4e-0000000000b0";

fn orders() -> Orders<FakeData, FakeCustomers> {
    let customer = |id: &str, name: &str, may_order| Customer {
        id: id.to_owned(),
        name: name.to_owned(),
        may_order,
    };
    let customers = vec![customer(ADA, "Ada", true), customer(BOB, "Bob", false)];
    Orders::new(FakeData::default(), FakeCustomers(customers))
}

fn item(quantity: i32, unit_price: i64) -> Item {
    Item { sku: "tea".to_owned(), quantity, unit_price }
}

fn draft(user_id: &str) -> Draft {
    Draft { user_id: user_id.to_owned(), items: vec![item(2, 250), item(1, 99)] }
}

#[tokio::test]
async fn an_order_is_priced_and_found_again_as_it_was_answered() {
    let orders = orders();
    let order = orders.create(draft(ADA)).await.unwrap();
    assert_eq!((order.user_name.as_str(), order.total), ("Ada", 599));
    assert_eq!(orders.get(&order.id).await.unwrap(), order);
}

#[tokio::test]
async fn who_is_not_there_or_suspended_does_not_order() {
    let orders = orders();
    let error = orders.create(draft("nobody")).await.unwrap_err();
    assert!(matches!(error, OrderError::UserNotFound { id } if id == "nobody"));
    let error = orders.create(draft(BOB)).await.unwrap_err();
    assert!(matches!(error, OrderError::UserSuspended { id } if id == BOB));
    assert_eq!(orders.list(Query::default()).await.unwrap().orders, []);
}

#[tokio::test]
async fn an_order_whose_customer_cannot_be_asked_for_is_not_taken() {
    let orders = Orders::new(FakeData::default(), FakeCustomers(Vec::new()));
    assert!(matches!(orders.create(draft(ADA)).await, Err(OrderError::Customers(_))));
    assert_eq!(orders.list(Query::default()).await.unwrap().orders, []);
}

#[tokio::test]
async fn the_largest_order_there_can_be_has_a_total() {
    let items = vec![item(1000, 100_000_000); 100];
    let order = orders().create(Draft { user_id: ADA.to_owned(), items }).await.unwrap();
    assert_eq!(order.total, 10_000_000_000_000);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_whatever_its_id_looks_like() {
    for id in ["", "7", ADA, "\0"] {
        assert!(matches!(orders().get(id).await, Err(OrderError::NotFound { .. })), "{id:?}");
    }
}

#[tokio::test]
async fn pages_hold_every_order_of_a_user_once_the_oldest_first() {
    let orders = orders();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(orders.create(draft(ADA)).await.unwrap().id);
    }
    let query = Query { page_size: 2, user_id: ADA.to_owned(), ..Query::default() };
    let first = orders.list(query.clone()).await.unwrap();
    let page_token = first.next_token;
    let second = orders.list(Query { page_token: page_token.clone(), ..query }).await.unwrap();
    assert_eq!(second.next_token, "");
    let seen: Vec<_> = first.orders.into_iter().chain(second.orders).map(|o| o.id).collect();
    assert_eq!(seen, ids);

    let of_bob = Query { user_id: BOB.to_owned(), ..Query::default() };
    assert_eq!(orders.list(of_bob.clone()).await.unwrap().orders, []);
    let with_adas_token = Query { page_token, ..of_bob };
    assert!(matches!(orders.list(with_adas_token).await, Err(OrderError::PageToken)));
}

//! demo-client: finds user-service and order-service through the registry and calls them in every
//! way there is, telling what goes out and what comes back.
//!
//! It takes the flags of every service, so `--set registry.kind=consul` looks for them in Consul.

mod show;

bia::include_protos!();

use std::time::Duration;

use futures_util::{TryStreamExt as _, stream};

use order::v1::{
    CreateOrderRequest, GetOrderRequest, ListOrdersRequest, Order, OrderItem, OrderServiceClient,
};
use show::show;
use user::v1::{
    CreateUserRequest, GetUserRequest, ImportUsersRequest, ListUsersRequest, SyncUsersRequest,
    UpdateUserRequest, User, UserServiceClient, UserStatus, WatchUsersRequest,
    sync_users_request::Change,
};

#[tokio::main]
async fn main() -> Result<(), bia::Exit> {
    let config = bia::config::<()>().await?;
    let app = bia::App::new("demo-client", env!("CARGO_PKG_VERSION"), &config)?;
    let (users, orders) = (app.channel("user-service")?, app.channel("order-service")?);

    let called = call(&users, &orders).await;
    // Also of calls that failed, and these above all.
    app.flush(Duration::from_secs(5)).await;
    called?;

    println!("\nwhere the calls went");
    show::nodes(&users);
    show::nodes(&orders);
    Ok(())
}

async fn call(users: &bia::Channel, orders: &bia::Channel) -> bia::Result<()> {
    let ada = call_users(&UserServiceClient::new(users.clone())).await?;
    call_orders(&OrderServiceClient::new(orders.clone()), &ada).await
}

/// A user that nobody has made before, however often the demo runs.
fn new_user(name: &str) -> User {
    let email = format!("{name}-{}@example.com", uuid::Uuid::now_v7().simple());
    User { name: name.to_owned(), email, age: 36, ..User::default() }
}

/// Calls each method of user-service but DeleteUser; answers a user to order for.
async fn call_users(users: &UserServiceClient) -> bia::Result<User> {
    // Made first, read last: what happens in between is in it.
    let mut watch = users.watch_users(WatchUsersRequest::default()).await?;

    let request = CreateUserRequest { user: Some(new_user("Ada")) };
    let ada = show("CreateUser", &[&request], users.create_user(request.clone())).await?;

    let request = GetUserRequest { id: ada.id.clone() };
    show("GetUser", &[&request], users.get_user(request.clone())).await?;

    // Without a mask, what is not empty is changed.
    let user = User { id: ada.id.clone(), age: 37, ..User::default() };
    let request = UpdateUserRequest { user: Some(user), update_mask: None };
    show("UpdateUser", &[&request], users.update_user(request.clone())).await?;

    let people = [new_user("Bob"), User { age: -1, ..new_user("Eve") }, new_user("Cem")];
    let requests = people.map(|user| ImportUsersRequest { user: Some(user) });
    show("ImportUsers", &requests, users.import_users(stream::iter(requests.clone()))).await?;

    let suspended = User { status: UserStatus::Suspended.into(), ..new_user("Mallory") };
    let change = |change_id: &str, change| SyncUsersRequest {
        change_id: change_id.to_owned(),
        change: Some(change),
    };
    let requests = [
        change("first", Change::Put(suspended)),
        change("second", Change::DeleteId("nobody".to_owned())),
    ];
    show::sent("SyncUsers", &requests);
    let responses = users.sync_users(stream::iter(requests)).await?;
    show::received(&responses.try_collect::<Vec<_>>().await?);

    let request = ListUsersRequest { page_size: 2, ..Default::default() };
    show("ListUsers", &[&request], users.list_users(request.clone())).await?;

    show::sent("WatchUsers", &[WatchUsersRequest::default()]);
    show::received(&watch.message().await?.map_or_else(Vec::new, |change| vec![change]));
    Ok(ada)
}

/// Calls each method of order-service, the last time in vain.
async fn call_orders(orders: &OrderServiceClient, ada: &User) -> bia::Result<()> {
    let order_of = |user_id: &str| {
        let tea = OrderItem { sku: "tea".to_owned(), quantity: 2, unit_price: 250 };
        let order = Order { user_id: user_id.to_owned(), items: vec![tea], ..Order::default() };
        CreateOrderRequest { order: Some(order) }
    };
    let request = order_of(&ada.id);
    let order = show("CreateOrder", &[&request], orders.create_order(request.clone())).await?;

    let request = GetOrderRequest { id: order.id };
    show("GetOrder", &[&request], orders.get_order(request.clone())).await?;

    let request = ListOrdersRequest { user_id: ada.id.clone(), ..Default::default() };
    show("ListOrders", &[&request], orders.list_orders(request.clone())).await?;

    let request = order_of("nobody");
    match show("CreateOrder", &[&request], orders.create_order(request.clone())).await {
        Err(error) if error.reason() == "USER_NOT_FOUND" => Ok(()),
        Err(error) => Err(error),
        Ok(order) => {
            let message = format!("order {} was taken for a user that is not there", order.id);
            Err(bia::Error::internal("DEMO_FAILED", message))
        }
    }
}

//! order-service: takes the orders of a shop's users. The README says what to read in which order.

mod customers;
mod data;
mod rules;
mod service;
mod settings;

// Brings `order::v1`, which is served here, and `user::v1`, for its client.
bia::include_protos!();

use std::time::Duration;

use customers::UserDirectory;
use data::Database;
use order::v1 as api;
use rules::Orders;
use service::OrderApi;
use settings::Settings;
use user::v1 as users;

#[tokio::main]
async fn main() -> Result<(), bia::Exit> {
    let config = bia::config::<Settings>().rules().schema().await?;
    let app = bia::App::new("order-service", env!("CARGO_PKG_VERSION"), &config)?;

    let users = users::UserServiceClient::new(app.channel("user-service")?);
    let database = Database::open(&config.get().data).await?;
    let orders = Orders::new(database.clone(), UserDirectory::new(users));

    app.check("database", {
        let database = database.clone();
        move || database.clone().ping()
    });
    app.after_stop("close database", Duration::from_secs(5), async move || database.close().await)
        .serve(api::order_service(OrderApi::new(orders)))
        .run()
        .await
}

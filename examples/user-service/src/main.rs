//! user-service: keeps the users of a shop. The README says what to read in which order.

mod data;
mod rules;
mod service;
mod settings;

// Brings `user::v1`: the messages, the trait `UserService` and `user_service(..)`.
bia::include_protos!();

use std::sync::Arc;
use std::time::Duration;

use data::Database;
use rules::Users;
use service::UserApi;
use settings::Settings;
use user::v1 as api;

#[tokio::main]
async fn main() -> Result<(), bia::Exit> {
    let config = bia::config::<Settings>().rules().schema().await?;
    let app = bia::App::new("user-service", env!("CARGO_PKG_VERSION"), &config)?;

    let database = Database::open(&config.get().data).await?;
    let users = Arc::new(Users::new(database.clone()));

    // A password that was changed: connections that are made from now on use it.
    let following = tokio::spawn({
        let (database, mut data) =
            (database.clone(), config.watch(|settings| settings.data.clone()));
        async move {
            loop {
                database.follow(&data.changed().await);
            }
        }
    });

    app.check("database", {
        let database = database.clone();
        move || database.clone().ping()
    });
    app.before_stop("end watches", Duration::from_secs(1), {
        let users = Arc::clone(&users);
        async move || {
            users.end_watches();
            Ok::<_, bia::Error>(())
        }
    })
    .after_stop("close database", Duration::from_secs(5), async move || {
        following.abort();
        database.close().await
    })
    .serve(api::user_service(UserApi::new(users)))
    .run()
    .await
}

//! One process of a fleet, in the role that its settings name: a service, or a caller of it.

mod load;
mod orders;
mod report;
mod settings;
mod users;

use bia::{App, Exit};
use interop::api::fleet::v1::{OrderServiceClient, UserServiceClient, order_service, user_service};

use load::Load;
use orders::Orders;
use settings::{Role, Settings};
use users::Users;

#[tokio::main]
async fn main() -> Result<(), Exit> {
    let config = bia::config::<Settings>().await?;
    let settings = config.get();
    let app = App::new(settings.role.service(), "1.0.0", &config)?;
    match settings.role {
        Role::User => {
            let users = Users::new(&app.instance().id);
            app.serve(user_service(users)).run().await
        }
        Role::Order => {
            let users = UserServiceClient::new(app.channel("user-service")?);
            app.serve(order_service(Orders::new(users))).run().await
        }
        Role::Caller => {
            let users = UserServiceClient::new(app.channel("user-service")?);
            let orders = match settings.load.orders {
                0 => None,
                _ => Some(OrderServiceClient::new(app.channel("order-service")?)),
            };
            app.server(Load::new(settings.load.clone(), users, orders)).run().await
        }
    }
}

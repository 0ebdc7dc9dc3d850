//! The order service, which asks the user service for the user of an order.

use bia::{Context, Error, Result};
use interop::api::fleet::v1::{CreateOrderRequest, Order, OrderService, UserServiceClient, Way};

use super::users::remaining_ms;

pub(crate) struct Orders {
    users: UserServiceClient,
}

impl Orders {
    pub(crate) fn new(users: UserServiceClient) -> Self {
        Self { users }
    }
}

impl OrderService for Orders {
    async fn create_order(&self, cx: &Context, request: CreateOrderRequest) -> Result<Order> {
        let way = request.way();
        let call = self.users.get_user(request.user.unwrap_or_default());
        let user = match way {
            Way::Unspecified | Way::Direct => call.await?,
            Way::ScopedTask => tokio::spawn(cx.scope(call)).await.map_err(Error::from_source)??,
            Way::BareTask => tokio::spawn(call).await.map_err(Error::from_source)??,
        };
        Ok(Order { user: Some(user), remaining_ms: remaining_ms(cx) })
    }
}

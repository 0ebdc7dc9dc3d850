//! The API: turns messages into what the rules speak of, and what they answer into messages.
//!
//! Thin by intent: a decision in here is in the wrong place.

mod convert;
mod errors;

use bia::{Context, Result};

use crate::api;
use crate::rules::{Customers, OrderData, Orders};

/// `order.v1.OrderService` over the rules.
pub struct OrderApi<D, C> {
    orders: Orders<D, C>,
}

impl<D: OrderData, C: Customers> OrderApi<D, C> {
    pub fn new(orders: Orders<D, C>) -> Self {
        Self { orders }
    }
}

impl<D: OrderData, C: Customers> api::OrderService for OrderApi<D, C> {
    async fn create_order(
        &self,
        _cx: &Context,
        request: api::CreateOrderRequest,
    ) -> Result<api::Order> {
        let order = request.order.unwrap_or_default();
        Ok(self.orders.create(order.into()).await?.into())
    }

    async fn get_order(&self, _cx: &Context, request: api::GetOrderRequest) -> Result<api::Order> {
        Ok(self.orders.get(&request.id).await?.into())
    }

    async fn list_orders(
        &self,
        _cx: &Context,
        request: api::ListOrdersRequest,
    ) -> Result<api::ListOrdersResponse> {
        Ok(self.orders.list(request.into()).await?.into())
    }
}

#[cfg(test)]
mod tests;

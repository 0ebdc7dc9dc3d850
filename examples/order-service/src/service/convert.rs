//! Between the messages of the API and what the rules speak of.

use crate::api;
use crate::rules::{Draft, Item, Order, Page, Query};

impl From<api::Order> for Draft {
    fn from(order: api::Order) -> Self {
        let api::Order { user_id, items, .. } = order;
        Self { user_id, items: items.into_iter().map(Into::into).collect() }
    }
}

impl From<api::OrderItem> for Item {
    fn from(item: api::OrderItem) -> Self {
        let api::OrderItem { sku, quantity, unit_price } = item;
        Self { sku, quantity, unit_price }
    }
}

impl From<Item> for api::OrderItem {
    fn from(item: Item) -> Self {
        let Item { sku, quantity, unit_price } = item;
        Self { sku, quantity, unit_price }
    }
}

impl From<Order> for api::Order {
    fn from(order: Order) -> Self {
        let Order { id, user_id, user_name, items, total, created_at } = order;
        Self {
            id,
            user_id,
            user_name,
            items: items.into_iter().map(Into::into).collect(),
            total,
            created_at: Some(created_at.into()),
        }
    }
}

impl From<api::ListOrdersRequest> for Query {
    fn from(request: api::ListOrdersRequest) -> Self {
        let api::ListOrdersRequest { page_size, page_token, user_id } = request;
        Self { page_size, page_token, user_id }
    }
}

impl From<Page> for api::ListOrdersResponse {
    fn from(page: Page) -> Self {
        let orders = page.orders.into_iter().map(Into::into).collect();
        Self { orders, next_page_token: page.next_token }
    }
}

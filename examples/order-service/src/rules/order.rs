use std::time::SystemTime;

use super::Customer;

/// What a user ordered, as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: String,
    pub user_id: String,
    /// As it was when the order was taken.
    pub user_name: String,
    pub items: Vec<Item>,
    /// In cents.
    pub total: i64,
    /// To the microsecond.
    pub created_at: SystemTime,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub sku: String,
    pub quantity: i32,
    /// In cents.
    pub unit_price: i64,
}

/// What a caller wants to order. Its shape was checked where it came in, by the rules of the proto.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub user_id: String,
    pub items: Vec<Item>,
}

impl Draft {
    /// The order that comes of it. Its total cannot overflow: the proto bounds the items, how many of
    /// each and what one costs.
    pub fn into_order(self, id: String, customer: Customer, created_at: SystemTime) -> Order {
        let total = self.items.iter().map(|item| i64::from(item.quantity) * item.unit_price).sum();
        Order {
            id,
            user_id: customer.id,
            user_name: customer.name,
            items: self.items,
            total,
            created_at,
        }
    }
}

use std::time::SystemTime;

use super::{Customer, Violations};

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

/// What a caller wants to order: nothing is checked yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    pub user_id: String,
    pub items: Vec<Item>,
}

/// The largest price of one piece, in cents. With the other limits no total can overflow.
const MAX_PRICE: i64 = 100_000_000;

impl Draft {
    /// Everything that is wrong with it, if anything is.
    pub fn check(&self) -> Result<(), Violations> {
        let mut violations = Violations::default();
        violations.check("order.user_id", !self.user_id.is_empty(), "is missing");
        violations.check(
            "order.items",
            (1..=100).contains(&self.items.len()),
            "must be 1 to 100 items",
        );
        for (place, item) in self.items.iter().enumerate() {
            let field = |name: &str| format!("order.items[{place}].{name}");
            violations.check(&field("sku"), is_sku(&item.sku), "must be 1 to 64 characters");
            violations.check(
                &field("quantity"),
                (1..=1000).contains(&item.quantity),
                "must be 1 to 1000",
            );
            violations.check(
                &field("unit_price"),
                (0..=MAX_PRICE).contains(&item.unit_price),
                "must be 0 to 100000000 cents",
            );
        }
        violations.into_result()
    }

    /// The order that comes of it. Must have been checked.
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

fn is_sku(sku: &str) -> bool {
    (1..=64).contains(&sku.chars().count()) && !sku.contains(char::is_control)
}

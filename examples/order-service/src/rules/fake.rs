//! Orders in a map and customers in a list, for tests.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{Cause, Customer, Customers, DataError, Order, OrderData};

#[derive(Debug, Default)]
pub struct FakeData(Mutex<BTreeMap<String, Order>>);

impl OrderData for FakeData {
    async fn insert(&self, order: &Order) -> Result<(), DataError> {
        self.0.lock().unwrap().insert(order.id.clone(), order.clone());
        Ok(())
    }

    async fn find(&self, id: &str) -> Result<Option<Order>, DataError> {
        Ok(self.0.lock().unwrap().get(id).cloned())
    }

    async fn list(
        &self,
        user_id: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Order>, DataError> {
        let fits = |order: &&Order| {
            user_id.is_none_or(|id| order.user_id == id)
                && after.is_none_or(|after| order.id.as_str() > after)
        };
        Ok(self.0.lock().unwrap().values().filter(fits).take(limit).cloned().collect())
    }
}

/// A user-service that knows these customers; one without any is away.
pub struct FakeCustomers(pub Vec<Customer>);

impl Customers for FakeCustomers {
    async fn find(&self, id: &str) -> Result<Option<Customer>, Cause> {
        if self.0.is_empty() {
            return Err("user-service is away".into());
        }
        Ok(self.0.iter().find(|customer| customer.id == id).cloned())
    }
}

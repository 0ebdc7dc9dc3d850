//! What holds for orders, whoever asks and wherever they and their customers are kept.
//!
//! Nothing here knows the API, the database or user-service. What the rules need of others they say
//! in [`OrderData`] and [`Customers`], which `data` and `customers` implement, and a test by a map.

mod error;
mod order;
mod page;

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use error::{Cause, DataError, OrderError, Result};
pub use order::{Draft, Item, Order};

/// Where orders are kept.
pub trait OrderData: Send + Sync + 'static {
    /// Keeps a new order.
    fn insert(&self, order: &Order) -> impl Future<Output = Result<(), DataError>> + Send;

    /// The order of an id.
    fn find(&self, id: &str) -> impl Future<Output = Result<Option<Order>, DataError>> + Send;

    /// The first `limit` orders, by id, behind the id `after`; all, or those of one user.
    fn list(
        &self,
        user_id: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Order>, DataError>> + Send;
}

/// Who can be asked about customers.
pub trait Customers: Send + Sync + 'static {
    /// The customer of a user's id; none if there is no such user.
    fn find(&self, id: &str) -> impl Future<Output = Result<Option<Customer>, Cause>> + Send;
}

/// What the rules must know of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    pub id: String,
    pub name: String,
    pub may_order: bool,
}

/// What a caller asks of a list.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub page_size: i32,
    pub page_token: String,
    /// Empty: of all users.
    pub user_id: String,
}

/// Some orders, and the token that leads on; empty if these are the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub orders: Vec<Order>,
    pub next_token: String,
}

/// The orders, and what may be done with them.
pub struct Orders<D, C> {
    data: D,
    customers: C,
}

impl<D: OrderData, C: Customers> Orders<D, C> {
    pub fn new(data: D, customers: C) -> Self {
        Self { data, customers }
    }

    /// Takes an order of a user that there is and that may order.
    pub async fn create(&self, draft: Draft) -> Result<Order> {
        let id = &draft.user_id;
        let customer = self.customers.find(id).await.map_err(OrderError::Customers)?;
        let customer = match customer {
            None => return Err(OrderError::UserNotFound { id: id.clone() }),
            Some(customer) if !customer.may_order => {
                return Err(OrderError::UserSuspended { id: id.clone() });
            }
            Some(customer) => customer,
        };
        // Ids of version 7 grow with time: a list by id is a list by age.
        let order = draft.into_order(uuid::Uuid::now_v7().to_string(), customer, now());
        self.data.insert(&order).await?;
        Ok(order)
    }

    pub async fn get(&self, id: &str) -> Result<Order> {
        // What is no id of ours is not there; there is no need to ask.
        let found = if is_id(id) { self.data.find(id).await? } else { None };
        found.ok_or_else(|| OrderError::NotFound { id: id.to_owned() })
    }

    pub async fn list(&self, query: Query) -> Result<Page> {
        let Query { page_size, page_token, user_id } = query;
        let size = page::size(page_size);
        let after = page::place(&user_id, &page_token)?;
        let of_user = (!user_id.is_empty()).then_some(user_id.as_str());
        if of_user.is_some_and(|id| !is_id(id)) {
            return Ok(Page { orders: Vec::new(), next_token: String::new() });
        }
        // One more than asked for tells whether there is another page.
        let mut orders = self.data.list(of_user, after.as_deref(), size + 1).await?;
        let more = orders.len() > size;
        orders.truncate(size);
        let next_token = match orders.last() {
            Some(last) if more => page::token(&user_id, &last.id),
            _ => String::new(),
        };
        Ok(Page { orders, next_token })
    }
}

fn is_id(id: &str) -> bool {
    uuid::Uuid::try_parse(id).is_ok()
}

/// The time, to the microsecond: what a database keeps.
fn now() -> SystemTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
pub mod fake;
#[cfg(test)]
mod tests;

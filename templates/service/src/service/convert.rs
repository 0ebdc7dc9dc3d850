//! Between the rules and the messages, and what a caller is told of an error: the causes stay in the log.

use crate::api;
use crate::rules::{DataError, Gadget, GadgetError, Page};

impl From<Gadget> for api::Gadget {
    fn from(gadget: Gadget) -> Self {
        let Gadget { id, name, created_at } = gadget;
        Self { id, name, created_at: Some(created_at.into()) }
    }
}

impl From<Page> for api::ListGadgetsResponse {
    fn from(page: Page) -> Self {
        let gadgets = page.gadgets.into_iter().map(Into::into).collect();
        Self { gadgets, next_page_token: page.next_token }
    }
}

impl From<GadgetError> for bia::Error {
    fn from(error: GadgetError) -> Self {
        match error {
            GadgetError::NotFound { id } => api::GadgetError::NotFound.with("id", id),
            GadgetError::NameTaken { name } => api::GadgetError::NameTaken.with("name", name),
            GadgetError::NameEmpty => {
                // Told as what breaks the rules of the proto.
                let mut violations = bia::validate::Violations::default();
                violations.add("gadget.name", "gadget.rules", "must not be empty".to_owned());
                violations.into()
            }
            GadgetError::PageToken => api::GadgetError::PageTokenInvalid.into(),
            // @if database
            GadgetError::Data(DataError::Unavailable(source)) => {
                api::GadgetError::DatabaseUnavailable.with_source(source)
            }
            // @end
            GadgetError::Data(DataError::Broken(source)) => Self::from_source(source),
        }
    }
}

//! The API: turns messages into what the rules speak of, and what they answer into messages.
//!
//! Thin by intent: a decision in here is in the wrong place.

mod convert;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bia::{Context, Result};

use crate::api;
use crate::rules::{GadgetData, Gadgets};

/// `sample.v1.SampleService` over the rules.
#[derive(Clone, Debug)]
pub struct SampleApi<D> {
    gadgets: Arc<Gadgets<D>>,
}

impl<D: GadgetData> SampleApi<D> {
    pub fn new(gadgets: Gadgets<D>) -> Self {
        Self { gadgets: Arc::new(gadgets) }
    }
}

impl<D: GadgetData> api::SampleService for SampleApi<D> {
    async fn create_gadget(
        &self,
        _cx: &Context,
        request: api::CreateGadgetRequest,
    ) -> Result<api::Gadget> {
        let gadget = request.gadget.unwrap_or_default();
        Ok(self.gadgets.create(&gadget.name).await?.into())
    }

    async fn get_gadget(
        &self,
        _cx: &Context,
        request: api::GetGadgetRequest,
    ) -> Result<api::Gadget> {
        Ok(self.gadgets.get(&request.id).await?.into())
    }

    async fn list_gadgets(
        &self,
        _cx: &Context,
        request: api::ListGadgetsRequest,
    ) -> Result<api::ListGadgetsResponse> {
        Ok(self.gadgets.list(request.page_size, &request.page_token).await?.into())
    }

    async fn delete_gadget(&self, _cx: &Context, request: api::DeleteGadgetRequest) -> Result<()> {
        Ok(self.gadgets.delete(&request.id).await?)
    }
}

//! sample-service. The README says what to read in which order.

// @if database
mod data;
// @end
// @if sample
mod rules;
// @end
mod service;
mod settings;
#[cfg(test)]
mod tests;

// @if sample
// Brings `sample::v1`: the messages, the trait `SampleService` and `sample_service(..)`.
// @else
//| // Brings `@module@`: the messages, and for each service its trait and what makes an app serve it.
// @end
bia::include_protos!();

// @if database
use std::time::Duration;

use data::Database;
// @end
// @if sample
// @if database
use rules::Gadgets;
// @else
//| use rules::{Gadgets, Memory};
// @end
use sample::v1 as api;
use service::SampleApi;
// @else
//| use @module@ as api;
// @end
use settings::Settings;

#[tokio::main]
async fn main() -> Result<(), bia::Exit> {
    let config = bia::config::<Settings>().rules().schema().await?;
    app(&config).await?.run().await
}

/// What the service is made of. Tests start it too, with settings of their own.
async fn app(config: &bia::Config<Settings>) -> Result<bia::App, bia::Exit> {
    let app = bia::App::new("sample-service", env!("CARGO_PKG_VERSION"), config)?;
    // @if database

    let database = Database::open(&config.get().data).await?;
    app.check("database", {
        let database = database.clone();
        move || database.clone().ping()
    });
    // @end
    // @if sample
    // @if database
    let gadgets = Gadgets::new(database.clone());
    // @else
    //| let gadgets = Gadgets::new(Memory::default());
    // @end
    // @end

    // @if database
    let app = app
        .after_stop("close database", Duration::from_secs(5), async move || database.close().await);
    // @end
    // @if sample
    Ok(app.serve(api::sample_service(SampleApi::new(gadgets))))
    // @else
    //| Ok(app@serve@)
    // @end
}

//! Streams and files over HTTP, as tools and pages call them.

mod browser;
mod files;
mod raw;
mod streams;

use bia::testing::TestApp;
use interop::api::files::v1::files;
use interop::files::Shelf;

async fn serve() -> TestApp {
    super::serve([files(Shelf::default())]).await
}

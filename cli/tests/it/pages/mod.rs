//! Pages of the book, done as they stand there.

mod page;
mod reader;

use page::steps;
use reader::Reader;

#[test]
fn the_tutorial_does_what_it_says() {
    does(include_str!("../../../../docs/src/tutorial.md"), 8);
}

#[test]
fn the_page_about_changing_an_api_does_what_it_says() {
    does(include_str!("../../../../docs/src/guide/changing-an-api.md"), 6);
}

#[test]
fn the_page_about_several_services_does_what_it_says() {
    does(include_str!("../../../../docs/src/guide/workspaces.md"), 6);
}

#[test]
fn the_page_about_deploying_does_what_it_says() {
    does(include_str!("../../../../docs/src/guide/deploying.md"), 6);
}

#[test]
fn the_page_about_signed_settings_does_what_it_says() {
    does(include_str!("../../../../docs/src/concepts/signed-settings.md"), 1);
}

/// Does what a page asks for, in at least `steps` blocks.
#[track_caller]
fn does(page: &str, least: usize) {
    let steps = steps(page);
    assert!(steps.len() >= least, "{steps:?}");
    Reader::new().does(&steps);
}

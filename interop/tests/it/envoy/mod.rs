//! The same requests to a real Envoy that transcodes for our service, and to the service itself.
//!
//! Both answer the same, or the difference is in a list ([`differences`]) with its reason in the book.

mod bodies;
mod compare;
mod differences;
mod http;
mod proxy;
mod random;
mod table;

use bia::testing::TestApp;
use interop::api::transcoding::v1::{echo, parts};
use interop::transcoding::Mirror;

use self::compare::difference;
use self::http::{Ask, Client};
use self::proxy::Envoy;
use crate::serve;

/// How many requests are made up.
const RANDOM: usize = 3_000;

/// Asks both.
struct Pair {
    app: TestApp,
    ours: Client,
    theirs: Client,
    _envoy: Envoy,
}

impl Pair {
    async fn start(test: &str) -> Option<Self> {
        let app = serve([echo(Mirror), parts(Mirror)]).await;
        let port = app.address().unwrap().port();
        let envoy = Envoy::start(test, port).await?;
        let (ours, theirs) = (Client::new(port), Client::new(envoy.port));
        Some(Self { app, ours, theirs, _envoy: envoy })
    }

    /// What of the answers is not the same.
    async fn difference(&mut self, ask: &Ask) -> Option<String> {
        let (ours, theirs) = tokio::join!(self.ours.ask(ask), self.theirs.ask(ask));
        difference(ask, &ours, &theirs)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_the_table_is_answered_as_envoy_answers_it() {
    let name = "every_request_of_the_table_is_answered_as_envoy_answers_it";
    let Some(mut pair) = Pair::start(name).await else { return };
    let (mut new, mut gone) = (Vec::new(), Vec::new());
    let asks = table::asks();
    for ask in &asks {
        match (pair.difference(ask).await, differences::of(ask)) {
            (Some(difference), None) => new.push(format!("{ask}\n{difference}")),
            (None, Some(known)) => gone.push(format!("{ask}: no longer {known}")),
            _ => {}
        }
    }
    pair.app.stop().await.unwrap();
    let (count, differ) = (asks.len(), new.len());
    assert!(new.is_empty(), "{differ} of {count} differ:\n\n{}", new.join("\n\n"));
    assert!(gone.is_empty(), "take them off the list and out of the book:\n{}", gone.join("\n"));
    assert!(count >= 400, "{count} requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_made_up_are_answered_as_envoy_answers_them() {
    let name = "requests_that_are_made_up_are_answered_as_envoy_answers_them";
    let Some(mut pair) = Pair::start(name).await else { return };
    let mut accepted = 0;
    for seed in 0..RANDOM {
        let ask = random::ask(seed as u64);
        if let Some(difference) = pair.difference(&ask).await {
            panic!("request {seed}: {ask}\n{difference}");
        }
        accepted += usize::from(pair.ours.last == 200);
    }
    pair.app.stop().await.unwrap();
    // What is refused by both shows little.
    assert!(accepted > RANDOM / 2, "{accepted} of {RANDOM} were accepted");
}

#[test]
fn the_book_gives_a_reason_for_every_difference() {
    let page = include_str!("../../../../docs/src/reference/transcoding.md");
    let told: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let listed: Vec<&str> = differences::ALL.iter().map(|(title, _)| *title).collect();
    assert_eq!(told, listed);
}

#[test]
fn every_request_that_is_said_to_differ_is_in_the_table() {
    let asks: Vec<String> = table::asks().iter().map(ToString::to_string).collect();
    for (title, requests) in differences::ALL {
        for request in *requests {
            assert!(asks.iter().any(|ask| ask == request), "{title}: {request}");
        }
    }
}

//! Which pages there are, who may see them, and by which method.

use std::net::IpAddr;

use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, StatusCode};
use serde_json::{Map, json};
use tokio::sync::watch;

use super::super::announce::Announced;
use super::super::channels::Channels;
use super::super::live::{Configured, Latest};
use super::answer::Answer;
use super::profile::{self, Profiler};
use super::{calls, guard, health, log, metrics, registry};
use crate::health::Health;
use crate::telemetry::Telemetry;

/// Everything that the pages tell of.
pub(super) struct Pages {
    pub(super) settings: Latest,
    pub(super) health: Health,
    pub(super) announced: watch::Receiver<Announced>,
    pub(super) channels: Channels,
    pub(super) telemetry: Telemetry,
    pub(super) config: Configured,
    pub(super) profiler: Profiler,
}

/// One page.
struct Page {
    name: Name,
    path: &'static str,
    audience: Audience,
    methods: &'static [Method],
    what: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Index,
    Alive,
    Ready,
    Metrics,
    Registry,
    Config,
    Log,
    Calls,
    Profiles,
    CpuProfile,
    HeapProfile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    Everybody,
    /// This machine, or whoever shows the token.
    Operators,
}

const READ: &[Method] = &[Method::GET, Method::HEAD];
/// What is work: not done for somebody who wants no more than the head.
const WORK: &[Method] = &[Method::GET];

/// Every page, in the order in which they are told.
const PAGES: &[Page] = &[
    Page {
        name: Name::Alive,
        path: "/livez",
        audience: Audience::Everybody,
        methods: READ,
        what: "whether the process answers",
    },
    Page {
        name: Name::Ready,
        path: "/readyz",
        audience: Audience::Everybody,
        methods: READ,
        what: "whether it serves and its checks pass: 200, else 503",
    },
    Page {
        name: Name::Ready,
        path: "/healthz",
        audience: Audience::Everybody,
        methods: READ,
        what: "both at once",
    },
    Page {
        name: Name::Metrics,
        path: "/metrics",
        audience: Audience::Everybody,
        methods: READ,
        what: "what is measured, for Prometheus",
    },
    Page {
        name: Name::Registry,
        path: "/registry",
        audience: Audience::Operators,
        methods: READ,
        what: "what it announced, and whom its channels see",
    },
    Page {
        name: Name::Config,
        path: "/config",
        audience: Audience::Operators,
        methods: READ,
        what: "the settings in force and where each came from, what was refused, and what waits for a restart",
    },
    Page {
        name: Name::Log,
        path: "/log",
        audience: Audience::Operators,
        methods: log::METHODS,
        what: "what is logged; PUT ?level=debug&operation=…&for=5m changes it for a while, DELETE takes that back",
    },
    Page {
        name: Name::Calls,
        path: "/debug/calls",
        audience: Audience::Operators,
        methods: READ,
        what: "the calls on their way, the oldest first; ?operation= picks",
    },
    Page {
        name: Name::Profiles,
        path: "/debug/pprof/",
        audience: Audience::Operators,
        methods: READ,
        what: "which profiles there are",
    },
    Page {
        name: Name::CpuProfile,
        path: "/debug/pprof/profile",
        audience: Audience::Operators,
        methods: WORK,
        what: "where the CPU time of the next ?seconds=30 goes, for pprof",
    },
    Page {
        name: Name::HeapProfile,
        path: "/debug/pprof/heap",
        audience: Audience::Operators,
        methods: WORK,
        what: "what holds the memory in use, for pprof",
    },
    Page {
        name: Name::Index,
        path: "/",
        audience: Audience::Everybody,
        methods: READ,
        what: "this list",
    },
];

/// The paths of every page, as one line.
pub(crate) fn paths() -> String {
    let paths: Vec<_> = PAGES.iter().map(|page| page.path).collect();
    paths.join(", ")
}

impl Pages {
    pub(super) async fn answer<B>(&self, request: Request<B>, peer: IpAddr) -> Answer {
        let (head, _body) = request.into_parts();
        let path = head.uri.path();
        let Some(page) = PAGES.iter().find(|page| page.path == path) else {
            let message = format!("there is nothing at {path}: there are {}", paths());
            return Answer::refusal(StatusCode::NOT_FOUND, "PATH_UNKNOWN", message);
        };
        if !page.methods.contains(&head.method) {
            return wrong_method(page);
        }
        let settings = self.settings.get();
        if page.audience == Audience::Operators
            && let Some(refusal) = guard::refusal(&settings.admin.token, &head.headers, peer)
        {
            return refusal;
        }
        match page.name {
            Name::Index => index(),
            Name::Alive => health::alive(),
            Name::Ready => health::ready(&self.health, settings.admin.check_timeout).await,
            Name::Config => Answer::json(StatusCode::OK, &self.config.report()),
            Name::Registry => registry::show(&self.announced.borrow(), &self.channels),
            Name::Metrics => metrics::show(self.telemetry.metrics(), &head.headers),
            Name::Log => log::answer(self.telemetry.logs(), &head.method, head.uri.query()),
            Name::Calls => calls::show(self.telemetry.active(), head.uri.query()),
            Name::Profiles => profile::index(),
            Name::CpuProfile => self.profiler.cpu(head.uri.query()).await,
            Name::HeapProfile => self.profiler.heap().await,
        }
    }
}

fn index() -> Answer {
    let pages: Map<_, _> =
        PAGES.iter().map(|page| (page.path.to_owned(), page.what.into())).collect();
    Answer::json(StatusCode::OK, &json!({ "pages": pages }))
}

fn wrong_method(page: &Page) -> Answer {
    let methods: Vec<_> = page.methods.iter().map(Method::as_str).collect();
    let message = format!("{} it", methods.join(" or "));
    let answer = Answer::refusal(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message);
    match HeaderValue::try_from(methods.join(", ")) {
        Ok(methods) => answer.with_header(ALLOW, methods),
        Err(_) => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_health_and_metrics_are_told_to_everybody() {
        let everybody: Vec<_> = PAGES
            .iter()
            .filter(|page| page.audience == Audience::Everybody)
            .map(|page| page.path)
            .collect();
        assert_eq!(everybody, ["/livez", "/readyz", "/healthz", "/metrics", "/"]);
    }

    #[test]
    fn a_path_leads_to_one_page() {
        let mut paths: Vec<_> = PAGES.iter().map(|page| page.path).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), PAGES.len());
    }
}

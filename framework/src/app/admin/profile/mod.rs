//! `/debug/pprof/`: where time and memory go, in the format that pprof reads.
//!
//! Profiles cost those who are served, so there is one at a time, it ends after a bounded time, and
//! it ends at once when whoever asked for it goes away.

#[cfg(feature = "profiling")]
mod cpu;
#[cfg(any(feature = "heap", feature = "profiling"))]
mod format;
#[cfg(feature = "heap")]
mod heap;

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::answer::Answer;
use super::query;

/// How long a CPU profile takes unless `?seconds=` says otherwise; as in Go.
const SECONDS: u64 = 30;
const MOST_SECONDS: u64 = 300;

/// Takes profiles, one at a time.
#[derive(Debug)]
pub(super) struct Profiler {
    turn: Semaphore,
}

impl Profiler {
    pub(super) fn new() -> Self {
        Self { turn: Semaphore::new(1) }
    }

    /// What the CPU does for a while. Cancel-safe: dropped, it ends the profile.
    pub(super) async fn cpu(&self, query: Option<&str>) -> Answer {
        let seconds = match seconds(query) {
            Ok(seconds) => seconds,
            Err(message) => {
                return Answer::refusal(StatusCode::BAD_REQUEST, "SECONDS_INVALID", message);
            }
        };
        match self.turn() {
            Ok(_turn) => take_cpu(seconds).await,
            Err(busy) => busy,
        }
    }

    /// What holds the memory now.
    pub(super) async fn heap(&self) -> Answer {
        match self.turn() {
            Ok(_turn) => take_heap().await,
            Err(busy) => busy,
        }
    }

    fn turn(&self) -> Result<SemaphorePermit<'_>, Answer> {
        self.turn.try_acquire().map_err(|_taken| busy())
    }
}

/// `/debug/pprof/` itself.
pub(super) fn index() -> Answer {
    let body = json!({
        "profiles": {
            "/debug/pprof/profile": {
                "what": "CPU time, sampled while it is taken",
                "parameters": {
                    "seconds": format!("how long, 1 to {MOST_SECONDS}; {SECONDS} unless given"),
                },
                "available": cfg!(feature = "profiling"),
            },
            "/debug/pprof/heap": {
                "what": "memory in use, by where it was allocated",
                "available": has_heap(),
            },
        },
        "read_with": "go tool pprof http://HOST:PORT/debug/pprof/profile?seconds=10, or any other reader of pprof",
    });
    Answer::json(StatusCode::OK, &body)
}

fn seconds(query: Option<&str>) -> Result<Duration, String> {
    let Some(text) = query::value(query, "seconds") else {
        return Ok(Duration::from_secs(SECONDS));
    };
    text.parse()
        .ok()
        .filter(|seconds| (1..=MOST_SECONDS).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| format!("seconds={text} is no whole number from 1 to {MOST_SECONDS}"))
}

#[cfg(feature = "profiling")]
async fn take_cpu(duration: Duration) -> Answer {
    tracing::info!(?duration, "a CPU profile is being taken");
    match cpu::record(duration).await {
        Ok(profile) => file("attachment; filename=\"profile.pb.gz\"", profile),
        Err(cpu::Failure::Busy) => busy(),
        Err(cpu::Failure::Broken(why)) => {
            Answer::refusal(StatusCode::INTERNAL_SERVER_ERROR, "PROFILE_FAILED", why)
        }
    }
}

#[cfg(not(feature = "profiling"))]
async fn take_cpu(_: Duration) -> Answer {
    std::future::ready(missing("build the service with the feature `profiling` of bia")).await
}

#[cfg(feature = "heap")]
async fn take_heap() -> Answer {
    if !heap::is_on() {
        return missing("let the program's main.rs say `bia::profile_heap!();`");
    }
    tracing::info!("a heap profile is being taken");
    let taken = tokio::task::spawn_blocking(heap::take).await.map_err(std::io::Error::other);
    match taken.and_then(|taken| taken) {
        Ok(profile) => file("attachment; filename=\"heap.pb.gz\"", profile),
        Err(error) => {
            Answer::refusal(StatusCode::INTERNAL_SERVER_ERROR, "PROFILE_FAILED", error.to_string())
        }
    }
}

#[cfg(not(feature = "heap"))]
async fn take_heap() -> Answer {
    let remedy = "build the service with the feature `heap` of bia, and let its main.rs say \
                  `bia::profile_heap!();`";
    std::future::ready(missing(remedy)).await
}

#[cfg(feature = "heap")]
fn has_heap() -> bool {
    heap::is_on()
}

#[cfg(not(feature = "heap"))]
const fn has_heap() -> bool {
    false
}

fn missing(remedy: &str) -> Answer {
    Answer::refusal(StatusCode::NOT_IMPLEMENTED, "PROFILE_UNAVAILABLE", remedy)
}

fn busy() -> Answer {
    let message = "a profile is being taken: one at a time";
    Answer::refusal(StatusCode::CONFLICT, "PROFILE_RUNNING", message)
}

#[cfg(any(feature = "heap", feature = "profiling"))]
fn file(disposition: &'static str, bytes: Vec<u8>) -> Answer {
    use http::header::{CONTENT_DISPOSITION, HeaderValue};
    Answer::new("application/octet-stream", StatusCode::OK, bytes)
        .with_header(CONTENT_DISPOSITION, HeaderValue::from_static(disposition))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_profile_takes_is_bounded() {
        let of = |query| seconds(query);
        assert_eq!(of(None), Ok(Duration::from_secs(30)));
        assert_eq!(of(Some("debug=1")), Ok(Duration::from_secs(30)));
        assert_eq!(of(Some("debug=1&seconds=5")), Ok(Duration::from_secs(5)));
        assert_eq!(of(Some("seconds=300")), Ok(Duration::from_secs(300)));
        for wrong in ["seconds=0", "seconds=301", "seconds=", "seconds=1s", "seconds=-1"] {
            let refusal = of(Some(wrong)).unwrap_err();
            assert!(refusal.ends_with("is no whole number from 1 to 300"), "{refusal}");
        }
    }
}

//! What is measured of every call: bound when a server or a channel is made, so that a call only counts.
//!
//! How many series there can be is bounded, whatever comes in: calls to operations that are not served
//! share one, an operation has at most [`OUTCOMES`] pairs of code and reason before further reasons are
//! `_OTHER`, and an app at most [`OPERATIONS`] pairs of callee and operation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::error::Code;
use crate::operation::Operation;

use super::catalogue as c;
use super::catalogue::Family;
use super::instrument::{Buckets, Gauge, Histogram, Ids};
use super::reading::Reading;

/// What all share that is not told apart, as the semantic conventions write it.
pub(crate) const OTHER: &str = "_OTHER";

/// The most pairs of code and reason that are told apart for one operation; one for each code comes on
/// top. An operation that documents more reasons than this has too many for its callers.
pub(crate) const OUTCOMES: usize = 32;

/// The most pairs of callee and operation. A service has tens; thousands are made-up names.
pub(crate) const OPERATIONS: usize = 1000;

/// The most bytes of a reason, a method or a callee in a label.
const LABEL: usize = 128;

/// The only system for now; every face is a way to call the same operations.
const GRPC: &str = "grpc";

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended<'a> {
    pub(crate) code: Code,
    /// Why, of a call that failed; empty if it did not.
    pub(crate) reason: &'a str,
    pub(crate) duration: Duration,
    /// Bytes of messages, as this side sees it: a server receives requests, a client responses.
    pub(crate) received: u64,
    pub(crate) sent: u64,
    /// The ids of its span, if that is sampled: what an exemplar points to.
    pub(crate) ids: Option<Ids>,
}

/// The instruments of one operation on one side. Whoever calls [`CallInstruments::begin`] calls
/// [`CallInstruments::end`] once.
#[derive(Debug)]
pub(crate) struct CallInstruments {
    method: Box<str>,
    /// Of a client; a server has none.
    callee: Option<Box<str>>,
    buckets: Arc<Buckets>,
    active: Gauge,
    received: Histogram,
    sent: Histogram,
    ok: Histogram,
    /// Filled in order; the first that is empty ends them. Made with the first call that fails.
    failed: OnceLock<Box<[OnceLock<Outcome>; OUTCOMES]>>,
    /// For reasons beyond the last of those, one for each code.
    rest: OnceLock<Box<[OnceLock<Outcome>; Code::ALL.len()]>>,
}

#[derive(Debug)]
struct Outcome {
    code: Code,
    reason: Box<str>,
    duration: Histogram,
}

impl CallInstruments {
    fn new(callee: Option<&str>, method: &str, table: &CallTable) -> Self {
        Self {
            method: short(method).into(),
            callee: callee.map(|callee| short(callee).into()),
            buckets: Arc::clone(&table.durations),
            active: Gauge::default(),
            received: Histogram::new(&table.sizes),
            sent: Histogram::new(&table.sizes),
            ok: Histogram::with_exemplars(&table.durations),
            failed: OnceLock::new(),
            rest: OnceLock::new(),
        }
    }

    pub(crate) fn begin(&self) {
        self.active.add(1);
    }

    /// Counts a call that has ended. Allocates only when a code and reason are seen the first time.
    pub(crate) fn end(&self, call: Ended<'_>) {
        self.active.add(-1);
        self.received.record(call.received, None);
        self.sent.record(call.sent, None);
        let nanoseconds = u64::try_from(call.duration.as_nanos()).unwrap_or(u64::MAX);
        let duration = if call.code == Code::Ok {
            &self.ok
        } else {
            &self.outcome(call.code, short(call.reason)).duration
        };
        duration.record(nanoseconds, call.ids);
    }

    fn outcome(&self, code: Code, reason: &str) -> &Outcome {
        let make = |reason: &str| Outcome {
            code,
            reason: reason.into(),
            duration: Histogram::with_exemplars(&self.buckets),
        };
        let failed = self.failed.get_or_init(|| Box::new([const { OnceLock::new() }; OUTCOMES]));
        for place in failed.iter() {
            let outcome = place.get_or_init(|| make(reason));
            // It may have been filled by somebody else in between, and then with something else.
            if outcome.code == code && *outcome.reason == *reason {
                return outcome;
            }
        }
        let rest = self.rest.get_or_init(|| Box::new([const { OnceLock::new() }; Code::ALL.len()]));
        rest[usize::from(code.number())].get_or_init(|| make(OTHER))
    }

    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        let failed = self.failed.get().into_iter().flat_map(|places| places.iter());
        let rest = self.rest.get().into_iter().flat_map(|places| places.iter());
        failed.chain(rest).filter_map(OnceLock::get)
    }

    fn read(&self, reading: &mut Reading) {
        let active = self.active.value();
        let ok = self.ok.read();
        let has_ok = ok.counts.iter().any(|count| *count > 0);
        let (received, sent) = (self.received.read(), self.sent.read());
        let method = &*self.method;
        let mut duration = |code: Code, reason: &str, spread| match &self.callee {
            None => reading.add(&c::SERVER_DURATION, [GRPC, method, code.name(), reason], spread),
            Some(callee) => {
                let labels = [GRPC, callee, method, code.name(), reason];
                reading.add(&c::CLIENT_DURATION, labels, spread);
            }
        };
        // Before the first call there are no series but those of a call that goes well: with these, the
        // rate of the first calls is seen.
        if has_ok || self.failed.get().is_none() {
            duration(Code::Ok, "", ok);
        }
        for outcome in self.outcomes() {
            duration(outcome.code, &outcome.reason, outcome.duration.read());
        }
        let mut add = |server: &'static Family, client: &'static Family, value| match &self.callee {
            None => reading.add(server, [GRPC, method], value),
            Some(callee) => reading.add(client, [GRPC, callee, method], value),
        };
        add(&c::SERVER_ACTIVE, &c::CLIENT_ACTIVE, super::reading::Value::from(active));
        add(&c::SERVER_RECEIVED, &c::CLIENT_RECEIVED, received.into());
        add(&c::SERVER_SENT, &c::CLIENT_SENT, sent.into());
    }
}

/// The instruments of the operations of a server. Cloning is cheap.
#[derive(Clone, Debug)]
pub(crate) struct ServerInstruments {
    /// One for each route, and the last for what has none.
    places: Arc<[Arc<CallInstruments>]>,
}

impl ServerInstruments {
    /// Those of the operation at a place; without one, those that all unknown operations share.
    pub(crate) fn at(&self, route: Option<usize>) -> &Arc<CallInstruments> {
        let last = self.places.len() - 1;
        &self.places[route.unwrap_or(last).min(last)]
    }
}

/// The instruments of the operations that a channel calls. Cloning is cheap.
#[derive(Clone, Debug)]
pub(crate) struct ClientInstruments {
    callee: Arc<str>,
    table: Arc<CallTable>,
    /// Those that were called already, by the address of the operation's name and so without comparing
    /// texts. A name that lies at two addresses is there twice, with the same instruments.
    known: Arc<ArcSwap<Known>>,
}

type Known = Vec<(usize, Arc<CallInstruments>)>;

impl ClientInstruments {
    /// Those of an operation that a program names. Allocates at its first call only.
    pub(crate) fn of(&self, operation: &'static Operation) -> Arc<CallInstruments> {
        let name = operation.name();
        let address = name.as_ptr().addr();
        if let Some(known) = find(&self.known.load(), address) {
            return known;
        }
        let found = self.named(name);
        self.known.rcu(|known| {
            let mut known = Vec::clone(known);
            if known.len() < OPERATIONS && find(&known, address).is_none() {
                known.push((address, Arc::clone(&found)));
            }
            known
        });
        found
    }

    /// Those of an operation by its path, `/user.v1.UserService/GetUser`, which a client that was not
    /// generated here may have made up.
    pub(crate) fn named(&self, path: &str) -> Arc<CallInstruments> {
        self.table.get_or_make(Some(&self.callee), method(path))
    }
}

fn find(known: &Known, address: usize) -> Option<Arc<CallInstruments>> {
    known.iter().find(|(known, _)| *known == address).map(|(_, found)| Arc::clone(found))
}

/// Every operation that is measured, of all servers and channels of an app.
#[derive(Debug)]
pub(crate) struct CallTable {
    durations: Arc<Buckets>,
    sizes: Arc<Buckets>,
    /// By callee, none for a server, and by method.
    all: Mutex<BTreeMap<Option<Box<str>>, Methods>>,
}

type Methods = BTreeMap<Box<str>, Arc<CallInstruments>>;

impl CallTable {
    pub(crate) fn new(durations: Buckets, sizes: Buckets) -> Self {
        Self { durations: durations.into(), sizes: sizes.into(), all: Mutex::default() }
    }

    pub(crate) fn server<'a>(
        &self,
        operations: impl IntoIterator<Item = &'a Operation>,
    ) -> ServerInstruments {
        let known = operations.into_iter().map(|operation| method(operation.name()));
        let places = known.chain([OTHER]).map(|method| self.get_or_make(None, method));
        ServerInstruments { places: places.collect() }
    }

    pub(crate) fn client(self: &Arc<Self>, callee: &str) -> ClientInstruments {
        let known = Arc::default();
        ClientInstruments { callee: short(callee).into(), table: Arc::clone(self), known }
    }

    /// Two servers, or two channels to one service, that have an operation in common count it together.
    fn get_or_make(&self, callee: Option<&str>, method: &str) -> Arc<CallInstruments> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let count: usize = all.values().map(BTreeMap::len).sum();
        let (mut callee, mut method) = (callee, short(method));
        let is_known = |callee: Option<&str>, method: &str| {
            all.get(&callee.map(Box::from)).is_some_and(|all| all.contains_key(method))
        };
        if count >= OPERATIONS && !is_known(callee, method) {
            method = OTHER;
            // A callee of which nothing is known yet has no series of its own either.
            if !all.contains_key(&callee.map(Box::from)) {
                callee = callee.map(|_| OTHER);
            }
        }
        let of_callee = all.entry(callee.map(Box::from)).or_default();
        if let Some(known) = of_callee.get(method) {
            return Arc::clone(known);
        }
        let made = Arc::new(CallInstruments::new(callee, method, self));
        of_callee.insert(method.into(), Arc::clone(&made));
        made
    }

    pub(crate) fn read(&self, reading: &mut Reading) {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        for call in all.values().flat_map(BTreeMap::values) {
            call.read(reading);
        }
    }
}

/// The name as the semantic conventions have it, without the first slash.
fn method(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

/// At most as long as a label may be.
fn short(text: &str) -> &str {
    let mut end = text.len().min(LABEL);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests;

//! The connections to an app's servers: how many there are, and what became of the others.

use std::sync::Arc;

use super::catalogue as c;
use super::instrument::{Counter, Gauge};
use super::reading::Reading;

/// What all servers of an app count their connections with. Cloning is cheap; all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionInstruments(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: Gauge,
    most: Gauge,
    accepted: Counter,
    refused: Counter,
    ended: [Counter; CAUSES.len()],
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// In order, by whichever side.
    Closed,
    /// Before it had finished: it was to go, and its time was up.
    Cut,
    /// By an error of the network or of the protocol, or because the peer did not answer.
    Broken,
    /// Nothing was said on it that anybody understands.
    Silent,
}

const CAUSES: [(Cause, &str); 4] = [
    (Cause::Closed, "closed"),
    (Cause::Cut, "cut"),
    (Cause::Broken, "broken"),
    (Cause::Silent, "silent"),
];

/// One connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Open {
    all: ConnectionInstruments,
    cause: Cause,
}

impl ConnectionInstruments {
    /// A server may have `now` connections, and before could have others; those of several servers are
    /// added up.
    pub(crate) fn expect(&self, before: usize, now: usize) {
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        if before != now {
            self.0.most.add(whole(now) - whole(before));
        }
    }

    /// There was no room for one.
    pub(crate) fn refuse(&self) {
        self.0.refused.add(1);
    }

    /// One was accepted. Dropped without a cause, it was cut.
    pub(crate) fn accept(&self) -> Open {
        self.0.accepted.add(1);
        self.0.open.add(1);
        Open { all: self.clone(), cause: Cause::Cut }
    }

    pub(super) fn read(&self, reading: &mut Reading) {
        reading.add(&c::CONNECTIONS, [], self.0.open.value());
        reading.add(&c::CONNECTIONS_MOST, [], self.0.most.value());
        reading.add(&c::CONNECTIONS_ACCEPTED, [], self.0.accepted.value());
        reading.add(&c::CONNECTIONS_REFUSED, [], self.0.refused.value());
        for ((_, cause), count) in CAUSES.iter().zip(&self.0.ended) {
            reading.add(&c::CONNECTIONS_ENDED, [cause], count.value());
        }
    }
}

impl Open {
    /// It has ended.
    pub(crate) fn end(mut self, cause: Cause) {
        self.cause = cause;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(place) = CAUSES.iter().position(|(cause, _)| *cause == self.cause) {
            self.all.0.ended[place].add(1);
        }
        self.all.0.open.add(-1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::Value;
    use super::*;

    #[test]
    fn a_connection_is_counted_from_its_accept_to_its_end() {
        let all = ConnectionInstruments::default();
        all.expect(0, 15);
        all.expect(15, 10);
        all.refuse();
        let (kept, cut) = (all.accept(), all.accept());
        all.accept().end(Cause::Broken);
        drop(cut);
        let mut reading = Reading::default();
        all.read(&mut reading);
        let value = |family| &reading.of(family)[0].value;
        assert_eq!(*value(&c::CONNECTIONS), Value::Whole(1));
        assert_eq!(*value(&c::CONNECTIONS_MOST), Value::Whole(10));
        assert_eq!(*value(&c::CONNECTIONS_ACCEPTED), Value::Whole(3));
        assert_eq!(*value(&c::CONNECTIONS_REFUSED), Value::Whole(1));
        let ended: Vec<_> = reading.of(&c::CONNECTIONS_ENDED).iter().map(|it| &it.value).collect();
        assert_eq!(ended, [0, 1, 1, 0].map(Value::Whole).iter().collect::<Vec<_>>());
        drop(kept);
    }
}

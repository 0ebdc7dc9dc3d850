use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Instance;

/// Keeps the instances that were known before an outage until they have had the time to register again.
///
/// A registry that comes back may have forgotten everybody: an agent without a disk does. Whoever
/// then believed the first answer would have nobody to call, although all are well and register
/// again at their next heartbeat. So for `grace` after an outage, those who were known and are not
/// listed stay. One that is gone for good is found out by those who call it.
#[derive(Debug)]
pub(crate) struct Rejoin {
    grace: Duration,
    known: BTreeMap<String, Instance>,
    missing: BTreeMap<String, Instance>,
    outage: bool,
    until: Option<Instant>,
}

impl Rejoin {
    pub(crate) fn new(grace: Duration) -> Self {
        let (known, missing) = (BTreeMap::new(), BTreeMap::new());
        Self { grace, known, missing, outage: false, until: None }
    }

    /// The registry cannot be asked, or is not the one it was.
    ///
    /// Nobody is given up before it answers again.
    pub(crate) fn outage(&mut self) {
        self.outage = true;
        self.until = None;
    }

    /// Who is to be called, given who is listed.
    pub(crate) fn listed(&mut self, instances: Vec<Instance>, now: Instant) -> Vec<Instance> {
        if std::mem::take(&mut self.outage) {
            self.missing.append(&mut self.known);
            self.until = Some(now + self.grace);
        }
        self.known = instances.into_iter().map(|it| (it.id.clone(), it)).collect();
        if self.until.is_some_and(|until| now >= until) {
            self.missing.clear();
        }
        // A process that was started anew has another id and the endpoints of the one before it.
        self.missing.retain(|id, missing| {
            !self.known.contains_key(id)
                && !self
                    .known
                    .values()
                    .any(|it| !it.endpoints.is_empty() && it.endpoints == missing.endpoints)
        });
        if self.missing.is_empty() {
            self.until = None;
        }
        self.current()
    }

    /// Whether anybody is to be called.
    pub(crate) fn knows_any(&self) -> bool {
        !self.known.is_empty() || !self.missing.is_empty()
    }

    /// When those that did not come back are to be given up; [`Rejoin::give_up`] then.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Who is to be called now that the time is up.
    pub(crate) fn give_up(&mut self) -> Vec<Instance> {
        self.missing.clear();
        self.until = None;
        self.current()
    }

    fn current(&self) -> Vec<Instance> {
        self.known.values().chain(self.missing.values()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Endpoint;
    use super::*;

    const GRACE: Duration = Duration::from_secs(20);

    fn instance(id: &str, port: u16) -> Instance {
        Instance::new(id, "users", "v1").with_endpoint(Endpoint::new("grpc", "h", port))
    }

    fn ids(instances: &[Instance]) -> Vec<&str> {
        instances.iter().map(|it| it.id.as_str()).collect()
    }

    #[test]
    fn without_an_outage_whoever_is_not_listed_is_gone() {
        let (mut rejoin, now) = (Rejoin::new(GRACE), Instant::now());
        assert_eq!(ids(&rejoin.listed(vec![instance("a", 1)], now)), ["a"]);
        assert!(rejoin.listed(vec![], now).is_empty());
        assert_eq!(rejoin.until(), None);
    }

    #[test]
    fn after_an_outage_those_not_listed_stay_for_the_grace() {
        let (mut rejoin, now) = (Rejoin::new(GRACE), Instant::now());
        rejoin.listed(vec![instance("a", 1), instance("b", 2)], now);
        rejoin.outage();
        assert_eq!(ids(&rejoin.listed(vec![], now)), ["a", "b"]);
        assert_eq!(rejoin.until(), Some(now + GRACE));
        assert_eq!(ids(&rejoin.listed(vec![instance("b", 2)], now)), ["b", "a"]);
        assert_eq!(ids(&rejoin.give_up()), ["b"]);
        assert!(rejoin.listed(vec![], now).is_empty(), "the grace is over");
    }

    #[test]
    fn a_second_outage_keeps_those_of_before_the_first() {
        let (mut rejoin, now) = (Rejoin::new(GRACE), Instant::now());
        rejoin.listed(vec![instance("a", 1)], now);
        rejoin.outage();
        rejoin.listed(vec![], now);
        rejoin.outage();
        assert_eq!(rejoin.until(), None, "nobody is given up while it is away");
        assert_eq!(ids(&rejoin.listed(vec![], now + GRACE / 2)), ["a"]);
        assert!(rejoin.listed(vec![], now + GRACE * 2).is_empty());
    }

    #[test]
    fn who_comes_back_under_another_id_is_not_called_twice() {
        let (mut rejoin, now) = (Rejoin::new(GRACE), Instant::now());
        rejoin.listed(vec![instance("a", 1)], now);
        rejoin.outage();
        assert_eq!(ids(&rejoin.listed(vec![instance("c", 1)], now)), ["c"]);
        assert_eq!(rejoin.until(), None);
    }
}

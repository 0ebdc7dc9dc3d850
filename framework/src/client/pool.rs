//! The nodes of a channel: who is there, who is ready, and who gets the next call.

use std::fmt::Write;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::uri::Authority;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use crate::balance::{Balancer, Node, Pick};
use crate::error::{Error, Result};
use crate::registry::{Endpoint, Instance};

use super::conn::Conn;
use super::failure::Rounded;
use super::member::{Member, Phase};
use super::picture::{Group, Picture};
use super::settings::{ClientSettings, Protocol, Terms};
use super::socket::Way;
use super::target::Target;

/// How many nodes are connected to at one time: a service of fifty must not be a storm of fifty
/// handshakes, and a few that do not answer must not hold up the others.
const CONNECTING: usize = 16;

/// What is guessed of a node's latency when none is known: about that of its neighbours in a data
/// centre.
const GUESS: Duration = Duration::from_millis(1);

/// What the calls and the tasks of a channel share.
pub(super) struct Pool {
    pub(super) target: Target,
    pub(super) way: Way,
    pub(super) connecting: Semaphore,
    picture: ArcSwap<Picture>,
    roster: Mutex<Roster>,
    /// The picture has changed, or a place has become free.
    changed: Notify,
    waiting: AtomicUsize,
    sent_again: AtomicU64,
}

/// What the calls and the tasks of a channel go by, at one moment.
pub(super) struct InForce {
    pub(super) settings: Arc<ClientSettings>,
    balancer: Arc<dyn Balancer>,
    /// Whether the balancer is one of the user's: then the settings name it in vain.
    own_balancer: bool,
}

impl InForce {
    pub(super) fn new(settings: ClientSettings, own: Option<Arc<dyn Balancer>>) -> Self {
        let own_balancer = own.is_some();
        let balancer = own.unwrap_or_else(|| settings.balancer.balancer());
        Self { settings: Arc::new(settings), balancer, own_balancer }
    }

    /// The same with other settings. A balancer goes on as long as it is the one that is named.
    fn with(&self, settings: &ClientSettings) -> Self {
        let stays = self.own_balancer || self.settings.balancer == settings.balancer;
        let balancer =
            if stays { Arc::clone(&self.balancer) } else { settings.balancer.balancer() };
        Self { settings: Arc::new(settings.clone()), balancer, own_balancer: self.own_balancer }
    }
}

/// Everybody there is.
pub(super) struct Roster {
    in_force: Arc<InForce>,
    pub(super) members: Vec<Arc<Member>>,
    /// How many instances there are that cannot be called: without an endpoint for what is spoken.
    pub(super) unusable: usize,
    /// What the registry is and how it stands; none for addresses that were given.
    pub(super) registry: Option<Registry>,
    /// When the last node that was ready ceased to be. Of a channel that has just been made, it is then
    /// too: services that start together register within moments of each other.
    deserted: Option<Instant>,
}

impl Roster {
    fn new(in_force: Arc<InForce>, registry: Option<Registry>) -> Self {
        let deserted = registry.as_ref().map(|_| Instant::now());
        Self { in_force, members: Vec::new(), unusable: 0, registry, deserted }
    }
}

/// How the registry stands.
pub(super) struct Registry {
    pub(super) source: String,
    /// When it last told who is there.
    pub(super) heard: Option<Instant>,
    /// Why it cannot be asked, and since when.
    pub(super) error: Option<(String, Instant)>,
}

/// A call that waits is counted, so that places which become free are told only to somebody.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Why there is no place for a call.
enum Refusal {
    /// Somebody is being connected to, or will be.
    Soon,
    /// Every place is taken.
    Full,
    /// There is nobody, and nobody is expected: from when on waiting is of no use.
    Hopeless(Instant),
}

impl Pool {
    pub(super) fn new(
        target: Target,
        in_force: InForce,
        way: Way,
        registry: Option<String>,
    ) -> Self {
        let in_force = Arc::new(in_force);
        let registry = registry.map(|source| Registry { source, heard: None, error: None });
        Self {
            target,
            way,
            connecting: Semaphore::new(CONNECTING),
            picture: ArcSwap::from_pointee(Picture::of(Arc::clone(&in_force), [])),
            roster: Mutex::new(Roster::new(in_force, registry)),
            changed: Notify::new(),
            waiting: AtomicUsize::new(0),
            sent_again: AtomicU64::new(0),
        }
    }

    /// The settings in force, to keep for as long as one step takes.
    pub(super) fn settings(&self) -> Arc<ClientSettings> {
        Arc::clone(&self.picture.load().in_force.settings)
    }

    /// What a call that is planned now goes by.
    pub(super) fn terms(&self) -> Terms {
        self.picture.load().in_force.settings.terms()
    }

    /// Replaces the settings.
    pub(super) fn set_settings(&self, settings: &ClientSettings) {
        let mut roster = self.roster();
        if *roster.in_force.settings == *settings {
            return;
        }
        roster.in_force = Arc::new(roster.in_force.with(settings));
        // Calls that wait may have to wait longer, or not at all.
        self.draw(&mut roster);
        for member in &roster.members {
            member.wake.notify_one();
        }
    }

    pub(super) fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many nodes are ready.
    pub(super) fn nodes(&self) -> usize {
        self.picture.load().nodes()
    }

    /// How many of them a call can go to.
    pub(super) fn nodes_for(&self, call: &Pick<'_>) -> usize {
        self.picture.load().group(call).nodes.len()
    }

    /// A place for a call at a node that was not `tried` yet, if there is another.
    ///
    /// # Errors
    ///
    /// If nobody is there and nobody is expected, or not in time.
    pub(super) async fn acquire(
        &self,
        call: &Pick<'_>,
        tried: &[Arc<Node>],
        deadline: Option<Instant>,
    ) -> Result<(Arc<Conn>, Arc<Member>)> {
        if let Ok(place) = self.try_acquire(call, tried) {
            return Ok(place);
        }
        let begun = Instant::now();
        loop {
            let settings = self.settings();
            let patience = begun + settings.connect_timeout;
            let mut changed = pin!(self.changed.notified());
            let waiting = Waiting::new(&self.waiting);
            changed.as_mut().enable();
            let until = match self.try_acquire(call, tried) {
                Ok(place) => return Ok(place),
                // The deadline itself is kept by whoever set it.
                Err(_) if settings.wait_for_ready => None,
                Err(Refusal::Hopeless(from)) if from <= Instant::now() => {
                    return Err(not_found(self.absence(&self.roster())));
                }
                Err(Refusal::Hopeless(from)) => Some(from.min(patience)),
                Err(Refusal::Full) if deadline.is_some() => None,
                Err(Refusal::Full | Refusal::Soon) if patience <= Instant::now() => {
                    return Err(self.waited(begun.elapsed()));
                }
                Err(Refusal::Full | Refusal::Soon) => Some(patience),
            };
            match until {
                None => changed.await,
                // Late or not: what is so now decides.
                Some(until) => drop(tokio::time::timeout_at(until, changed).await),
            }
            drop(waiting);
        }
    }

    fn try_acquire(
        &self,
        call: &Pick<'_>,
        tried: &[Arc<Node>],
    ) -> Result<(Arc<Conn>, Arc<Member>), Refusal> {
        let picture = self.picture.load();
        let group = picture.group(call);
        if group.nodes.is_empty() {
            return Err(picture.hopeless.map_or(Refusal::Soon, Refusal::Hopeless));
        }
        let now = &picture.in_force;
        if tried.is_empty() {
            let picked = now.balancer.pick(&group.nodes, call);
            let member = picked.and_then(|place| group.members.get(place));
            if let Some(member) = member
                && let Some(conn) = member.enter(&now.settings)
            {
                return Ok((conn, Arc::clone(member)));
            }
        }
        Self::try_others(now, group, call, tried)
    }

    /// The longer way: among those not tried, one after the other until one has a place.
    fn try_others(
        now: &InForce,
        group: &Group,
        call: &Pick<'_>,
        tried: &[Arc<Node>],
    ) -> Result<(Arc<Conn>, Arc<Member>), Refusal> {
        let untried = |node: &Arc<Node>| !tried.iter().any(|tried| Arc::ptr_eq(tried, node));
        let (mut nodes, mut members): (Vec<_>, Vec<_>) =
            std::iter::zip(&group.nodes, &group.members)
                .filter(|(node, _)| untried(node))
                .map(|(node, member)| (Arc::clone(node), Arc::clone(member)))
                .unzip();
        if nodes.is_empty() {
            // Each was tried once: whoever comes first gets a second chance.
            nodes.clone_from(&group.nodes);
            members.clone_from(&group.members);
        }
        let mut open = false;
        while !nodes.is_empty() {
            let Some(place) = now.balancer.pick(&nodes, call).filter(|place| *place < nodes.len())
            else {
                break;
            };
            nodes.swap_remove(place);
            let member = members.swap_remove(place);
            if let Some(conn) = member.enter(&now.settings) {
                return Ok((conn, member));
            }
            open |= member.conns().iter().any(|conn| conn.is_open());
        }
        // A node whose last connection has just closed is being connected to.
        Err(if open { Refusal::Full } else { Refusal::Soon })
    }

    /// How many calls wait for a place.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Counts a call that goes to another node.
    pub(super) fn send_again(&self) {
        self.sent_again.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sent_again(&self) -> u64 {
        self.sent_again.load(Ordering::Relaxed)
    }

    /// Says that a call has left its place.
    pub(super) fn place_is_free(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.changed.notify_one();
        }
    }

    /// Draws the picture anew, and wakes those who wait for it.
    pub(super) fn refresh(&self) {
        self.draw(&mut self.roster());
    }

    fn draw(&self, roster: &mut Roster) {
        let ready = roster.members.iter().filter(|member| member.phase() == Phase::Ready);
        let mut picture = Picture::of(Arc::clone(&roster.in_force), ready);
        if picture.is_deserted() {
            if !self.picture.load().is_deserted() {
                roster.deserted = Some(Instant::now());
            }
            picture.hopeless = Self::hopeless_from(roster);
        }
        self.picture.store(Arc::new(picture));
        self.changed.notify_waiters();
    }

    /// From when on waiting is of no use, if nobody is ready and nobody is expected to be.
    ///
    /// Not so for a moment after the last one has gone, or before the first has come: one that stops says
    /// so at once, and the registry needs a moment to tell of the one that takes over.
    fn hopeless_from(roster: &Roster) -> Option<Instant> {
        let asked = roster.registry.as_ref();
        let pending =
            asked.is_some_and(|registry| registry.heard.is_none() && registry.error.is_none());
        let connecting = roster.members.iter().any(|member| member.phase() == Phase::Connecting);
        (!pending && !connecting).then(|| {
            let gone = roster.deserted.map(|since| since + roster.in_force.settings.handover);
            gone.unwrap_or_else(Instant::now)
        })
    }

    /// Who is there and why nobody of them can be called.
    fn absence(&self, roster: &Roster) -> String {
        let count = |phase| roster.members.iter().filter(|m| m.phase() == phase).count();
        let known = roster.members.len() + roster.unusable;
        let mut text = match &self.target {
            Target::Service(name) => format!("{name} has no instance ({known} known"),
            Target::Direct(_) => format!("nobody can be called at {} ({known} known", self.target),
        };
        let parts = [
            (ready_in_lanes(roster), "in a lane that the call is not in"),
            (count(Phase::NotServing), "not serving"),
            (roster.unusable, self.way.wanted()),
            (count(Phase::Connecting), "being connected to"),
            (count(Phase::Failed), "unreachable"),
        ];
        for (count, what) in parts.iter().filter(|(count, _)| *count > 0) {
            // Writing to a string does not fail.
            write!(text, ", {count} {what}").ok();
        }
        let failed = roster.members.iter().filter(|member| member.phase() == Phase::Failed);
        for (place, member) in failed.take(3).enumerate() {
            let lead = if place == 0 { ": " } else { "; " };
            let error = member.status().error.unwrap_or_default();
            write!(text, "{lead}{}: {error}", member.node.address()).ok();
        }
        text.push(')');
        if let Some(Registry { source, error: Some((error, since)), .. }) = &roster.registry {
            let since = Rounded(since.elapsed());
            write!(text, "; the registry ({source}) cannot be asked since {since}: {error}").ok();
        }
        text
    }

    fn waited(&self, took: Duration) -> Error {
        let text = self.absence(&self.roster());
        not_found(format!("{text}; waited {}", Rounded(took)))
    }

    /// What a node is expected to take that has just come: what the others take.
    fn guess(roster: &Roster) -> Duration {
        let now = Instant::now();
        let ready = roster.members.iter().filter(|member| member.phase() == Phase::Ready);
        let latencies: Vec<_> = ready.map(|member| member.node.load().latency(now)).collect();
        let count = u32::try_from(latencies.len()).unwrap_or(u32::MAX);
        latencies.iter().sum::<Duration>().checked_div(count).unwrap_or(GUESS)
    }

    /// Forgets how a node did, as for one that has just come.
    pub(super) fn forget(&self, member: &Member) {
        let guess = Self::guess(&self.roster());
        member.node.load().forget(Instant::now(), guess);
    }

    /// Takes over who is there now. Returns those that are new; those that left are told.
    pub(super) fn apply(&self, instances: &[Instance]) -> Vec<Arc<Member>> {
        let mut roster = self.roster();
        if let Some(registry) = &mut roster.registry {
            registry.heard = Some(Instant::now());
            registry.error = None;
        }
        let guess = Self::guess(&roster);
        let mut before = std::mem::take(&mut roster.members);
        let mut added = Vec::new();
        roster.unusable = 0;
        for instance in instances {
            let Some((endpoint, authority)) = self.usable(instance) else {
                roster.unusable += 1;
                continue;
            };
            let address = endpoint.authority();
            if roster.members.iter().any(|member| member.node.address() == address) {
                continue;
            }
            let known = before.iter().position(|member| member.node.address() == address);
            let member = if let Some(place) = known {
                let member = before.swap_remove(place);
                if member.node.instance().id != instance.id {
                    // Another run at the same address: nothing that was learnt of the last one holds.
                    member.node.load().forget(Instant::now(), guess);
                    member.poke();
                }
                member.node.set_instance(instance.clone());
                member
            } else {
                let node = Node::new(&address, instance.clone(), guess);
                let member = Arc::new(Member::new(node, endpoint, authority));
                added.push(Arc::clone(&member));
                member
            };
            roster.members.push(member);
        }
        // In one order for all who know the same.
        roster.members.sort_by(|a, b| a.node.address().cmp(b.node.address()));
        drop(roster);
        for member in before {
            member.left.cancel();
        }
        self.refresh();
        added
    }

    /// Where an instance takes calls, and under which name.
    fn usable(&self, instance: &Instance) -> Option<(Endpoint, Authority)> {
        let endpoint = match &self.target {
            Target::Service(_) => instance.endpoint(self.way.scheme())?,
            // An address is one for whatever is spoken.
            Target::Direct(_) => instance.endpoints.first()?,
        };
        let authority = match (&self.target, self.way.protocol) {
            // The service's name, as Kratos sends it (`ServerName` of each address).
            (Target::Service(name), Protocol::Grpc) => Authority::try_from(name.as_str()),
            // Over HTTP it sends the address.
            (Target::Service(_), Protocol::Http) | (Target::Direct(_), _) => {
                Authority::try_from(endpoint.authority())
            }
        };
        Some((endpoint.clone(), authority.ok()?))
    }

    /// Remembers that the registry cannot be asked; who is there stays.
    pub(super) fn registry_failed(&self, error: &Error) {
        let mut roster = self.roster();
        if let Some(registry) = &mut roster.registry {
            let since = registry.error.take().map_or_else(Instant::now, |(_, since)| since);
            registry.error = Some((error.message().to_owned(), since));
        }
        drop(roster);
        self.refresh();
    }
}

/// How many could be called by calls of their lanes.
fn ready_in_lanes(roster: &Roster) -> usize {
    let ready = roster.members.iter().filter(|member| member.phase() == Phase::Ready);
    ready.filter(|member| member.node.instance().lane().is_some()).count()
}

fn not_found(why: String) -> Error {
    Error::unavailable("NODE_NOT_FOUND", why)
}

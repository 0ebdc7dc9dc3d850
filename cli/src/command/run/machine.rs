//! What is done about what happens: decides, and touches nothing.

#[cfg(test)]
mod tests;

use super::build::Stamp;

/// What happens. Services go by their place in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Code was changed.
    Changed,
    /// A service's files of settings were: one that runs follows them itself.
    Settings(usize),
    /// A build ended, with the program of each service that could be built.
    Built(Vec<Option<Stamp>>),
    /// A service ended, by itself or because it was asked to.
    Ended(usize),
    /// Ctrl-C.
    Interrupted,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Build,
    /// Ends a build that nobody waits for any more.
    CancelBuild,
    Start(usize),
    /// In order, within a limit.
    Stop(usize),
    Kill(usize),
    /// Nothing is left that could happen.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Down,
    /// To be started when the build has ended: its program is being replaced.
    Waiting,
    Up,
    /// Asked to stop; started again when it has, or not.
    Stopping {
        again: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Build {
    Idle,
    Running,
    /// What is being built is out of date already.
    Outdated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Working,
    /// Everything is asked to stop.
    Ending,
    /// Everything is killed.
    Killing,
}

#[derive(Debug)]
struct Service {
    state: State,
    built: Option<Stamp>,
    /// The program that it runs.
    running: Option<Stamp>,
}

/// The states of all services, of the build, and of the whole.
#[derive(Debug)]
pub(super) struct Machine {
    services: Vec<Service>,
    build: Build,
    phase: Phase,
    watches: bool,
}

impl Machine {
    /// With the first thing to do.
    pub(super) fn new(services: usize, watches: bool) -> (Self, Action) {
        let service = || Service { state: State::Down, built: None, running: None };
        let services = std::iter::repeat_with(service).take(services).collect();
        let machine = Self { services, build: Build::Running, phase: Phase::Working, watches };
        (machine, Action::Build)
    }

    pub(super) fn on(&mut self, event: Event) -> Vec<Action> {
        let mut actions = match event {
            Event::Changed => self.changed(),
            Event::Settings(service) => self.settings(service),
            Event::Built(programs) => self.built(programs),
            Event::Ended(service) => self.ended(service),
            Event::Interrupted => self.interrupted(),
        };
        if self.is_over() {
            actions.push(Action::End);
        }
        actions
    }

    /// Whether services are on their way down for good.
    pub(super) fn is_ending(&self) -> bool {
        self.phase != Phase::Working
    }

    /// Whether they were not waited for.
    pub(super) fn is_killing(&self) -> bool {
        self.phase == Phase::Killing
    }

    /// Whether it was asked to stop: its end is no surprise.
    pub(super) fn is_stopping(&self, service: usize) -> bool {
        self.services.get(service).is_some_and(|it| matches!(it.state, State::Stopping { .. }))
    }

    fn changed(&mut self) -> Vec<Action> {
        match (self.phase, self.build) {
            (Phase::Working, Build::Idle) => {
                self.build = Build::Running;
                vec![Action::Build]
            }
            (Phase::Working, Build::Running) => {
                self.build = Build::Outdated;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// One that is down may have gone down for its settings.
    fn settings(&mut self, service: usize) -> Vec<Action> {
        let is_idle = self.phase == Phase::Working && self.build == Build::Idle;
        match self.services.get_mut(service) {
            Some(it) if is_idle && it.state == State::Down && it.built.is_some() => {
                vec![it.start(service)]
            }
            _ => Vec::new(),
        }
    }

    fn built(&mut self, programs: Vec<Option<Stamp>>) -> Vec<Action> {
        let is_outdated = std::mem::replace(&mut self.build, Build::Idle) == Build::Outdated;
        if self.is_ending() {
            return Vec::new();
        }
        if is_outdated {
            self.build = Build::Running;
            return vec![Action::Build];
        }
        let mut actions = Vec::new();
        for (index, (service, program)) in self.services.iter_mut().zip(programs).enumerate() {
            // One that could not be built goes on as it is.
            let Some(program) = program.or_else(|| service.owed()) else { continue };
            service.built = Some(program);
            match service.state {
                State::Down | State::Waiting => actions.push(service.start(index)),
                State::Up if service.running != service.built => {
                    service.state = State::Stopping { again: true };
                    actions.push(Action::Stop(index));
                }
                State::Up | State::Stopping { .. } => {}
            }
        }
        actions
    }

    fn ended(&mut self, index: usize) -> Vec<Action> {
        let is_ending = self.is_ending();
        let Some(service) = self.services.get_mut(index) else { return Vec::new() };
        let again = service.state == State::Stopping { again: true };
        service.state = State::Down;
        if !again || is_ending {
            return Vec::new();
        }
        if self.build == Build::Idle {
            return vec![service.start(index)];
        }
        service.state = State::Waiting;
        Vec::new()
    }

    fn interrupted(&mut self) -> Vec<Action> {
        let (phase, action): (_, fn(usize) -> Action) = match self.phase {
            Phase::Working => (Phase::Ending, Action::Stop),
            Phase::Ending | Phase::Killing => (Phase::Killing, Action::Kill),
        };
        let mut actions = Vec::new();
        if self.build != Build::Idle && self.phase == Phase::Working {
            actions.push(Action::CancelBuild);
        }
        self.phase = phase;
        for (index, service) in self.services.iter_mut().enumerate() {
            let is_asked = service.state == (State::Stopping { again: true });
            match service.state {
                State::Down => {}
                State::Waiting => service.state = State::Down,
                // It was told already, and is not started again.
                State::Stopping { .. } if phase == Phase::Ending && is_asked => {
                    service.state = State::Stopping { again: false };
                }
                State::Up | State::Stopping { .. } => {
                    service.state = State::Stopping { again: false };
                    actions.push(action(index));
                }
            }
        }
        actions
    }

    fn is_over(&self) -> bool {
        let is_quiet = self.build == Build::Idle
            && self.services.iter().all(|service| service.state == State::Down);
        is_quiet && (self.is_ending() || !self.watches)
    }
}

impl Service {
    /// What it ran last, if it was stopped only to be started again.
    fn owed(&self) -> Option<Stamp> {
        self.built.filter(|_| self.state == State::Waiting)
    }

    fn start(&mut self, index: usize) -> Action {
        self.state = State::Up;
        self.running = self.built;
        Action::Start(index)
    }
}

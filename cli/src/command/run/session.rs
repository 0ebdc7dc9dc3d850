//! A run from its first build to its last service: carries out what the machine decides.

mod told;

use std::path::PathBuf;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::error::{About as _, Error, Result};
use crate::project::Project;
use crate::shell::Shell;

use super::build::{self, How, Program};
use super::child::{self, End, Handle, News, Source};
use super::log;
use super::machine::{Action, Event, Machine};
use super::plan::Service;
use super::screen::Screen;
use super::watch::{Changes, Spec, Watcher};
use super::{Options, ports, shim};

use self::told::Told;

/// How many lines may wait to be shown; who writes faster waits.
const WAITING: usize = 1024;

/// How long cargo may take to stop: it has nothing to put in order.
const CARGO: std::time::Duration = std::time::Duration::from_secs(2);

/// One service of a session.
#[derive(Debug)]
struct One {
    service: Service,
    /// Behind the program's name.
    arguments: Vec<String>,
    program: Option<PathBuf>,
    handle: Option<Handle>,
    told: Told,
}

#[derive(Debug)]
pub(super) struct Session<'a> {
    root: PathBuf,
    services: Vec<Service>,
    all: Vec<One>,
    options: Options,
    shell: &'a Shell,
    screen: Screen<'a>,
    machine: Machine,
    watcher: Option<Watcher>,
    cargo: Option<Handle>,
    /// The programs that cargo has told of in this build.
    built: Vec<Option<Program>>,
    sender: mpsc::Sender<News>,
    news: mpsc::Receiver<News>,
    tasks: JoinSet<()>,
    /// Whether anything that was asked for did not work out.
    has_failed: bool,
    /// Why nothing can be shown any more.
    unread: Option<Error>,
}

impl<'a> Session<'a> {
    /// # Errors
    ///
    /// There are no free ports, or files cannot be watched.
    pub(super) fn new(
        project: Project,
        services: Vec<Service>,
        options: Options,
        shell: &'a Shell,
    ) -> Result<Self> {
        let watcher =
            if options.watch { Some(Watcher::new(Spec::of(&project, &services))?) } else { None };
        let ports = if options.free_ports { ports::free(2 * services.len())? } else { Vec::new() };
        let mut ports = ports.chunks_exact(2);
        let all = services.iter().map(|service| One {
            arguments: arguments(service, &options, ports.next()),
            service: service.clone(),
            program: None,
            handle: None,
            told: Told::default(),
        });
        let (sender, news) = mpsc::channel(WAITING);
        let (machine, _) = Machine::new(services.len(), options.watch);
        Ok(Self {
            root: project.root,
            all: all.collect(),
            screen: Screen::new(&services, shell),
            services,
            options,
            shell,
            machine,
            watcher,
            cargo: None,
            built: Vec::new(),
            sender,
            news,
            tasks: JoinSet::new(),
            has_failed: false,
            unread: None,
        })
    }

    /// Runs until the services are stopped, or nothing is left to run.
    ///
    /// # Errors
    ///
    /// A service ended otherwise than in order, could not be built, or nobody reads what is said.
    pub(super) async fn run(mut self) -> Result<()> {
        let names: Vec<&str> = self.services.iter().map(|it| it.name.as_str()).collect();
        self.shell.status("Building", names.join(", "));
        let mut signals = Signals::listen()?;
        let mut is_over = self.act(Action::Build)?;
        while !is_over {
            let events = tokio::select! {
                biased;
                () = signals.next() => {
                    self.say_interrupted();
                    vec![Event::Interrupted]
                }
                Some(news) = self.news.recv() => self.heard(news).into_iter().collect(),
                changes = changed(self.watcher.as_ref()) => self.changed(&changes),
            };
            for event in events {
                for action in self.machine.on(event) {
                    is_over |= self.act(action)?;
                }
            }
        }
        self.result()
    }

    fn result(self) -> Result<()> {
        if let Some(unread) = self.unread {
            return Err(unread);
        }
        if self.machine.is_killing() {
            return Err(Error::interrupted("interrupted; the services were killed"));
        }
        if self.has_failed {
            // Everything was told when it happened.
            return Err(Error::new("not every service was built and ended as it should"));
        }
        Ok(())
    }

    /// Carries it out; whether that was all.
    fn act(&mut self, action: Action) -> Result<bool> {
        match action {
            Action::Build => self.build()?,
            Action::CancelBuild => {
                if let Some(cargo) = &self.cargo {
                    cargo.stop(CARGO);
                }
            }
            Action::Start(index) => self.start(index)?,
            Action::Stop(index) => self.stop(index),
            Action::Kill(index) => {
                if let Some(handle) = self.all.get(index).and_then(|it| it.handle.as_ref()) {
                    handle.kill();
                }
            }
            Action::End => return Ok(true),
        }
        Ok(false)
    }

    fn build(&mut self) -> Result<()> {
        self.built = vec![None; self.all.len()];
        let how = How {
            release: self.options.release,
            quiet: self.shell.is_quiet(),
            colour: self.shell.is_colourful(),
        };
        let command = build::command(&self.root, &self.services, how);
        let cargo = child::start(command, Source::Cargo, &self.sender, &mut self.tasks);
        self.cargo = Some(cargo.about(|| "run cargo".to_owned())?);
        Ok(())
    }

    /// Starts a service. Called on the first thread, whose end is the end of what it has started.
    fn start(&mut self, index: usize) -> Result<()> {
        let Some(one) = self.all.get_mut(index) else { return Ok(()) };
        let Some(program) = &one.program else { return Ok(()) };
        let mut command = shim::command(program);
        command.args(&one.arguments).current_dir(&one.service.folder);
        // It would look for its settings there.
        command.env_remove("CARGO_MANIFEST_DIR");
        if !self.options.raw {
            // What it logs is read here, and told as people read it.
            command.env("BIA_TELEMETRY__LOGS__FORMAT", "json");
        }
        one.told.begin();
        let name = &one.service.name;
        let handle = child::start(command, Source::Service(index), &self.sender, &mut self.tasks);
        one.handle = Some(handle.about(|| format!("start {name}"))?);
        Ok(())
    }

    fn stop(&self, index: usize) {
        let Some(one) = self.all.get(index) else { return };
        if !self.machine.is_ending() {
            self.shell.status("Restarting", &one.service.name);
        }
        if let Some(handle) = &one.handle {
            handle.stop(self.options.stop_timeout);
        }
    }

    /// What is to be made of it.
    fn heard(&mut self, news: News) -> Option<Event> {
        match news {
            News::Line { from: Source::Cargo, is_error: false, text } => {
                if let Some((index, path)) = build::built(&text, &self.services)
                    && let Some(place) = self.built.get_mut(index)
                {
                    *place = Program::at(path);
                }
                None
            }
            News::Line { from, text, .. } => self.line(from, &text),
            News::Ended { from: Source::Cargo, end } => Some(self.built(end)),
            News::Ended { from: Source::Service(index), end } => {
                self.ended(index, end);
                Some(Event::Ended(index))
            }
        }
    }

    fn line(&mut self, from: Source, text: &str) -> Option<Event> {
        let line = log::Line::read(text);
        let pieces = line.as_ref().filter(|_| !self.options.raw).map(log::Line::pieces);
        let shown = match &pieces {
            _ if self.unread.is_some() => Ok(()),
            Some(pieces) => self.screen.pieces(from, pieces),
            None => self.screen.raw(from, text),
        };
        if let Source::Service(index) = from
            && let Some(one) = self.all.get_mut(index)
        {
            one.told.line(&pieces.map_or_else(|| text.to_owned(), |it| plain(&it)), line.as_ref());
            if line.is_some_and(|line| line.is_started()) {
                one.told.say_running(&one.service.name, self.shell);
            }
        }
        // Nobody reads it any more: the services stop in order, and that is the end.
        self.unread = Some(shown.err()?);
        Some(Event::Interrupted)
    }

    fn built(&mut self, end: End) -> Event {
        self.cargo = None;
        let built = std::mem::take(&mut self.built);
        if !self.machine.is_ending() {
            let unbuilt = self.services.iter().zip(&built).filter(|(_, it)| it.is_none());
            let failed: Vec<String> = unbuilt.map(|(service, _)| service.name.clone()).collect();
            if !failed.is_empty() || !end.is_success() {
                self.say_unbuilt(&failed, end);
            }
        }
        for (one, program) in self.all.iter_mut().zip(&built) {
            if let Some(program) = program {
                one.program = Some(program.path.clone());
            }
        }
        Event::Built(built.into_iter().map(|it| Some(it?.stamp)).collect())
    }

    fn changed(&mut self, changes: &Changes) -> Vec<Event> {
        if changes.layout
            && let Ok(project) = Project::find(&self.root)
            && let Some(watcher) = &self.watcher
        {
            watcher.replace(Spec::of(&project, &self.services));
        }
        if let Some(watcher) = &mut self.watcher
            && let Err(error) = watcher.follow()
        {
            self.shell.warn(&error);
        }
        let mut events: Vec<Event> =
            changes.settings.iter().copied().map(Event::Settings).collect();
        if changes.code {
            events.push(Event::Changed);
        }
        events
    }

    fn ended(&mut self, index: usize, end: End) {
        let is_stopping = self.machine.is_stopping(index);
        let is_killing = self.machine.is_killing();
        let others = self.all.len() > 1;
        let Some(one) = self.all.get_mut(index) else { return };
        one.handle = None;
        let name = &one.service.name;
        if is_stopping {
            if end.was_killed && !is_killing {
                let limit = self.options.stop_timeout.as_secs();
                self.shell.warn(format_args!(
                    "{name} did not stop within {limit} s and was killed; --stop-timeout gives it longer"
                ));
                self.has_failed = true;
            } else if end.was_killed {
                self.shell.status("Killed", name);
            } else if end.is_success() {
                self.shell.status("Stopped", format_args!("{name} in order"));
            } else if end.is_terminated() {
                // It has nothing to put in order.
                self.shell.status("Stopped", name);
            } else {
                self.shell.error(&one.told.failed(name, "stopped", end, others));
                self.has_failed = self.machine.is_ending();
            }
            return;
        }
        if end.is_success() {
            self.shell.status("Ended", format_args!("{name} by itself, exit code 0"));
        } else {
            self.has_failed |= !self.options.watch;
            self.shell.error(&one.told.failed(name, "ended", end, others));
        }
        if self.options.watch {
            self.shell.status("Waiting", format_args!("for a change, to start {name} again"));
        }
    }

    fn say_unbuilt(&mut self, failed: &[String], end: End) {
        self.has_failed |= !self.options.watch;
        let what = match failed {
            [] => format!("cargo ended with {}", end.words()),
            names => format!("{} could not be built", names.join(", ")),
        };
        let still: Vec<&str> = self
            .all
            .iter()
            .filter(|it| it.handle.is_some() && failed.contains(&it.service.name))
            .map(|it| it.service.name.as_str())
            .collect();
        let error = Error::new(what);
        let error = match still.as_slice() {
            [] => error,
            _ => error.with_hint(format!("{} runs on as it was built last", still.join(", "))),
        };
        self.shell.error(&error);
        if self.options.watch {
            self.shell.status("Waiting", "for a change");
        }
    }

    fn say_interrupted(&self) {
        self.shell.leave_line();
        if self.machine.is_ending() {
            self.shell.status("Killing", "what still runs");
        } else {
            self.shell.status("Stopping", "in order; Ctrl-C again kills");
        }
    }
}

/// Pieces without their looks.
fn plain(pieces: &[log::Piece]) -> String {
    pieces.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" ")
}

/// What a service is started with.
fn arguments(service: &Service, options: &Options, ports: Option<&[u16]>) -> Vec<String> {
    let mut settings = Vec::new();
    if service.is_bia {
        if !options.keep_registry {
            settings.push("registry.kind=local".to_owned());
        }
        // Nobody calls what is about to be replaced: its port is closed either way.
        settings.push("stop.drain_delay=0s".to_owned());
        if let Some([api, admin]) = ports {
            settings.push(format!("server.address=127.0.0.1:{api}"));
            settings.push(format!("admin.address=127.0.0.1:{admin}"));
        }
    }
    let ours = settings.into_iter().flat_map(|setting| ["--set".to_owned(), setting]);
    ours.chain(options.arguments.iter().cloned()).collect()
}

async fn changed(watcher: Option<&Watcher>) -> Changes {
    match watcher {
        Some(watcher) => watcher.changed().await,
        None => std::future::pending().await,
    }
}

/// What asks this command to end.
struct Signals([Signal; 3]);

impl Signals {
    fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).about(|| "listen for Ctrl-C".to_owned());
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    async fn next(&mut self) {
        let Self([interrupt, terminate, hangup]) = self;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

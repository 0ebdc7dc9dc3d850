//! From the layers of a process to the settings of a service and of the framework, and from one state
//! of them to the next.
//!
//! [`builder`] reads them at the start: [`layers`] says of what, [`candidate`] makes settings of it and
//! looks at whether they are right. Then [`reload`] waits for the sources to change, [`engine`] puts in
//! force what is right, whole, and [`ledger`] keeps account of what was taken and what was not.

mod builder;
mod candidate;
mod engine;
mod far;
mod layers;
mod ledger;
mod reload;
mod settings;
mod watch;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::config::rollout::Stage;
use crate::config::{Hot, Kept, Source as _, Switch, Variables};

use super::settings::Settings;

pub use self::builder::ConfigBuilder;
pub(super) use self::builder::print;
pub(crate) use self::ledger::{Ledger, Stats};
pub use self::reload::Reloading;
pub use self::settings::ConfigSettings;
pub use self::watch::Watch;

use self::engine::{Engine, Reload};

/// Reads the settings of this process: what `main` begins with.
///
/// `T` is the service's own part: a struct whose fields are sections beside those of the framework
/// ([`Settings::SECTIONS`]), or `()` for a service that has none. Layers, later over earlier:
///
/// 1. the defaults of the types;
/// 2. `configs/app.yaml`, then `configs/app.$BIA_ENV.yaml`; or the files and folders that `--config`
///    names, in their order. `configs` is looked for where the process was started, else in the folder
///    of its crate if `cargo run` started it. `.toml` and `.json` do too;
/// 3. the keys of Consul that `config.consul` names, then sources that are given to the builder, in
///    their order;
/// 4. variables: `BIA_SERVER__ADDRESS=127.0.0.1:0` is `server.address`;
/// 5. flags: `--set server.address=127.0.0.1:0`.
///
/// In every value `${NAME:default}` is replaced by the variable of that name, else by the setting of
/// that path, else by the default.
///
/// Files and sources are watched while an app of these settings runs: a change that is right is in
/// force soon after, whole; one that is not is refused with its reason in the log and at the admin
/// port's `/config`, and what was in force stays.
///
/// Like a parser of arguments it ends the process itself where there is nothing to go on with:
/// after `--help`, `--version`, `--check-config` and `--print-config` with 0, and if the settings are
/// wrong with 78, having said which key, where it stands and what was expected. With arguments that
/// are given to the builder ([`ConfigBuilder::arguments`]) it returns the error instead.
///
/// ```no_run
/// #[derive(serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Settings {
///     data: Data,
/// }
///
/// #[derive(serde::Deserialize)]
/// #[serde(default, deny_unknown_fields)]
/// struct Data {
///     url: String,
/// }
/// # impl Default for Data { fn default() -> Self { Self { url: String::new() } } }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), bia::Exit> {
/// let config = bia::config::<Settings>().await?;
/// println!("{}", config.get().data.url);
///
/// let mut url = config.watch(|settings| settings.data.url.clone());
/// tokio::spawn(async move {
///     loop {
///         println!("now {}", url.changed().await);
///     }
/// });
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If a source cannot be reached within `config.start_timeout`.
pub fn config<T: DeserializeOwned + Send + Sync + 'static>() -> ConfigBuilder<T> {
    ConfigBuilder::new()
}

/// The settings of a service: its own, a `T`, and those of the framework. Cloning is cheap.
pub struct Config<T> {
    hot: Arc<Hot<State<T>>>,
    pub(super) handle: Handle,
}

/// All that is in force, replaced as one.
struct State<T> {
    own: T,
    settings: Arc<Settings>,
}

/// Settings, whatever the type of the service's own.
#[derive(Clone)]
pub(crate) struct Handle {
    ledger: Arc<Ledger>,
    reload: Arc<dyn Reload>,
    pub(super) stage: Stage,
    pub(super) variables: Arc<Variables>,
    pub(super) answers: Answers,
}

/// What whoever runs the program wants of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answers {
    /// Whether the settings are those of this process: then wrong ones end it.
    pub(super) of_process: bool,
    /// Whether they are made for a test.
    pub(super) of_test: bool,
    /// Whether only the name and version are asked for.
    pub(super) only_version: bool,
}

impl Handle {
    /// The framework's settings as they are now.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.ledger.settings.borrow())
    }

    /// Tells each state of the framework's settings that is another than the one before.
    pub(crate) fn subscribe(&self) -> tokio::sync::watch::Receiver<Arc<Settings>> {
        self.ledger.settings.subscribe()
    }

    /// What may not be meant as it is written, though it is not wrong.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.ledger.view(candidate::View::warnings)
    }

    /// What is in force, and what became of each change; secrets masked.
    pub(crate) fn report(&self) -> serde_json::Value {
        let mut report = self.ledger.report();
        if let Some(report) = report.as_object_mut() {
            report.insert("rollout".to_owned(), self.stage.report());
        }
        report
    }

    /// The revision of the staged change that is in force.
    pub(super) fn staged(&self) -> Option<String> {
        self.ledger.revision_of(&self.stage.source().name())
    }

    /// What is counted.
    pub(crate) fn stats(&self) -> Stats {
        self.ledger.stats()
    }

    /// Begins to reload.
    pub(crate) fn reloading(&self) -> Reloading {
        Reloading::start(Arc::clone(&self.reload))
    }
}

impl<T> Config<T> {
    /// The settings of the framework as they are now.
    ///
    /// The service's own that were read before or after may be of another state: take both from
    /// [`Config::hold`] where they must agree.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.handle.settings()
    }

    /// What is in force and where each value came from, and what became of each change, secrets
    /// masked: what the admin port shows at `/config`.
    #[must_use]
    pub fn report(&self) -> serde_json::Value {
        self.handle.report()
    }

    /// Keeps the settings as their files and sources say, in a program without an app; an app does so
    /// itself while it runs. Needs a tokio runtime.
    pub fn reloading(&self) -> Reloading {
        self.handle.reloading()
    }
}

impl<T: Send + Sync + 'static> Config<T> {
    /// Whether the feature of this name is on for everybody: the setting `features.<name>` as it is
    /// now. One that is not set, or is on for a share, is not.
    ///
    /// ```
    /// let config = bia::Config::<()>::for_test("features: {new-checkout: true}").unwrap();
    /// assert!(config.feature("new-checkout") && !config.feature("other"));
    /// ```
    #[must_use]
    pub fn feature(&self, name: &str) -> bool {
        self.switch(name).is_on()
    }

    /// Whether the feature of this name is on for this key: a user, a tenant, whatever should see the
    /// same each time it comes, on whichever instance.
    ///
    /// ```
    /// let config = bia::Config::<()>::for_test("features: {new-checkout: 30%}").unwrap();
    /// let on = (0..1000).filter(|id| config.feature_for("new-checkout", &format!("user-{id}")));
    /// assert!((250..350).contains(&on.count()));
    /// ```
    #[must_use]
    pub fn feature_for(&self, name: &str, key: &str) -> bool {
        self.switch(name).is_on_for(name, key)
    }

    fn switch(&self, name: &str) -> Switch {
        self.hot.get().settings.switch(name)
    }

    fn of(engine: Engine<T>, answers: Answers) -> Self
    where
        T: DeserializeOwned,
    {
        let (hot, ledger, variables) = (engine.hot(), engine.ledger(), engine.variables());
        let stage = engine.stage();
        let handle = Handle { ledger, reload: Arc::new(engine), stage, variables, answers };
        Self { hot, handle }
    }

    /// The service's own settings as they are now: a pointer is read, in about 4 ns.
    ///
    /// One consistent state, for as long as it is held. It stays on its thread: what is needed across
    /// an `.await`, or handed to another task, is taken out of it or comes from [`Config::hold`].
    #[must_use]
    #[inline]
    pub fn get(&self) -> Current<T> {
        Current(self.hot.get())
    }

    /// The settings as they are now, to be held for as long as one likes, by any task.
    #[must_use]
    pub fn hold(&self) -> Held<T> {
        Held(self.hot.load())
    }

    /// Watches a part of the service's own settings: [`Watch::changed`] tells each change of it that
    /// was accepted, and none of another part.
    ///
    /// What Kratos calls `Watch(key, observer)`; the part is a value of any type that can be
    /// compared, and there may be as many watches of it as one likes.
    ///
    /// ```
    /// # #[derive(serde::Deserialize)] struct Settings { greeting: String }
    /// # async fn example(config: bia::Config<Settings>) {
    /// let mut greeting = config.watch(|settings| settings.greeting.clone());
    /// loop {
    ///     println!("now {}", greeting.changed().await);
    /// }
    /// # }
    /// ```
    pub fn watch<P, F>(&self, part: F) -> Watch<P>
    where
        P: Clone + PartialEq,
        F: Fn(&T) -> P + Send + Sync + 'static,
    {
        let hot = Arc::clone(&self.hot);
        let ledger = Arc::clone(&self.handle.ledger);
        let revisions = ledger.revision.subscribe();
        Watch::new(revisions, move || {
            // The sender of revisions lives as long as somebody watches.
            let _ledger = &ledger;
            part(&hot.get().own)
        })
    }

    /// The same for a part of the framework's settings.
    pub fn watch_settings<P, F>(&self, part: F) -> Watch<P>
    where
        P: Clone + PartialEq,
        F: Fn(&Settings) -> P + Send + Sync + 'static,
    {
        let hot = Arc::clone(&self.hot);
        let ledger = Arc::clone(&self.handle.ledger);
        let revisions = ledger.revision.subscribe();
        Watch::new(revisions, move || {
            let _ledger = &ledger;
            part(&hot.get().settings)
        })
    }
}

impl<T> Clone for Config<T> {
    fn clone(&self) -> Self {
        Self { hot: Arc::clone(&self.hot), handle: self.handle.clone() }
    }
}

impl<T> fmt::Debug for Config<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The service's own settings may hold secrets that are no `Secret`.
        f.debug_struct("Config").field("settings", &self.settings()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

/// A service's own settings at one moment, for the thread that asked; of [`Config::get`].
pub struct Current<T>(Kept<State<T>>);

impl<T> Deref for Current<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0.own
    }
}

impl<T: fmt::Debug> fmt::Debug for Current<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// A service's own settings at one moment, with those of the framework; of [`Config::hold`]. Cloning
/// is cheap.
pub struct Held<T>(Arc<State<T>>);

impl<T> Held<T> {
    /// The settings of the framework, of the same state.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.own
    }
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Held<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests;

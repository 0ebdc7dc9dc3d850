//! From the layers of a process to the settings of a service and of the framework.

use std::fmt;
use std::io::Write as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::config::{Invalid, Notes, Shown, Tree, Variables};

use super::exit::{self, Exit};
use super::flags::{Flags, HELP};
use super::settings::Settings;

/// Where the files are that are read if none is named.
const FOLDER: &str = "configs";

/// Reads the settings of this process: what `main` begins with.
///
/// `T` is the service's own part: a struct whose fields are sections beside those of the framework
/// ([`Settings::SECTIONS`]), or `()` for a service that has none. Layers, later over earlier:
///
/// 1. the defaults of the types;
/// 2. `configs/app.yaml`, then `configs/app.$BIA_ENV.yaml`; or the files that `--config` names, in
///    their order. `configs` is looked for where the process was started, else in the folder of its
///    crate if `cargo run` started it. `.toml` and `.json` do too;
/// 3. variables: `BIA_SERVER__ADDRESS=127.0.0.1:0` is `server.address`;
/// 4. flags: `--set server.address=127.0.0.1:0`.
///
/// In every value `${NAME:default}` is replaced by the variable of that name, else by the setting of
/// that path, else by the default.
///
/// Like a parser of arguments it ends the process itself where there is nothing to go on with:
/// after `--help`, `--version`, `--check-config` and `--print-config` with 0, and if the settings are
/// wrong with 78, having said which key, where it stands and what was expected. [`Config::load`]
/// returns the error instead.
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
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// None for now: a configuration centre that cannot be reached will be one.
pub async fn config<T: DeserializeOwned>() -> Result<Config<T>, Exit> {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let program = arguments.next().unwrap_or_default();
    let variables = Variables::of_process();
    match read::<T>(&program, arguments, &variables) {
        Ok(Read::Config(mut config)) => {
            config.of_process = true;
            Ok(config)
        }
        Ok(Read::Answer(text)) => {
            print(&text);
            exit::leave(0)
        }
        Err(invalid) => Exit::from(invalid).leave(),
    }
}

/// Prints what was asked for on the command line.
pub(super) fn print(text: &str) {
    // Whoever has read enough has closed the pipe.
    writeln!(std::io::stdout(), "{text}").ok();
}

enum Read<T> {
    Config(Config<T>),
    /// What a flag asked to be told.
    Answer(String),
}

fn read<T: DeserializeOwned>(
    program: &str,
    arguments: impl IntoIterator<Item = String>,
    variables: &Variables,
) -> Result<Read<T>, Invalid> {
    let flags = Flags::parse(arguments)?;
    let program =
        Path::new(program).file_stem().and_then(|name| name.to_str()).unwrap_or("service");
    if flags.help {
        return Ok(Read::Answer(format!("{program} [FLAGS]\n\n{HELP}")));
    }
    let layers =
        layers(&flags, variables).and_then(|tree| Loaded::<T>::new(tree, variables.clone()));
    if flags.version {
        // The version is known to the app, which comes next; unless there is nothing to make it of.
        return Ok(match layers {
            Ok(loaded) => Read::Config(Config { only_version: true, ..loaded.config }),
            Err(_) => Read::Answer(format!("{program} (bia {})", env!("CARGO_PKG_VERSION"))),
        });
    }
    let loaded = layers?;
    if flags.print {
        return Ok(Read::Answer(loaded.shown()));
    }
    if flags.check {
        return Ok(Read::Answer("the settings are right".to_owned()));
    }
    Ok(Read::Config(loaded.config))
}

/// Every layer in its order, placeholders replaced.
fn layers(flags: &Flags, variables: &Variables) -> Result<Tree, Invalid> {
    let mut tree = Tree::new();
    let files =
        if flags.files.is_empty() { default_files(variables)? } else { flags.files.clone() };
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|error| {
            Invalid::whole(file.display().to_string(), format!("cannot be read: {error}"))
        })?;
        tree.add_file(&file, &text)?;
    }
    tree.add_variables(variables);
    for set in &flags.sets {
        tree.add_flag(set)?;
    }
    tree.resolve(variables)?;
    Ok(tree)
}

/// `configs/app.yaml` and `configs/app.{env}.yaml`, as far as they are there.
fn default_files(variables: &Variables) -> Result<Vec<PathBuf>, Invalid> {
    let here = PathBuf::from(FOLDER);
    let of_crate =
        || variables.get("CARGO_MANIFEST_DIR").map(|krate| Path::new(krate).join(FOLDER));
    let folders = std::iter::once(here).chain(of_crate());
    let Some(folder) = folders.into_iter().find(|folder| folder.is_dir()) else {
        return Ok(Vec::new());
    };
    let find = |name: &str| {
        ["yaml", "yml", "toml", "json"]
            .iter()
            .map(|ending| folder.join(format!("{name}.{ending}")))
            .find(|path| path.exists())
    };
    let base = find("app");
    let own = match variables.environment() {
        None => None,
        Some(environment) => {
            let own = find(&format!("app.{environment}"));
            if own.is_none() && base.is_some() {
                // A misspelt environment must not run with the settings of another.
                let what = format!(
                    "{environment:?} picks {}, which is not there",
                    folder.join(format!("app.{environment}.yaml")).display()
                );
                return Err(Invalid::whole("BIA_ENV", what));
            }
            own
        }
    };
    Ok(base.into_iter().chain(own).collect())
}

/// Puts `client` under each of `clients`, so that these say only what is different.
fn inherit(framework: &mut Tree) {
    let Some(clients) = framework.section("clients") else { return };
    let common = framework.section("client").unwrap_or_default();
    let mut whole = Tree::new();
    for name in clients.keys() {
        if let Some(own) = clients.section(name) {
            whole.add_section(name, common.clone());
            whole.add_section(name, own);
        }
    }
    framework.add_section("clients", whole);
}

/// Settings with what is known of where they came from.
struct Loaded<T> {
    config: Config<T>,
    framework: Tree,
    framework_notes: Notes,
    own: Tree,
    own_notes: Notes,
}

impl<T: DeserializeOwned> Loaded<T> {
    fn new(mut tree: Tree, variables: Variables) -> Result<Self, Invalid> {
        let mut framework = tree.take(&Settings::SECTIONS);
        inherit(&mut framework);
        let (settings, framework_notes): (Settings, _) = framework.decode(&[])?;
        settings.check().map_err(|invalid| {
            let place = invalid.key().and_then(|key| framework.origin(key)).map(str::to_owned);
            invalid.at(place.as_deref())
        })?;
        let (own, own_notes) = tree.decode::<T>(&Settings::SECTIONS)?;
        let config = Config {
            current: Arc::new(ArcSwap::from_pointee(own)),
            settings: Arc::new(settings),
            variables: Arc::new(variables),
            of_process: false,
            only_version: false,
        };
        Ok(Self { config, framework, framework_notes, own: tree, own_notes })
    }

    fn shown(&self) -> String {
        let mut shown = Shown::default();
        shown.add_layers(&self.own, &self.own_notes);
        let settings = serde_json::to_value(self.config.settings()).unwrap_or_default();
        shown.add_effective(&settings, &self.framework, &self.framework_notes);
        shown.to_yaml().trim_end().to_owned()
    }
}

/// The settings of a service: its own, a `T`, and those of the framework. Cloning is cheap.
pub struct Config<T> {
    current: Arc<ArcSwap<T>>,
    settings: Arc<Settings>,
    pub(super) variables: Arc<Variables>,
    /// Whether they are those of this process: then wrong ones end it.
    pub(super) of_process: bool,
    /// Whether only the name and version are asked for.
    pub(super) only_version: bool,
}

impl<T: DeserializeOwned> Config<T> {
    /// Reads settings from a command line (without the program's name) and variables.
    ///
    /// For programs with flags of their own, which they take out first, and for tests of the
    /// configuration. Flags that ask for something other than to run are read over.
    ///
    /// # Errors
    ///
    /// If a layer cannot be read, or a setting is wrong: key, place, and what was expected.
    pub fn load(
        arguments: impl IntoIterator<Item = String>,
        variables: &Variables,
    ) -> Result<Self, Invalid> {
        let tree = layers(&Flags::parse(arguments)?, variables)?;
        Loaded::new(tree, variables.clone()).map(|loaded| loaded.config)
    }

    /// Makes settings of YAML, for tests: no file, variable or flag is read.
    ///
    /// What the text does not say is as a test wants it: free ports on loopback, no registry, and no
    /// delay before draining.
    ///
    /// ```
    /// let config = bia::Config::<()>::for_test("server: {timeout: 1s}").unwrap();
    /// assert_eq!(config.settings().server.address, "127.0.0.1:0");
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn for_test(yaml: &str) -> Result<Self, Invalid> {
        let mut tree = Tree::new();
        tree.add_file(Path::new("defaults-of-tests.yaml"), TEST)?;
        tree.add_file(Path::new("test.yaml"), yaml)?;
        let variables = Variables::default();
        tree.resolve(&variables)?;
        Loaded::new(tree, variables).map(|loaded| loaded.config)
    }
}

const TEST: &str = "
server: {address: 127.0.0.1:0}
admin: {address: 127.0.0.1:0}
registry: {kind: none}
stop: {drain_delay: 0s, timeout: 10s}
";

impl<T> Config<T> {
    /// The service's own settings as they are now: a pointer is read.
    ///
    /// Hold what you get while you need one consistent state, not longer.
    #[must_use]
    pub fn get(&self) -> Current<T> {
        Current(self.current.load())
    }

    /// The settings of the framework, as they were at the start.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The settings of the framework as they are accepted, the first ones at once.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Settings>> {
        watch::Sender::new(Arc::clone(&self.settings)).subscribe()
    }
}

impl<T> Clone for Config<T> {
    fn clone(&self) -> Self {
        Self {
            current: Arc::clone(&self.current),
            settings: Arc::clone(&self.settings),
            variables: Arc::clone(&self.variables),
            of_process: self.of_process,
            only_version: self.only_version,
        }
    }
}

impl<T> fmt::Debug for Config<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The service's own settings may hold secrets that are no `Secret`.
        f.debug_struct("Config").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A service's own settings at one moment.
pub struct Current<T>(Guard<Arc<T>>);

impl<T> Deref for Current<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Current<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

use std::any::TypeId;
use std::fmt;
use std::future::IntoFuture;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

use crate::algo::Backoff;
use crate::config::{
    Document, Invalid, MemorySource, Own, Snapshot, Source, Variables, check_rules, whole_schema,
};
use crate::error::{Error, Result};

use super::super::exit::{self, Exit};
use super::super::flags::{Flags, HELP};
use super::super::settings::Settings;
use super::candidate::Check;
use super::engine::Engine;
use super::far;
use super::layers::Layers;
use super::reload::{load_one, told};
use super::settings::ConfigSettings;
use super::{Answers, Config};

/// Settings on their way; see [`bia::config`](crate::config()). Await it.
#[must_use = "settings are read when it is awaited"]
pub struct ConfigBuilder<T> {
    from: From,
    sources: Vec<Box<dyn Source>>,
    checks: Vec<Check<T>>,
    schema: Option<Own>,
}

/// Where the command line and the variables come from.
enum From {
    Process,
    Given { arguments: Vec<String>, variables: Variables },
    Test { yaml: String },
}

impl<T> ConfigBuilder<T> {
    pub(super) fn new() -> Self {
        Self { from: From::Process, sources: Vec::new(), checks: Vec::new(), schema: None }
    }

    /// Adds a source over the files and the sources before it, below variables and flags.
    ///
    /// At the start it is waited for as `config.start_timeout` says.
    pub fn source(mut self, source: impl Source) -> Self {
        self.sources.push(Box::new(source));
        self
    }

    /// Adds a check of the program's own, after those of the types: settings for which it says what
    /// is wrong are refused, at the start and when they change.
    ///
    /// It must be quick and change nothing. A panic in it refuses the settings too.
    ///
    /// ```
    /// # #[derive(serde::Deserialize)] struct Settings { low: u32, high: u32 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let config = bia::config::<Settings>().for_test("{low: 2, high: 1}").check(|settings| {
    ///     if settings.low > settings.high {
    ///         return Err(bia::config::Invalid::new("low", "expected at most what high is"));
    ///     }
    ///     Ok(())
    /// });
    /// let exit = config.await.unwrap_err();
    /// assert_eq!(exit.to_string(), "low in test.yaml:1: expected at most what high is, found 2");
    /// # }
    /// ```
    pub fn check<F, E>(mut self, check: F) -> Self
    where
        F: Fn(&T) -> Result<(), E> + Send + Sync + 'static,
        E: Into<Invalid>,
    {
        self.checks.push(Box::new(move |settings| check(settings).map_err(Into::into)));
        self
    }

    /// Adds the rules that the type derives with `garde`: settings that break one are refused.
    ///
    /// Each broken rule is told with key, place, what was expected and what was found. `garde` must be
    /// among the dependencies of the program, with its feature `derive`.
    ///
    /// ```
    /// #[derive(serde::Deserialize, garde::Validate)]
    /// struct Settings {
    ///     #[garde(range(min = 1, max = 1000))]
    ///     connections: u32,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let config = bia::config::<Settings>().for_test("connections: 0").rules();
    /// let exit = config.await.unwrap_err();
    /// assert_eq!(exit.to_string(), "connections in test.yaml:1: expected at least 1, found 0");
    /// # }
    /// ```
    pub fn rules(self) -> Self
    where
        T: garde::Validate<Context = ()> + 'static,
    {
        self.check(check_rules::<T>)
    }

    /// Adds the JSON Schema that the type derives with `schemars`: `--config-schema` prints it, with the
    /// sections of the framework, for editors and pipelines.
    ///
    /// Without it, that schema lets anything stand beside the sections of the framework. `schemars`
    /// must be among the dependencies of the program, for its derive; what `garde` and `serde` are
    /// told about a field is told in the schema too.
    pub fn schema(mut self) -> Self
    where
        T: JsonSchema,
    {
        self.schema = Some(T::json_schema);
        self
    }

    /// Reads this command line (without the program's name) and these variables instead of the
    /// process's own: for programs with flags of their own, which they take out first.
    ///
    /// Then nothing ends the process: what is wrong is returned. Flags that ask for something other
    /// than to run are read over.
    pub fn arguments(
        mut self,
        arguments: impl IntoIterator<Item = String>,
        variables: &Variables,
    ) -> Self {
        let arguments = arguments.into_iter().collect();
        self.from = From::Given { arguments, variables: variables.clone() };
        self
    }

    /// Reads this YAML instead of files, variables and flags, as [`Config::for_test`] does.
    pub fn for_test(mut self, yaml: impl Into<String>) -> Self {
        self.from = From::Test { yaml: yaml.into() };
        self
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> IntoFuture for ConfigBuilder<T> {
    type Output = Result<Config<T>, Exit>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.read())
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> ConfigBuilder<T> {
    async fn read(mut self) -> Result<Config<T>, Exit> {
        match std::mem::replace(&mut self.from, From::Process) {
            From::Process => match self.of_process().await {
                Err(exit) if exit.is_configuration() => exit.leave(),
                outcome => outcome,
            },
            From::Given { arguments, variables } => {
                let variables = Arc::new(variables);
                let layers = Layers::of_process(&Flags::parse(arguments)?, &variables);
                self.load(layers, Answers::default()).await
            }
            From::Test { yaml } => self.load(test_layers(&yaml), OF_TEST).await,
        }
    }

    async fn of_process(self) -> Result<Config<T>, Exit> {
        let (program, flags) = command_line()?;
        let variables = Arc::new(Variables::of_process());
        if flags.help {
            answer(&format!("{program} [FLAGS]\n\n{HELP}"));
        }
        if flags.schema {
            answer(&self.described(&program));
        }
        let layers = Layers::of_process(&flags, &variables);
        let mut answers = Answers { of_process: true, ..Answers::default() };
        if flags.version {
            // The version is known to the app, which comes next; unless there is nothing to make it
            // of. A source far away is not asked for it.
            answers.only_version = true;
            let alone = Self { sources: Vec::new(), checks: Vec::new(), ..self };
            let Ok(config) = alone.load_files(layers, answers).await else {
                answer(&format!("{program} (bia {})", env!("CARGO_PKG_VERSION")));
            };
            return Ok(config);
        }
        let config = self.load(layers, answers).await?;
        if flags.print {
            answer(&config.handle.ledger.view(super::candidate::View::to_yaml));
        }
        if flags.check {
            for warning in config.handle.warnings() {
                warn(&warning);
            }
            answer("the settings are right");
        }
        Ok(config)
    }

    /// The schema of a file of settings.
    fn described(&self, program: &str) -> String {
        // `()` says by itself that there are no settings of the service's own.
        let is_none = TypeId::of::<T>() == TypeId::of::<()>();
        let own = self.schema.or_else(|| is_none.then_some(<()>::json_schema as Own));
        let schema = whole_schema::<Settings>(program, own);
        serde_json::to_string_pretty(&schema).unwrap_or_default()
    }

    async fn load_files(self, layers: Layers, answers: Answers) -> Result<Config<T>, Exit> {
        let snapshots = load_files(&layers).await?;
        Ok(Config::of(Engine::start(layers, snapshots, self.checks)?, answers))
    }

    async fn load(self, mut layers: Layers, answers: Answers) -> Result<Config<T>, Exit> {
        let mut snapshots = load_files(&layers).await?;
        let mut bootstrap = layers.bootstrap(&snapshots)?;
        if bootstrap.is_key_apart {
            layers.trust.set(&bootstrap.config.trust)?;
            snapshots = load_files(&layers).await?;
            bootstrap = layers.bootstrap(&snapshots)?;
        }
        let files = layers.sources.len();
        layers.sources.extend(far::sources(&bootstrap, &layers.trust, self.sources)?);
        layers.sources.push(Box::new(layers.stage.source()));
        let settings = bootstrap.config;
        let until = Instant::now() + settings.start_timeout;
        for source in layers.sources.iter().skip(files) {
            snapshots.push(load_in_time(&**source, &settings, until).await?);
        }
        Ok(Config::of(Engine::start(layers, snapshots, self.checks)?, answers))
    }
}

impl<T: DeserializeOwned + Send + Sync + 'static> Config<T> {
    /// Makes settings of YAML, for tests: no file, variable or flag is read.
    ///
    /// What the text does not say is as a test wants it: free ports on loopback, no registry, and no
    /// delay before draining. Without a registry an app has channels to other services all the same, in
    /// which nobody is: what calls others starts, and a test that wants an answer gives it
    /// [`App::discovery`](crate::App::discovery) or a mock. For settings with checks of their own, or
    /// that change, await [`ConfigBuilder::for_test`].
    ///
    /// ```
    /// let config = bia::Config::<()>::for_test("server: {timeout: 1s}").unwrap();
    /// assert_eq!(config.settings().server.address, "127.0.0.1:0");
    /// ```
    ///
    /// # Errors
    ///
    /// If a setting is wrong: key, line, and what was expected.
    pub fn for_test(yaml: &str) -> Result<Self, Invalid> {
        let layers = test_layers(yaml);
        let snapshots = vec![Snapshot::of(test_documents(yaml))];
        Engine::start(layers, snapshots, Vec::new()).map(|engine| Self::of(engine, OF_TEST))
    }
}

const OF_TEST: Answers = Answers { of_process: false, of_test: true, only_version: false };

const TEST: &str = "
server: {address: 127.0.0.1:0}
admin: {address: 127.0.0.1:0}
registry: {kind: none}
stop: {drain_delay: 0s, timeout: 10s}
";

fn test_documents(yaml: &str) -> Vec<Document> {
    vec![Document::new("defaults-of-tests.yaml", TEST), Document::new("test.yaml", yaml.to_owned())]
}

fn test_layers(yaml: &str) -> Layers {
    let memory = MemorySource::new();
    for document in test_documents(yaml) {
        memory.set(&document.name, document.bytes);
    }
    Layers::of(vec![Box::new(memory)], Vec::new(), Arc::default())
}

/// The program's name, and what its command line asks for.
fn command_line() -> Result<(String, Flags), Invalid> {
    let mut arguments = std::env::args_os().map(|it| it.to_string_lossy().into_owned());
    let program = arguments.next().unwrap_or_default();
    let program = Path::new(&program).file_stem().and_then(|name| name.to_str());
    Ok((program.unwrap_or("service").to_owned(), Flags::parse(arguments)?))
}

/// Prints what was asked for on the command line, and ends the process.
fn answer(text: &str) -> ! {
    print(text);
    exit::leave(0)
}

pub(in crate::app) fn print(text: &str) {
    // Whoever has read enough has closed the pipe.
    writeln!(std::io::stdout(), "{text}").ok();
}

/// Says what is no error, where there is no log.
fn warn(text: &str) {
    writeln!(std::io::stderr(), "Warning: {text}").ok();
}

/// Files are there or are not: nothing is gained by trying again.
async fn load_files(layers: &Layers) -> Result<Vec<Snapshot>, Invalid> {
    let mut snapshots = Vec::with_capacity(layers.sources.len());
    for source in &layers.sources {
        let snapshot = load_one(&**source).await;
        snapshots.push(snapshot.map_err(|error| {
            invalid(&error)
                .unwrap_or_else(|| Invalid::from(format!("{}: {}", source.name(), told(&error))))
        })?);
    }
    Ok(snapshots)
}

/// Loads a source that may be away for a while.
async fn load_in_time(
    source: &dyn Source,
    settings: &ConfigSettings,
    until: Instant,
) -> Result<Snapshot, Exit> {
    let mut backoff =
        Backoff::new(std::time::Duration::from_millis(200), std::time::Duration::from_secs(2));
    loop {
        let error = match timeout_at(until, load_one(source)).await {
            Ok(Ok(snapshot)) => return Ok(snapshot),
            Ok(Err(error)) => error,
            Err(_elapsed) => Error::deadline_exceeded("SOURCE_TIMEOUT", "it did not answer"),
        };
        if let Some(invalid) = invalid(&error) {
            return Err(invalid.into());
        }
        let wait = backoff.next_delay(fastrand::f64());
        if Instant::now() + wait >= until {
            let what = format!(
                "cannot read settings from {} ({}): tried for {}, see config.start_timeout",
                source.name(),
                error.message(),
                crate::config::duration::format(settings.start_timeout),
            );
            let source = Error::unavailable("SOURCE_UNAVAILABLE", what).with_source(error);
            return Err(Exit::failure(source));
        }
        sleep(wait).await;
    }
}

/// What a source has found to be wrong, if it could be read.
fn invalid(error: &Error) -> Option<Invalid> {
    std::error::Error::source(error)?.downcast_ref::<Invalid>().cloned()
}

impl<T> fmt::Debug for ConfigBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources: Vec<_> = self.sources.iter().map(Source::name).collect();
        f.debug_struct("ConfigBuilder")
            .field("sources", &sources)
            .field("checks", &self.checks.len())
            .field("schema", &self.schema.is_some())
            .finish_non_exhaustive()
    }
}

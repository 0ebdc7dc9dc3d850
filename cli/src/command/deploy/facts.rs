//! What is true of a service, from its manifest, settings, protos and code: the only place that asks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bia_codegen::Segment;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::project::{Member, Project};
use crate::shell::Shell;

use super::options::Engine;
use super::scan::Code;
use super::{secrets, settings};

/// The paths of the admin port; the framework's own test holds what they answer.
pub(super) const LIVE: &str = "/livez";
pub(super) const READY: &str = "/readyz";
pub(super) const METRICS: &str = "/metrics";

/// Where a service lies in its image.
pub(super) const HOME: &str = "/app";

/// What Kubernetes makes of names: `NAME-canary` and the like must still be one.
const LONGEST_NAME: usize = 50;

/// What is true of a service.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Its crate.
    pub(super) package: String,
    /// Its program.
    pub(super) program: String,
    pub(super) version: String,
    /// Where its crate is, relative to the workspace.
    pub(super) folder: PathBuf,
    /// In the registry, and where it runs.
    pub(super) name: String,
    /// The port of calls, and that of operators.
    pub(super) port: u16,
    pub(super) admin_port: u16,
    pub(super) is_tls: bool,
    pub(super) drain_delay: Duration,
    pub(super) stop_timeout: Duration,
    pub(super) check_timeout: Duration,
    pub(super) database: Option<Database>,
    /// The services that it calls, in the order of their names.
    pub(super) calls: BTreeSet<String>,
    /// Its files of settings, relative to its crate.
    pub(super) settings: Vec<PathBuf>,
    /// Its services, `user.v1.UserService`.
    pub(super) services: Vec<String>,
    /// How its methods are called over HTTP.
    pub(super) routes: Vec<Route>,
}

/// Where it keeps its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Database {
    /// The setting, `data.url`.
    pub(super) key: String,
    pub(super) engine: Engine,
    /// The file in the image, if it is one.
    pub(super) file: Option<String>,
}

/// One way to call it over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) verb: String,
    /// As in the proto.
    pub(super) path: String,
    /// What all paths of the template begin with.
    pub(super) prefix: String,
}

impl Facts {
    /// What is true of `member`.
    ///
    /// # Errors
    ///
    /// Its settings or protos are wrong, or its name is none that can be used.
    pub(super) fn of(
        project: &Project,
        member: &Member,
        name: Option<&str>,
        env: Option<&str>,
        shell: &Shell,
    ) -> Result<Self> {
        let read = settings::read(&member.folder, env)?;
        if read.files.is_empty() {
            shell.warn(format_args!(
                "{} has no configs/app.yaml: the framework's defaults are taken",
                member.name
            ));
        }
        let code = Code::below(&member.folder.join("src"));
        let framework = &read.framework;
        let defaults = bia::Settings::default();
        let own_name = framework.app.name.clone().or(code.name);
        let is_typed = name.is_some();
        let name = name.map(str::to_owned).or(own_name).unwrap_or_else(|| member.name.clone());
        check_name(&name, is_typed)?;
        let port = |key: &str, address: &str, default: &str| {
            port_of(address).or_else(|| {
                shell.warn(format_args!(
                    "{key} of {name} names no fixed port (`{address}`): {default} is set where it runs"
                ));
                port_of(default)
            }).unwrap_or_default()
        };
        let database = database(&read.own, shell, &member.name);
        for secret in secrets::written(&member.folder, &read.files)? {
            // That of the database is told by what is written for it.
            if database.as_ref().is_none_or(|it| it.key != secret) {
                shell.warn(format_args!(
                    "{secret} in the settings of {} holds a secret, which is in the image then: take it \
                     out of the file, and give it by the variable {} where it runs",
                    member.name,
                    variable(&secret)
                ));
            }
        }
        let model = member.model()?;
        let all = model.packages.iter().flat_map(|package| &package.services);
        let rules =
            all.clone().flat_map(|service| &service.methods).flat_map(|method| &method.http);
        let calls = code.calls.into_iter().chain(framework.clients.keys().cloned());
        let is_tls = framework.server.tls.is_on();
        if is_tls {
            shell.warn(format_args!(
                "{name} speaks TLS: what is written mounts no certificate, add it where server.tls names it"
            ));
        }
        Ok(Self {
            port: port("server.address", &framework.server.address, &defaults.server.address),
            admin_port: port("admin.address", &framework.admin.address, &defaults.admin.address),
            package: member.name.clone(),
            program: program(member),
            version: member.version.clone(),
            folder: member
                .folder
                .strip_prefix(&project.root)
                .map(Path::to_owned)
                .unwrap_or_default(),
            is_tls,
            drain_delay: framework.stop.drain_delay,
            stop_timeout: framework.stop.timeout,
            check_timeout: framework.admin.check_timeout,
            database,
            calls: calls.filter(|callee| *callee != name).collect(),
            settings: read.files,
            services: all.clone().map(|service| service.full_name.clone()).collect(),
            routes: rules.map(Route::of).collect(),
            name,
        })
    }

    /// Takes `engine` for its data.
    ///
    /// # Errors
    ///
    /// Its settings tell of no data that it keeps.
    pub(super) fn keep_data_in(&mut self, engine: Engine) -> Result<()> {
        let Some(database) = &mut self.database else {
            return Err(Error::new(format!(
                "the settings of {} name no database (no text that begins with sqlite: or postgres:)",
                self.package
            ))
            .with_hint("leave `--database` out, or set it: data: {url: sqlite://data/app.db?mode=rwc}"));
        };
        if database.engine != engine {
            database.engine = engine;
            database.file = (engine == Engine::Sqlite).then(|| format!("{HOME}/data/app.db"));
        }
        Ok(())
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.database.as_ref().is_some_and(|it| it.engine == Engine::Postgres)
    }

    /// The folder that must be writable and must last, in the image.
    pub(super) fn data_folder(&self) -> Option<&str> {
        let file = self.database.as_ref()?.file.as_deref()?;
        file.rsplit_once('/').map(|(folder, _)| folder)
    }

    /// What the database's setting says where data lies in a file, so that it lies on the volume.
    pub(super) fn file_url(&self) -> Option<String> {
        let file = self.database.as_ref()?.file.as_deref()?;
        Some(format!("sqlite://{file}?mode=rwc"))
    }

    /// The variable that sets the database: `BIA_DATA__URL`.
    pub(super) fn database_variable(&self) -> Option<String> {
        Some(variable(&self.database.as_ref()?.key))
    }

    /// How long whoever stops it must wait, in seconds: longer than its own limit, which has the delay in it.
    pub(super) fn patience(&self) -> u64 {
        whole_seconds(self.stop_timeout) + 10
    }

    /// How long whoever asks its checks must wait, in seconds: longer than one check may take.
    pub(super) fn probe_timeout(&self) -> u64 {
        whole_seconds(self.check_timeout) + 1
    }

    /// The beginnings of its paths over HTTP, without those that others cover.
    pub(super) fn prefixes(&self) -> Vec<String> {
        let mut all: Vec<String> = self.routes.iter().map(|it| it.prefix.clone()).collect();
        all.extend(self.services.iter().map(|service| format!("/{service}/")));
        all.sort();
        all.dedup();
        let covers = |a: &str, b: &str| {
            b != a
                && b.strip_prefix(a).is_some_and(|rest| a.ends_with('/') || rest.starts_with('/'))
        };
        let whole = all.clone();
        all.retain(|path| !whole.iter().any(|other| covers(other, path)));
        all
    }

    /// A path that can be asked for as it is.
    pub(super) fn example(&self) -> Option<&Route> {
        self.routes.iter().find(|it| it.verb == "GET" && !it.path.contains(['{', '*', ':']))
    }
}

impl Route {
    fn of(rule: &bia_codegen::HttpRule) -> Self {
        let literals = rule.template.segments.iter().map_while(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            _ => None,
        });
        let prefix: String = literals.map(|text| format!("/{text}")).collect();
        let prefix = if prefix.is_empty() { "/".to_owned() } else { prefix };
        Self { verb: rule.verb.clone(), path: rule.template.text.clone(), prefix }
    }
}

/// The variable of a setting.
fn variable(key: &str) -> String {
    format!("BIA_{}", key.to_uppercase().replace('.', "__").replace('-', "_"))
}

/// Seconds, the begun one whole.
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// The program that is run: the one of the crate's name, else the first.
fn program(member: &Member) -> String {
    let named = member.programs.iter().find(|(name, _)| *name == member.name);
    let any = named.or_else(|| member.programs.first());
    any.map_or_else(|| member.name.clone(), |(name, _)| name.clone())
}

fn port_of(address: &str) -> Option<u16> {
    let (_, port) = address.rsplit_once(':')?;
    port.parse().ok().filter(|port| *port != 0)
}

/// A name becomes a host, a label and part of longer names.
fn check_name(name: &str, is_typed: bool) -> Result<()> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_right = name.chars().all(is_plain)
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.len() <= LONGEST_NAME;
    if is_right {
        return Ok(());
    }
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|c| if is_plain(c) { c } else { '-' })
        .collect::<String>()
        .trim_matches(|c: char| !c.is_ascii_lowercase())
        .chars()
        .take(LONGEST_NAME)
        .collect();
    let plain = if plain.is_empty() { "user-service".to_owned() } else { plain };
    let what = format!(
        "`{name}` cannot be the name of a host: it takes a to z, digits and `-`, begins with a letter, and has at most {LONGEST_NAME} characters"
    );
    let option = format!("`--name {plain}`");
    Err(if is_typed {
        Error::usage(what).with_hint(option)
    } else {
        Error::new(what).with_hint(format!("{option}, or `app.name: {plain}` in its settings"))
    })
}

/// The first text in the service's own settings that is the address of a database.
fn database(
    own: &std::collections::BTreeMap<String, Value>,
    shell: &Shell,
    package: &str,
) -> Option<Database> {
    let (key, url) = own.iter().find_map(|(key, value)| find_url(key, value))?;
    let (engine, file) = match url.split_once(':') {
        Some(("sqlite", rest)) => (Engine::Sqlite, sqlite_file(rest)),
        _ => (Engine::Postgres, None),
    };
    if engine == Engine::Postgres && secrets::has_password(&url) {
        shell.warn(format_args!(
            "{key} in the settings of {package} holds a password, which is in the image then; \
             what is written reads it from a secret: take it out of the file"
        ));
    }
    Some(Database { key, engine, file })
}

fn find_url(key: &str, value: &Value) -> Option<(String, String)> {
    match value {
        Value::String(text) => ["sqlite:", "postgres:", "postgresql:"]
            .iter()
            .any(|scheme| text.starts_with(scheme))
            .then(|| (key.to_owned(), text.clone())),
        Value::Object(fields) => {
            fields.iter().find_map(|(name, value)| find_url(&format!("{key}.{name}"), value))
        }
        _ => None,
    }
}

/// The file in the image; none for one that is in memory.
fn sqlite_file(rest: &str) -> Option<String> {
    let path = rest.trim_start_matches("//").split('?').next().unwrap_or_default();
    if path.is_empty() || path.contains(":memory:") || rest.contains("mode=memory") {
        return None;
    }
    let file = Path::new(HOME).join(path);
    if file.parent() == Some(Path::new(HOME)) {
        // The program lies there, and a volume over it would hide it.
        return Some(format!("{HOME}/data/{path}"));
    }
    Some(file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_a_host_is_refused_with_one_that_can() {
        for name in ["user-service", "a", "a1", "a-1"] {
            check_name(name, false).expect(name);
        }
        for (name, better) in [
            ("user_service", "user-service"),
            ("User", "user"),
            ("1st", "st"),
            ("dienst-für-alle", "dienst-f-r-alle"),
            ("服务", "user-service"),
            (&"a".repeat(51), &"a".repeat(50)),
        ] {
            let error = check_name(name, false).expect_err(name);
            let hint = error.hint().expect("it has one");
            assert!(hint.contains(&format!("`--name {better}`")), "{name}: {hint}");
        }
    }

    #[test]
    fn ports_are_those_that_are_fixed() {
        for (address, port) in [
            ("0.0.0.0:8000", Some(8000)),
            (":80", Some(80)),
            ("[::]:8001", Some(8001)),
            ("127.0.0.1:0", None),
            ("", None),
        ] {
            assert_eq!(port_of(address), port, "{address}");
        }
    }

    #[test]
    fn the_file_of_sqlite_is_where_a_volume_can_be() {
        for (rest, file) in [
            ("//data/users.db?mode=rwc", Some("/app/data/users.db")),
            ("///var/lib/x/users.db", Some("/var/lib/x/users.db")),
            ("users.db", Some("/app/data/users.db")),
            (":memory:", None),
            ("//x?mode=memory", None),
        ] {
            assert_eq!(sqlite_file(rest).as_deref(), file, "{rest}");
        }
    }
}

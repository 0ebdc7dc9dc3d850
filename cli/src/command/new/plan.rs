//! What is to be made.

use std::path::{Path, PathBuf};

use crate::change::{Changes, Manner};
use crate::cli::Writing;
use crate::error::{About as _, Error, Result};
use crate::paths::shown;
use crate::scaffold::{
    Database, Defined, Files, Formatter, Framework, Name, Record, Resource, Service, Workspace,
    is_program, lock, name_of,
};
use crate::shell::Shell;

use super::{Wish, ask};

/// Where it goes, and what goes there.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) folder: PathBuf,
    pub(super) workspace: Option<Workspace>,
    pub(super) services: Vec<Parts>,
}

/// A service, and what of it is written once.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) service: Service,
    defined: Option<Defined>,
}

/// What `--from` names.
pub(super) fn read_definition(wish: &Wish) -> Result<Option<Defined>> {
    wish.from.as_deref().map(Defined::read).transpose()
}

/// A name where none was given.
pub(super) fn name_instead(
    is_workspace: bool,
    defined: Option<&Defined>,
    asked: Option<&Shell>,
) -> Result<PathBuf> {
    let what = if is_workspace { "Name of the workspace" } else { "Name of the service" };
    if let Some(shell) = asked {
        return ask::name(what, defined.and_then(name_of), shell).map(PathBuf::from);
    }
    let hint = match defined.and_then(name_of) {
        Some(name) => format!("for example `bia new {name} --from …`"),
        None => "for example `bia new user-service`".to_owned(),
    };
    Err(Error::usage("it is not said what to make").with_hint(hint))
}

impl Parts {
    /// # Errors
    ///
    /// A name cannot be one.
    pub(crate) fn new(
        name: &Name,
        folder: String,
        port: u16,
        wish: &Wish,
        defined: Option<Defined>,
    ) -> Result<Self> {
        let resource = match &wish.resource {
            Some(resource) => Resource::new(resource)?,
            None => Resource::of(name),
        };
        let database = if defined.is_some() { Database::None } else { Database::default() };
        let service = Service {
            name: name.to_string(),
            folder,
            registry: wish.registry.unwrap_or_default(),
            database: wish.database.unwrap_or(database),
            faces: wish.faces.unwrap_or_default(),
            port,
            resource: resource.as_str().to_owned(),
            definition: defined.as_ref().map(|it| it.definition.clone()),
        };
        Ok(Self { service, defined })
    }

    /// What is the user's own from the beginning.
    pub(crate) fn once(&self) -> Files {
        let Some(defined) = &self.defined else { return Files::new() };
        let files = defined.files(self.service.database != Database::None);
        files.into_iter().map(|(path, text)| (self.service.place(&path), text)).collect()
    }
}

impl Plan {
    /// # Errors
    ///
    /// A name cannot be one.
    pub(super) fn service(folder: PathBuf, wish: &Wish, defined: Option<Defined>) -> Result<Self> {
        let name = Name::new(&last(&folder)?)?;
        let port = wish.port.unwrap_or(8000);
        let parts = Parts::new(&name, String::new(), port, wish, defined)?;
        Ok(Self { folder, workspace: None, services: vec![parts] })
    }

    /// # Errors
    ///
    /// A name cannot be one, or comes twice.
    pub(super) fn workspace(folder: PathBuf, services: &[String], wish: &Wish) -> Result<Self> {
        if wish.from.is_some() {
            return Err(Error::usage("`--from` makes a service, not a workspace").with_hint(
                "make the workspace, and in it `bia add service NAME --from FILE.proto`",
            ));
        }
        let of_one = [("--resource", wish.resource.is_some()), ("--port", wish.port.is_some())];
        if let (true, Some((flag, _))) = (services.is_empty(), of_one.iter().find(|it| it.1)) {
            return Err(Error::usage(format!(
                "`{flag}` is of a service, and the workspace begins without one"
            ))
            .with_hint(format!("make the workspace, and in it `bia add service NAME {flag} …`")));
        }
        let name = Name::of_folder(&last(&folder)?)?;
        let mut parts: Vec<Parts> = Vec::new();
        let mut ports = (wish.port.unwrap_or(8000)..u16::MAX).step_by(100);
        for service in services {
            let name = Name::new(service)?;
            let Some(port) = ports.next() else {
                return Err(Error::usage(format!("there is no port left for `{service}`"))
                    .with_hint("each service is a hundred behind the one before: begin with a smaller `--port`"));
            };
            let same = |it: &&Parts| {
                Name::new(&it.service.name).is_ok_and(|it| it.package() == name.package())
            };
            if let Some(other) = parts.iter().find(same) {
                let other = &other.service.name;
                return Err(Error::usage(format!(
                    "`{service}` and `{other}` would have the same package"
                ))
                .with_hint("name them so that they differ in more than `-service`"));
            }
            parts.push(Parts::new(&name, format!("services/{name}"), port, wish, None)?);
        }
        let workspace = Workspace { name: name.to_string(), defaults: wish.choices() };
        Ok(Self { folder, workspace: Some(workspace), services: parts })
    }

    /// # Errors
    ///
    /// Something is there already.
    pub(super) fn check_folder(&self, writing: Writing) -> Result<()> {
        if writing.force || writing.dry_run {
            return Ok(());
        }
        let folder = &self.folder;
        let is_new = match std::fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                let above = folder.ancestors().skip(1).find(|it| it.is_file());
                if let Some(file) = above {
                    return Err(Error::new(format!(
                        "cannot make the folder {}: {} is a file",
                        shown(folder),
                        shown(file)
                    ))
                    .with_hint("take another place"));
                }
                false
            }
            Err(error) => return Err(error).about(|| format!("read {}", shown(folder))),
        };
        if is_new {
            return Ok(());
        }
        Err(Error::new(format!("{} is there already; nothing was written", shown(folder)))
            .with_hint("take another name; `--dry-run` shows what would be written, `--force` replaces what is there"))
    }

    /// Says so if a service that is to be a project by itself goes into the folder of a workspace.
    pub(super) fn tell_of_workspace(&self, shell: &Shell) {
        let Ok(folder) = std::path::absolute(&self.folder) else { return };
        let around = folder.ancestors().skip(1).find(|it| it.join(Record::PATH).is_file());
        let (None, Some(around)) = (&self.workspace, around) else { return };
        // One that cannot be read is not what this is about.
        let Ok(Some(record)) = Record::read(around) else { return };
        let around = around.display();
        if record.workspace.is_some() {
            shell.hint(format_args!(
                "{around} is a workspace: `bia add service` makes the service one of it, and this is a project by itself"
            ));
        } else {
            shell.hint(format_args!(
                "{around} is one service by itself, and this is another project within its folder: from beside it, the two are apart"
            ));
        }
    }

    /// # Errors
    ///
    /// It cannot be written; nothing was then.
    pub(super) fn write(&self, wish: &Wish, writing: Writing, shell: &Shell) -> Result<()> {
        let framework = Framework::find(wish.framework.as_deref())?;
        let formatter = Formatter::default();
        let services: Vec<Service> = self.services.iter().map(|it| it.service.clone()).collect();
        let names: Vec<&str> = services.iter().map(|it| it.name.as_str()).collect();
        let lock = lock::whole(&names, &framework);
        let mut record =
            Record::new(self.workspace.clone(), services.clone(), wish.framework.clone());
        record.files = record.made(&framework, &formatter)?;

        let mut changes = Changes::below(&self.folder);
        for (path, text) in &record.files {
            put(&mut changes, path, text);
        }
        for (path, text) in self.services.iter().flat_map(Parts::once) {
            put(&mut changes, &path, &formatter.of(&path, text));
        }
        changes.write("Cargo.lock", lock);
        changes.write(Record::PATH, record.text()?);
        formatter.tell(shell);
        changes.apply(Manner::from(writing), shell)?;
        if !writing.dry_run {
            lock::prune(&self.folder);
        }
        Ok(())
    }
}

/// Writes a file of a project.
pub(crate) fn put(changes: &mut Changes, path: &str, text: &str) {
    if is_program(path) {
        changes.write_program(path, text);
    } else {
        changes.write(path, text);
    }
}

/// The last part of a path: a name.
fn last(folder: &Path) -> Result<String> {
    if folder.as_os_str().is_empty() {
        // Which is told as a name that is none.
        return Ok(String::new());
    }
    let name = folder.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| {
        Error::usage(format!("`{}` does not end in a name", folder.display()))
            .with_hint("name the folder to make: `bia new user-service`")
    })
}

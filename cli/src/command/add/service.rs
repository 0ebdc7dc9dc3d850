//! `bia add service`: one service more in a workspace.

use std::fs;
use std::path::{Path, PathBuf};

use bia::config::Variables;
use clap::Args;
use toml_edit::{DocumentMut, Item};

use crate::change::{Changes, Manner};
use crate::cli::Writing;
use crate::command::new::{Parts, Wish, made_with, put, run_and_call, steps};
use crate::error::{About as _, Error, Result};
use crate::paths::shown;
use crate::project::{self, Listening, Member, Project, here};
use crate::scaffold::{
    Defined, Files, Formatter, Framework, Name, Record, free_port, lock, manifest,
};
use crate::shell::Shell;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bia add service order-service
  bia add service greeter --from ../api/greeter/v1/greeter.proto")]
pub(crate) struct Arguments {
    /// Its name: small letters, digits, and `-` between words. It goes into `services/NAME`.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    wish: Wish,
    #[command(flatten)]
    writing: Writing,
}

pub(crate) fn run(arguments: Arguments, shell: &Shell) -> Result<()> {
    let Arguments { name, wish, writing } = arguments;
    let name = Name::new(&name)?;
    let (root, manifest_before) = workspace(&here()?)?;
    let folder = format!("services/{name}");
    let mut record = Record::read(&root)?
        .unwrap_or_else(|| Record::new(None, Vec::new(), wish.framework.clone()));
    let wish = wish.or(record.workspace.as_ref().map(|it| it.defaults).unwrap_or_default());
    if wish.from.is_none() {
        check_package(&root, &name, &record)?;
    }
    // A workspace without members is none that cargo reads; it has no crate either.
    let project = Project::find(&root).ok();
    check_crate(project.as_ref(), &name, &folder)?;
    check_free(&root, &name, &folder, &wish, writing)?;
    let asked = wish.framework.clone().or_else(|| record.framework.clone());
    let framework = Framework::find(asked.as_deref())?;
    let formatter = Formatter::default();

    let port = port(&root, project.as_ref(), &folder, &wish)?;
    let defined = wish.from.as_deref().map(Defined::read).transpose()?;
    let parts = Parts::new(&name, folder.clone(), port, &wish, defined)?;
    let made = parts.service.files(&framework, &formatter)?;

    let mut changes = Changes::below(&root);
    // What is recorded is the template's, so that an upgrade finds what the template has changed; what
    // is written is as all else in the project.
    let own = Formatter::of_project(&root);
    for (path, text) in &made {
        let text = own.as_ref().map_or_else(|| text.clone(), |own| own.of(path, text.clone()));
        put(&mut changes, path, &text);
    }
    let formatter = own.unwrap_or(formatter);
    once(&parts, &root, &formatter, &mut changes);
    let joined =
        |text: &str| manifest::with_versions(&manifest::with_member(text, &folder)?, &framework);
    changes.edit("Cargo.toml", manifest_before.clone(), joined(&manifest_before)?);
    // What the template would have made of this workspace, had the service been there.
    if let Some(base) = record.files.get_mut("Cargo.toml") {
        *base = joined(base)?;
    }
    record.files.extend(made);
    record.services.retain(|it| it.name != parts.service.name);
    record.services.push(parts.service.clone());
    edit(&mut changes, &root, Record::PATH, |_| record.text())?;
    edit(&mut changes, &root, "Cargo.lock", |lock| {
        Ok(lock::merged(lock.unwrap_or_default(), &[name.as_str()], &framework))
    })?;
    formatter.tell(shell);
    changes.apply(Manner::from(writing), shell)?;
    made_with(&parts.service, writing, shell);
    if !writing.dry_run {
        lock::prune(&root);
        let mut lines = vec![format!("cd {}", shown(&root.join(&folder)))];
        lines.extend(run_and_call(&parts.service));
        steps(&lines, shell);
    }
    Ok(())
}

/// What is the user's own from the beginning; protos that other services have too stay as they are.
fn once(parts: &Parts, root: &Path, formatter: &Formatter, changes: &mut Changes) {
    let files: Files = parts.once();
    for (path, text) in files {
        let is_shared = path.starts_with("proto/") && root.join(&path).exists();
        let is_same = fs::read_to_string(root.join(&path)).is_ok_and(|there| there == text);
        if !is_shared || !is_same {
            put(changes, &path, &formatter.of(&path, text));
        }
    }
}

/// The workspace around `folder`, and the text of its manifest.
fn workspace(folder: &Path) -> Result<(PathBuf, String)> {
    let mut single = None;
    for root in folder.ancestors() {
        let path = root.join("Cargo.toml");
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).about(|| format!("read {}", shown(&path)))?;
        let manifest: DocumentMut = text.parse().about(|| format!("read {}", shown(&path)))?;
        let workspace = manifest.get("workspace");
        if workspace.and_then(|it| it.get("members")).and_then(Item::as_array).is_some() {
            return Ok((root.to_owned(), text));
        }
        single = Some(root.to_owned());
        if workspace.is_some() {
            break;
        }
    }
    let Some(single) = single else {
        return Err(Error::new(format!("{} is in no workspace", folder.display()))
            .with_hint("`bia new NAME --workspace` makes one; `bia new NAME` makes a service that is a project by itself"));
    };
    let name = single.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    Err(Error::new(format!("{} is one service by itself, and has no place for another", single.display()))
        .with_hint(format!("beside it, `bia new NAME` makes one that finds it through the registry; for both in one build, `bia new shop --workspace --service {name}`, move what is yours there, then add")))
}

/// The proto that the template would give a service of this name.
fn proto_of(name: &Name) -> String {
    format!("proto/{0}/v1/{0}.proto", name.package())
}

/// Refuses a name that leads to the package of another service: two crates would define the same
/// messages, in one file.
fn check_package(root: &Path, name: &Name, record: &Record) -> Result<()> {
    let package = name.package();
    let is_of =
        |it: &&str| *it != name.as_str() && Name::new(it).is_ok_and(|it| it.package() == package);
    // One that others made lies in a folder of its name, and its proto where the template has it.
    let folders = fs::read_dir(root.join("services")).into_iter().flatten().flatten();
    let folders = folders.map(|it| it.file_name().to_string_lossy().into_owned());
    let is_recorded = |name: &String| record.services.iter().any(|it| it.name == *name);
    let has_proto = root.join(proto_of(name)).exists();
    let others: Vec<String> = folders.filter(|it| has_proto && !is_recorded(it)).collect();
    // What serves a definition has the package of that.
    let recorded = record.services.iter().filter(|it| it.definition.is_none());
    let mut names = recorded.map(|it| it.name.as_str()).chain(others.iter().map(String::as_str));
    let Some(other) = names.find(is_of) else { return Ok(()) };
    Err(Error::usage(format!(
        "`{name}` and `{other}`, which is there, would have the same package, {package}.v1"
    ))
    .with_hint(format!(
        "take a name that differs in more than `-service`; for a second crate that serves what `{other}` does, `--from {}`",
        shown(&root.join(proto_of(name)))
    )))
}

/// Refuses the name of a crate that the workspace has elsewhere: cargo takes no two of a name.
fn check_crate(project: Option<&Project>, name: &Name, folder: &str) -> Result<()> {
    let Some(project) = project else { return Ok(()) };
    let place = project.root.join(folder);
    let same = project.members.iter().find(|it| it.name == name.as_str() && it.folder != place);
    same.map_or(Ok(()), |other| {
        Err(Error::usage(format!(
            "the workspace has a crate `{name}` already, in {}",
            shown(&other.folder)
        ))
        .with_hint("take another name: cargo takes no two crates of one name"))
    })
}

/// The port that is asked for, or one that is free.
///
/// # Errors
///
/// Another service of the workspace has the one that is asked for, or the one behind it.
fn port(root: &Path, project: Option<&Project>, folder: &str, wish: &Wish) -> Result<u16> {
    let place = root.join(folder);
    let members = project.into_iter().flat_map(Project::services);
    let others: Vec<&Member> = members.filter(|it| it.folder != place).collect();
    let folders: Vec<PathBuf> = others.iter().map(|it| it.folder.clone()).collect();
    let Some(asked) = wish.port else { return Ok(free_port(root, &place, &folders)) };
    // As their files say: variables of whoever asks hold for what is started here.
    let no_variables = Variables::default();
    for other in others {
        let Ok(settings) = project::settings(&other.folder, &no_variables) else { continue };
        let theirs = Listening::of(&settings).into_iter();
        let met = theirs.filter_map(|it| Some((it.port()?, it.setting))).find(|(port, _)| {
            // What it tells of itself is on the next.
            [asked, asked.saturating_add(1)].contains(port)
        });
        if let Some((port, setting)) = met {
            let whose =
                if port == asked { "" } else { ", on which the service would tell of itself," };
            return Err(Error::usage(format!(
                "port {port}{whose} is `{setting}` of {}",
                other.name
            ))
            .with_hint(format!(
                "take `--port {}`: no other service here has that one or the next",
                free_port(root, &place, &folders)
            )));
        }
    }
    Ok(asked)
}

/// Refuses to write where something is.
fn check_free(root: &Path, name: &Name, folder: &str, wish: &Wish, writing: Writing) -> Result<()> {
    if writing.force || writing.dry_run {
        return Ok(());
    }
    let proto = wish.from.is_none().then(|| proto_of(name));
    for path in [Some(folder), proto.as_deref()].into_iter().flatten() {
        let whole = root.join(path);
        if whole.exists() {
            return Err(Error::new(format!("{} is there already; nothing was written", shown(&whole)))
                .with_hint("take another name; `--dry-run` shows what would be written, `--force` replaces what is there"));
        }
    }
    Ok(())
}

/// Writes a file anew from what it says, if it is there.
fn edit(
    changes: &mut Changes,
    root: &Path,
    path: &str,
    text: impl FnOnce(Option<&str>) -> Result<String>,
) -> Result<()> {
    match fs::read_to_string(root.join(path)) {
        Ok(before) => {
            let text = text(Some(&before))?;
            changes.edit(path, before, text);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let text = text(None)?;
            changes.write(path, text);
        }
        Err(error) => return Err(error).about(|| format!("read {}", shown(&root.join(path)))),
    }
    Ok(())
}

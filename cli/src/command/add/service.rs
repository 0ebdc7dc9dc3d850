//! `bia add service`: one service more in a workspace.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use toml_edit::{DocumentMut, Item};

use crate::change::{Changes, Manner};
use crate::cli::Writing;
use crate::command::new::{Parts, Wish, made_with, put, run_and_call, steps};
use crate::error::{About as _, Error, Result};
use crate::project::here;
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
    check_free(&root, &name, &folder, writing)?;
    let mut record = Record::read(&root)?
        .unwrap_or_else(|| Record::new(None, Vec::new(), wish.framework.clone()));
    let asked = wish.framework.clone().or_else(|| record.framework.clone());
    let framework = Framework::find(asked.as_deref())?;
    let formatter = Formatter::default();

    let port = wish.port.unwrap_or_else(|| free_port(&root));
    let defined = wish.from.as_deref().map(Defined::read).transpose()?;
    let parts = Parts::new(&name, folder.clone(), port, &wish, defined)?;
    let made = parts.service.files(&framework, &formatter)?;

    let mut changes = Changes::below(&root);
    for (path, text) in &made {
        put(&mut changes, path, text);
    }
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
        let mut lines = vec![format!("cd {}", root.join(&folder).display())];
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
        let text = fs::read_to_string(&path).about(|| format!("read {}", path.display()))?;
        let manifest: DocumentMut = text.parse().about(|| format!("read {}", path.display()))?;
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

fn check_free(root: &Path, name: &Name, folder: &str, writing: Writing) -> Result<()> {
    if writing.force || writing.dry_run {
        return Ok(());
    }
    let proto = format!("proto/{0}/v1/{0}.proto", name.package());
    for path in [folder, &proto] {
        if root.join(path).exists() {
            return Err(Error::new(format!("{path} is there already; nothing was written"))
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
        Err(error) => return Err(error).about(|| format!("read {path}")),
    }
    Ok(())
}

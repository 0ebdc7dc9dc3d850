//! `bia proto add`: a new proto, with a service that has what services usually have.

mod names;
mod template;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::change::{Changes, Manner};
use crate::cli::Writing;
use crate::command::proto::format;
use crate::error::{Error, Result};
use crate::paths::shown;
use crate::project::{self, Member, Project};
use crate::protofile::{read, walk};
use crate::shell::Shell;
use crate::splice::{Insertions, Source, name_proto};

use names::Names;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bia proto add proto/shop/v1/shop.proto              ShopService: create, get, list, update, delete\n  \
    bia proto add proto/shop/v1/cart.proto --service Basket   BasketService, in a file of another name\n  \
    bia proto add proto/shop/v1/admin.proto --empty       a service without methods"
)]
pub(crate) struct Arguments {
    /// The new file: proto/shop/v1/shop.proto is of the package shop.v1.
    path: PathBuf,
    /// What the service is for, `Shop` or `ShopService`; default: the name of the file.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// A service without methods, to be filled by hand.
    #[arg(long)]
    empty: bool,
    #[command(flatten)]
    writing: Writing,
}

pub(crate) fn run(arguments: &Arguments, shell: &Shell) -> Result<()> {
    let names = Names::of(&arguments.path, arguments.service.as_deref())?;
    let text = if arguments.empty { template::empty(&names) } else { template::standard(&names) };
    // Long names leave no room on some lines.
    let text = format::format(&arguments.path.display().to_string(), &text)?;
    taken(&arguments.path, &text)?;
    let mut changes = Changes::below("");
    changes.write(&arguments.path, text);
    let named = name_in_script(&arguments.path, &mut changes);
    changes.apply(Manner::from(arguments.writing), shell)?;
    match named {
        Ok(true) => shell.hint(format!(
            "`bia sync --create` writes an implementation and serves it with .serve({}(…))",
            names.function()
        )),
        Ok(false) => {}
        Err(why) => {
            shell.hint(format!(
                "{why}: add {:?} to what bia_codegen compiles there",
                arguments.path
            ));
        }
    }
    if !names.has_version {
        shell.warn(format!(
            "the package {} has no version: {}/v1 as its folder lets a v2 stand beside it",
            names.package,
            names.package.replace('.', "/")
        ));
    }
    Ok(())
}

/// Refuses names that other files of the folder have already.
fn taken(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    if !folder.is_dir() {
        return Ok(());
    }
    let names = |text: &str| -> Result<Vec<String>> {
        let file = bia_codegen::parse(&path.display().to_string(), text)?;
        let messages = file.message_type.iter().map(|it| it.name().to_owned());
        let enums = file.enum_type.iter().map(|it| it.name().to_owned());
        let services = file.service.iter().map(|it| it.name().to_owned());
        // Values of enums are names of the package.
        let values = file.enum_type.iter().flat_map(|it| &it.value).map(|it| it.name().to_owned());
        Ok(messages.chain(enums).chain(services).chain(values.collect::<Vec<_>>()).collect())
    };
    let ours = names(text)?;
    for other in walk(folder)?.iter().filter(|it| it.parent() == Some(folder) && *it != path) {
        // One that is wrong is none of this command's business.
        let Ok(theirs) = read(other).and_then(|text| names(&text)) else { continue };
        if let Some(name) = ours.iter().find(|name| theirs.contains(name)) {
            return Err(Error::new(format!("{} has a {name} already", other.display()))
                .with_hint("--service NAME makes a service of another name"));
        }
    }
    Ok(())
}

/// Adds the file to what the build script of its crate compiles, and says whether it was not named there
/// already. The error says why it must be done by hand.
fn name_in_script(path: &Path, changes: &mut Changes) -> Result<bool, String> {
    let none = || "no build.rs compiles it yet".to_owned();
    let here = project::here().map_err(|_none_here| none())?;
    let project = Project::find(&here).map_err(|_none_here| none())?;
    let whole = here.join(path);
    let member = member_of(&project, &whole).ok_or_else(none)?;
    let script = member.folder.join("build.rs");
    let text = read(&script).map_err(|_unread| none())?;
    let unclear = || format!("{} does not name it", shown(&script));
    let below = whole.strip_prefix(&member.folder).map_err(|_elsewhere| unclear())?;
    if member.build_script().is_ok_and(|it| it.files.iter().any(|it| it == below)) {
        return Ok(false);
    }
    let source = Source::parse(script.as_path(), text).map_err(|broken| broken.to_string())?;
    let mut insertions = Insertions::default();
    if !name_proto(&source, &below.display().to_string(), &mut insertions) {
        return Err(unclear());
    }
    let after = source.with(insertions, &member.edition).map_err(|_lossy| unclear())?;
    changes.edit(&script, source.text, after);
    Ok(true)
}

/// The innermost service that the file lies in.
fn member_of<'a>(project: &'a Project, file: &Path) -> Option<&'a Member> {
    let around = project.services().filter(|member| file.starts_with(&member.folder));
    around.max_by_key(|member| member.folder.components().count())
}

//! The real servers: installing them, starting them on free ports, stopping them.

mod book;
mod builder;
mod daemon;
mod debian;
mod faces;
mod kinds;
mod npm;
mod parts;
mod postgres;
mod python;
mod validators;

use std::fs::File;

pub(crate) use book::MDBOOK;
pub(crate) use builder::{BUILDER, debootstrap};
pub(crate) use debian::is_root;
pub(crate) use parts::{PARTS, Part};

use self::daemon::Group;
use self::kinds::start;
use crate::error::{About as _, Error, Result};
use crate::root::Cache;
use crate::ui;
use crate::wait::Stopwatch;

pub(crate) fn main(arguments: &[&str]) -> Result<()> {
    let cache = Cache::open()?;
    match arguments {
        ["install", names @ ..] => {
            let parts = select(names)?;
            let failed = install(&cache, &parts)?;
            if failed.is_empty() {
                ui::say(format_args!("the binaries are in {}", cache.join("bin").display()));
                return Ok(());
            }
            Err(Error::new(format!("not installed: {}", names_of(&failed)))
                .with_hint(format!("everything the tools said is in {}", cache.log().display())))
        }
        ["start", kind] => start_verb(&cache, kind, kind),
        ["start", kind, name] => start_verb(&cache, kind, name),
        ["stop", name] => {
            Group::open(&cache, name)?.stop()?;
            ui::say(format_args!("{name} is stopped"));
            Ok(())
        }
        ["list"] => list(&cache),
        _ => Err(Error::usage(usage())),
    }
}

/// A part that could not be installed, and why.
pub(crate) struct Missing {
    pub(crate) part: &'static Part,
    pub(crate) why: String,
}

/// Installs what is not there; one line a part. Gives back what could not be had.
///
/// # Errors
///
/// Another installer runs and the lock cannot be had. A part that fails is not an error here.
pub(crate) fn install(cache: &Cache, parts: &[&'static Part]) -> Result<Vec<Missing>> {
    let lock = cache.join("lock");
    let about = || format!("lock {}", lock.display());
    let lock = File::options().create(true).append(true).open(&lock).about(about)?;
    lock.lock().about(about)?;
    let mut missing = Vec::new();
    for part in parts {
        let watch = Stopwatch::start();
        let (state, text) = match part.version(cache).map(Ok) {
            Some(version) => ("there", version),
            None => ("installed", part.install(cache)),
        };
        match text {
            Ok(version) => {
                ui::say(format_args!(
                    "{:<11} {state:<9} {:>8}  {version}",
                    part.name,
                    watch.text()
                ));
            }
            Err(error) => {
                ui::say(format_args!("{:<11} FAILED    {:>8}  {error}", part.name, watch.text()));
                missing.push(Missing { part, why: error.to_string() });
            }
        }
    }
    Ok(missing)
}

/// A server for this run of the command alone. It is stopped when it is dropped.
#[derive(Debug)]
pub(crate) struct Own {
    group: Option<Group>,
}

impl Own {
    /// Starts a server of `kind`, and stops those that an interrupted command left behind.
    ///
    /// # Errors
    ///
    /// As [`start`].
    pub(crate) fn start(cache: &Cache, kind: &str) -> Result<Self> {
        for group in Group::all(cache)? {
            let owner = group.name().strip_prefix("xtask-").and_then(|name| name.split('-').next());
            if owner.and_then(|id| id.parse().ok()).is_some_and(|id| !daemon::exists(id)) {
                group.stop()?;
            }
        }
        let name = format!("xtask-{}-{kind}", std::process::id());
        Ok(Self { group: Some(start(cache, kind, &name)?) })
    }

    pub(crate) fn variables(&self) -> &[(String, String)] {
        self.group.as_ref().map(Group::variables).unwrap_or_default()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.group.take().map(Group::stop) {
            ui::say(format_args!("warning: {error}"));
        }
    }
}

fn select(names: &[&str]) -> Result<Vec<&'static Part>> {
    if names.is_empty() {
        return Ok(PARTS.iter().collect());
    }
    names
        .iter()
        .map(|name| {
            PARTS
                .iter()
                .find(|part| part.name == *name)
                .ok_or_else(|| Error::usage(format!("there is no part `{name}`\n\n{}", usage())))
        })
        .collect()
}

fn names_of(missing: &[Missing]) -> String {
    missing.iter().map(|missing| missing.part.name).collect::<Vec<_>>().join(", ")
}

fn start_verb(cache: &Cache, kind: &str, name: &str) -> Result<()> {
    let group = start(cache, kind, name)?;
    for (key, value) in group.variables() {
        ui::out(format_args!("{key}={value}"));
    }
    ui::say(format_args!("stop it with `cargo xtask servers stop {name}`"));
    Ok(())
}

fn list(cache: &Cache) -> Result<()> {
    ui::out("parts");
    for part in PARTS {
        let state = part.version(cache).unwrap_or_else(|| "not installed".to_owned());
        ui::out(format_args!("  {:<11} {:<22} {}", part.name, state, part.what));
    }
    ui::out("started");
    for group in Group::all(cache)? {
        let variables: Vec<String> =
            group.variables().iter().map(|(key, value)| format!("{key}={value}")).collect();
        let state = if group.is_alive() { "runs" } else { "is dead" };
        ui::out(format_args!("  {:<14} {state}  {}", group.name(), variables.join(" ")));
    }
    Ok(())
}

fn usage() -> String {
    let mut text = String::from(
        "cargo xtask servers install [PART…]     into $BIA_CACHE, else ~/.cache/bia\n\
         cargo xtask servers start KIND [NAME]   prints KEY=VALUE lines\n\
         cargo xtask servers stop NAME\n\
         cargo xtask servers list\n\nPART:",
    );
    for part in PARTS {
        let optional = if part.is_optional { " (optional)" } else { "" };
        text.push_str(&format!("\n  {:<11} {}{optional}", part.name, part.what));
    }
    text.push_str("\nKIND:");
    for (name, what) in kinds::KINDS {
        text.push_str(&format!("\n  {name:<15} {what}"));
    }
    text
}

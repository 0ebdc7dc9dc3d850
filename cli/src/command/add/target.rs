//! Which service, in which file, of which crates.

use std::path::PathBuf;

use bia_codegen::{Model, Service};

use crate::command::proto::format;
use crate::command::sync;
use crate::error::{About as _, Error, Result};
use crate::paths::shown;
use crate::project::{Member, Project};
use crate::shell::Shell;
use crate::splice::Insertions;

/// A proto that is to be changed.
pub(super) struct Target<'a> {
    /// The crate that compiles it, with what its protos say now.
    pub(super) member: &'a Member,
    pub(super) model: Model,
    /// The full name of the service that it is about.
    pub(super) service: String,
    pub(super) path: PathBuf,
    /// What it is imported as.
    pub(super) import: String,
    pub(super) text: String,
}

impl<'a> Target<'a> {
    /// The proto of the service called `name`: `UserService`, `user.v1.UserService`, or the crate's
    /// name where that compiles one service only.
    pub(super) fn of_service(project: &'a Project, name: &str) -> Result<Self> {
        let (mut found, mut known) = (Vec::new(), Vec::new());
        for member in project.services() {
            let model = member.model()?;
            let services: Vec<String> = services(&model).map(|it| it.full_name.clone()).collect();
            let is_only = services.len() == 1 && member.name == name;
            for service in services {
                let short = service.rsplit('.').next().unwrap_or_default();
                if is_only || service == name || short == name {
                    found.push((member, service.clone()));
                }
                if !known.contains(&service) {
                    known.push(service);
                }
            }
        }
        let mut names: Vec<String> = found.iter().map(|(_, service)| service.clone()).collect();
        names.dedup();
        match (found.into_iter().next(), names.as_slice()) {
            (Some((member, service)), [_]) => Self::read(member, member.model()?, &service),
            (Some(_), names) => Err(Error::usage(format!("there are several services `{name}`"))
                .with_hint(format!("name one of: {}", names.join(", ")))),
            (None, _) => {
                let error = Error::new(format!("no proto here has a service `{name}`"));
                Err(if known.is_empty() {
                    error.with_hint("make a service with `bia new NAME`")
                } else {
                    error.with_hint(format!("there are: {}", known.join(", ")))
                })
            }
        }
    }

    /// The proto of the service that `member` compiles.
    pub(super) fn read(member: &'a Member, model: Model, service: &str) -> Result<Self> {
        let Some(of) = services(&model).find(|it| it.full_name == service) else {
            return Err(Error::new(format!("the protos of {} have no {service}", member.name)));
        };
        let (file, path) = (of.descriptor.parent_file().name().to_owned(), place(&model, of)?);
        let text = std::fs::read_to_string(&path).about(|| format!("read {}", shown(&path)))?;
        Ok(Self { member, model, service: service.to_owned(), path, import: file, text })
    }

    pub(super) fn service(&self) -> Option<&Service> {
        services(&self.model).find(|it| it.full_name == self.service)
    }

    /// Says it in the proto: what would be said then, once that is known to be right.
    pub(super) fn change(&self, insertions: Insertions) -> Result<(String, Model)> {
        let (text, _) = insertions.into_text(&self.text);
        let text = format::kept(&self.import, &self.text, text);
        let model = self.member.model_if(&self.path, &self.import, &text).map_err(|error| {
            let told = format!("that would not be right: {error}; nothing was written");
            error.saying(told)
        })?;
        Ok((text, model))
    }

    /// What the code of every crate that compiles the proto has to say to `text`.
    pub(super) fn sync(&self, project: &Project, text: &str, shell: &Shell) -> Result<sync::Plan> {
        let mut plan = sync::Plan::default();
        let path = self.path.canonicalize().about(|| format!("find {}", shown(&self.path)))?;
        for member in project.services() {
            let files = member.build_script()?.files;
            let is_one = |file: &PathBuf| {
                member.folder.join(file).canonicalize().is_ok_and(|file| file == path)
            };
            if files.iter().any(is_one) {
                let model = member.model_if(&self.path, &self.import, text)?;
                plan.add(member, &model, false, shell)?;
            }
        }
        Ok(plan)
    }
}

/// Where the proto of a service is.
pub(super) fn place(model: &Model, service: &Service) -> Result<PathBuf> {
    let file = service.descriptor.parent_file();
    let path = PathBuf::from(model.place(file.name(), &[]));
    if path.is_file() {
        return Ok(path);
    }
    Err(Error::new(format!("the proto of {} is none of yours: {}", service.full_name, file.name())))
}

/// The crate that `option` named, or the one that is meant without it.
pub(super) fn member<'a>(
    project: &'a Project,
    named: Option<&str>,
    option: &str,
) -> Result<&'a Member> {
    project.service(named).map_err(|error| match error.hint() {
        Some(hint) if error.is_usage() => {
            let hint = hint.replacen("name", &format!("say {option} with"), 1);
            error.with_hint(hint)
        }
        _ => error,
    })
}

pub(super) fn services(model: &Model) -> impl Iterator<Item = &Service> {
    model.packages.iter().flat_map(|package| &package.services)
}

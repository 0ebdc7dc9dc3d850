//! Which services are run.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::project::{Member, Project};

/// One program that is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::command) struct Service {
    /// Of its crate, which is what it is called here.
    pub(in crate::command) name: String,
    pub(in crate::command) program: String,
    /// Where its crate is, and where it is run: it finds its `configs/` there.
    pub(in crate::command) folder: PathBuf,
    /// Whether it takes the flags of a service on Bia.
    pub(in crate::command) is_bia: bool,
}

/// Those that are named; else the one that `folder` lies in; else all.
///
/// # Errors
///
/// There is none of a name, or none at all.
pub(in crate::command) fn plan(
    project: &Project,
    folder: &Path,
    names: &[String],
    all: bool,
) -> Result<Vec<Service>> {
    if !names.is_empty() {
        let mut services: Vec<Service> = Vec::new();
        for name in names {
            let service = named(project, name)?;
            if !services.contains(&service) {
                services.push(service);
            }
        }
        return Ok(services);
    }
    if let Some(member) = project.around(folder).filter(|_| !all) {
        return Ok(vec![of(member)]);
    }
    // One that makes code of protos to call others, and serves nothing, is no service to run.
    let services: Vec<Service> =
        project.services().filter(|it| serves(&it.folder.join("src"))).map(of).collect();
    if services.is_empty() {
        return Err(Error::new(format!("{} has no service to run", project.root.display()))
            .with_hint("make one with `bia new NAME`, or name a crate that has a program"));
    }
    Ok(services)
}

/// The member of a name, or with a program of it.
fn named(project: &Project, name: &str) -> Result<Service> {
    let members = || project.members.iter().filter(|it| !it.programs.is_empty());
    if let Some(member) = members().find(|it| it.name == name) {
        return Ok(of(member));
    }
    let by_program = members().find(|it| it.programs.iter().any(|(program, _)| program == name));
    if let Some(member) = by_program {
        return Ok(Service { program: name.to_owned(), ..of(member) });
    }
    let error = Error::new(format!("there is no service `{name}` here"));
    // Others have a program too, and nobody waits for what it answers.
    let services = project.services().filter(|it| serves(&it.folder.join("src")));
    let services: Vec<&str> = services.map(|it| it.name.as_str()).collect();
    if project.members.iter().any(|it| it.name == name) {
        return Err(
            error.with_hint(format!("the crate {name} has no program: it needs src/main.rs"))
        );
    }
    Err(match services.as_slice() {
        [] => error,
        all => error.with_hint(format!("there are: {}", all.join(", "))),
    })
}

fn of(member: &Member) -> Service {
    Service {
        name: member.name.clone(),
        program: member.program().unwrap_or_default().to_owned(),
        folder: member.folder.clone(),
        is_bia: member.is_service(),
    }
}

/// Whether code in a folder gives an app something to serve.
fn serves(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return serves(&path);
        }
        path.extension().is_some_and(|ending| ending == "rs")
            && std::fs::read_to_string(&path).is_ok_and(|text| text.contains(".serve("))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> Project {
        Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the workspace")
    }

    fn names(folder: &str, names: &[&str], all: bool) -> Vec<String> {
        let project = repository();
        let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
        let folder = project.root.join(folder);
        let services = plan(&project, &folder, &names, all).expect("a plan");
        services.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn the_service_of_the_folder_is_run_and_in_the_workspace_all() {
        assert_eq!(names("examples/user-service/src", &[], false), ["user-service"]);
        let all = names("", &[], false);
        assert!(all.contains(&"user-service".to_owned()), "{all:?}");
        assert!(all.contains(&"order-service".to_owned()), "{all:?}");
        assert!(!all.contains(&"demo-client".to_owned()), "it serves nothing: {all:?}");
        assert_eq!(names("examples/user-service", &[], true), all);
        assert_eq!(names("framework", &[], false), all);
    }

    #[test]
    fn what_is_named_is_run_once_and_in_that_order() {
        let named = ["order-service", "demo-client", "order-service"];
        assert_eq!(names("", &named, false), ["order-service", "demo-client"]);
    }

    #[test]
    fn a_name_that_nobody_has_is_told_with_those_there_are() {
        let project = repository();
        let plan = |name: &str| {
            plan(&project, &project.root, &[name.to_owned()], false).expect_err("there is none")
        };
        let told = plan("usr").hint().unwrap_or_default().to_owned();
        assert!(told.contains("user-service") && !told.contains("demo-client"), "{told}");
        assert!(plan("bia-codegen").hint().is_some_and(|hint| hint.contains("has no program")));
    }
}

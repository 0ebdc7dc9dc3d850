//! What is wrong with one service.

mod code;
mod consul;
mod ports;
mod registry;
mod settings;

use bia::config::Variables;

use crate::error::Result;
use crate::project::{self, Member, Project};
use crate::shell::{Progress, Shell};

use super::finding::Finding;

/// # Errors
///
/// Ctrl-C.
pub(super) fn look(
    project: &Project,
    member: &Member,
    progress: &Progress,
    shell: &Shell,
) -> Result<Vec<Finding>> {
    progress.at(format_args!("at {}", member.name));
    let model = member.model();
    let synced = model.as_ref().ok().map(|model| code::synced(member, model, shell));
    let mut findings = vec![code::protos(model)];
    findings.extend(synced);
    findings.extend(code::versions(&project.root));
    findings.extend(settings::program(project, member, progress)?);
    match project::settings(&member.folder, &Variables::of_process()) {
        Ok(settings) => {
            findings.extend(ports::look(&settings));
            findings.extend(ports::shared(project, member, &settings));
            findings.extend(registry::look(&settings));
            findings.extend(consul::look(&settings));
        }
        // The program tells it too, and better, if it can be run.
        Err(invalid) => {
            let is_told = findings.iter().any(|it| it.check == settings::CHECK && it.is_bad());
            if !is_told {
                let remedy = "correct it; the reference of the settings lists all there are";
                findings.push(Finding::bad(settings::CHECK, invalid.to_string(), remedy));
            }
        }
    }
    Ok(findings)
}

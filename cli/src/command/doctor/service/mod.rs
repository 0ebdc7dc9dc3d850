//! What is wrong with one service.

mod code;
mod consul;
mod ports;
mod registry;
mod settings;

use crate::project::{Member, Project};

use super::finding::Finding;

pub(super) fn look(project: &Project, member: &Member) -> Vec<Finding> {
    let mut findings = vec![code::protos(member.model())];
    findings.extend(code::versions(&project.root));
    findings.extend(settings::program(project, member));
    match settings::of(&member.folder) {
        Ok(settings) => {
            findings.extend(ports::look(&settings));
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
    findings
}

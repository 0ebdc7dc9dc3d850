//! What an image says of itself, and what lies in it.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::builder::Builder;
use crate::error::{About as _, Error, Result};
use crate::exec;

/// Who runs it, by number: the same as distroless' `nonroot`.
pub(super) const NOBODY: u32 = 65532;

/// An image that was built, unpacked.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) root: PathBuf,
    pub(super) user: String,
    pub(super) workdir: String,
    pub(super) entrypoint: Vec<String>,
    pub(super) environment: Vec<String>,
    pub(super) labels: Vec<String>,
    pub(super) health: Vec<String>,
    pub(super) signal: String,
    /// Of calls; the next is that of operators.
    pub(super) port: u16,
    /// Where its data lies.
    pub(super) data: String,
}

impl Image {
    /// Reads and unpacks the image `name`.
    pub(super) fn open(builder: &Builder, name: &str, data: &str) -> Result<Self> {
        let one = |key: &str| builder.told(name, &format!("{{{{.OCIv1.Config.{key}}}}}"));
        let each = |path: &str, pattern: &str| -> Result<Vec<String>> {
            let template = format!("{{{{range $key, $it := {path}}}}}{pattern}{{{{end}}}}");
            Ok(builder.told(name, &template)?.lines().map(str::to_owned).collect())
        };
        let line = "{{println $it}}";
        let ports = each(".OCIv1.Config.ExposedPorts", "{{println $key}}")?;
        let ports = ports.iter().filter_map(|it| it.strip_suffix("/tcp")?.parse().ok());
        Ok(Self {
            user: one("User")?,
            workdir: one("WorkingDir")?,
            signal: one("StopSignal")?,
            entrypoint: each(".OCIv1.Config.Entrypoint", line)?,
            environment: each(".OCIv1.Config.Env", line)?,
            labels: each(".OCIv1.Config.Labels", "{{println $key \"=\" $it}}")?,
            // Only an image that has one has a field to look into.
            health: builder
                .told(
                    name,
                    "{{with .Docker.Config.Healthcheck}}{{range .Test}}{{println .}}{{end}}{{end}}",
                )?
                .lines()
                .map(str::to_owned)
                .collect(),
            port: ports.min().ok_or_else(|| Error::new(format!("{name} exposes no port")))?,
            data: data.to_owned(),
            root: builder.unpack(name)?,
        })
    }

    /// The program that it starts, unpacked.
    pub(super) fn program(&self) -> PathBuf {
        let program = self.entrypoint.first().map(String::as_str).unwrap_or_default();
        self.inside(program)
    }

    pub(super) fn inside(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Everything in it that could be started, but libraries.
    pub(super) fn programs(&self) -> Result<Vec<PathBuf>> {
        let mut programs = Vec::new();
        walk(&self.root, &mut |file, metadata| {
            let is_library = file.to_string_lossy().contains(".so");
            if metadata.permissions().mode() & 0o111 != 0 && !is_library {
                programs.push(file.to_path_buf());
            }
        })?;
        Ok(programs)
    }

    /// What its user cannot read of its own folder.
    pub(super) fn unreadable(&self) -> Result<Vec<PathBuf>> {
        let mut hidden = Vec::new();
        walk(&self.inside(&self.workdir), &mut |file, metadata| {
            if metadata.permissions().mode() & 0o004 == 0 {
                hidden.push(file.to_path_buf());
            }
        })?;
        Ok(hidden)
    }

    /// Whose its folder of data is.
    pub(super) fn owner_of_data(&self) -> Result<(u32, u32)> {
        let folder = self.inside(&self.data);
        let metadata = folder.metadata().about(|| format!("look at {}", folder.display()))?;
        Ok((metadata.uid(), metadata.gid()))
    }

    /// A volume at its data as run-times make it: with what the image has there, and of the same owner.
    pub(super) fn volume(&self, folder: &Path) -> Result<()> {
        let mut copy = Command::new("cp");
        exec::output(copy.arg("-a").arg(self.inside(&self.data)).arg(folder)).map(drop)
    }

    /// How large it is, in megabytes.
    pub(super) fn megabytes(&self) -> Result<u64> {
        let mut bytes = 0;
        walk(&self.root, &mut |_, metadata| bytes += metadata.len())?;
        Ok(bytes / 1_000_000)
    }
}

/// Shows `each` every file below `folder`; links are not followed.
pub(super) fn walk(folder: &Path, each: &mut dyn FnMut(&Path, &std::fs::Metadata)) -> Result<()> {
    let about = || format!("look into {}", folder.display());
    for entry in std::fs::read_dir(folder).about(about)? {
        let entry = entry.about(about)?;
        let metadata = entry.metadata().about(about)?;
        if metadata.is_dir() {
            walk(&entry.path(), each)?;
        } else if metadata.is_file() {
            each(&entry.path(), &metadata);
        }
    }
    Ok(())
}

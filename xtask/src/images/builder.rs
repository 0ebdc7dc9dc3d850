//! Builds images as docker does, by a program that needs neither a daemon nor a registry.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{About as _, Error, Result};
use crate::exec;
use crate::root::{empty_folder, write};

/// A build that takes longer hangs: the first compiles everything, on two cores in five minutes.
const LIMIT: &str = "1800";

/// An image store of its own, which ends with it.
#[derive(Debug)]
pub(super) struct Builder {
    folder: PathBuf,
}

impl Builder {
    /// Makes `folder` anew; every build sees `volumes`, each as `HERE:THERE:ro`.
    pub(super) fn open(folder: &Path, volumes: &[String]) -> Result<Self> {
        empty_folder(folder)?;
        let builder = Self { folder: folder.to_path_buf() };
        empty_folder(&builder.temporary())?;
        let at = |name: &str| folder.join(name).display().to_string();
        // Copies whole layers, which works on every file system and inside of any container.
        let storage = format!(
            "[storage]\ndriver = \"vfs\"\nrunroot = \"{}\"\ngraphroot = \"{}\"\n",
            at("run"),
            at("storage")
        );
        write(&folder.join("storage.conf"), storage)?;
        let volumes: Vec<String> = volumes.iter().map(|it| format!("\"{it}\"")).collect();
        let containers = format!("[containers]\nvolumes = [{}]\n", volumes.join(", "));
        write(&folder.join("containers.conf"), containers)?;
        // None is ever asked: an image that is not here is an error.
        write(&folder.join("registries.conf"), "unqualified-search-registries = []\n")?;
        Ok(builder)
    }

    /// `docker build …` as it was told, in `context`; gives what was printed.
    ///
    /// # Errors
    ///
    /// It does not build; what it said is in a log beside the images.
    pub(super) fn build(&self, words: &[&str], context: &Path) -> Result<String> {
        let log = self.folder.join("build.log");
        let mut command = self.command("timeout");
        command.args(["--kill-after=10", LIMIT, "buildah", "build", "--pull=never"]);
        exec::logged(command.args(words).current_dir(context), &log)?;
        let text = std::fs::read_to_string(&log).about(|| format!("read {}", log.display()))?;
        std::fs::remove_file(&log).about(|| format!("remove {}", log.display()))?;
        Ok(text)
    }

    /// Builds an image called `name` from the text of a Dockerfile.
    pub(super) fn make(&self, name: &str, dockerfile: &str, context: &Path) -> Result<()> {
        let file = self.folder.join("Dockerfile");
        write(&file, dockerfile)?;
        let file = file.display().to_string();
        self.build(&["--file", &file, "--tag", name, "."], context).map(drop)
    }

    /// What is told of the image `name`, as a Go template says: `{{.OCIv1.Config.User}}`.
    pub(super) fn told(&self, name: &str, template: &str) -> Result<String> {
        let mut command = self.command("buildah");
        command.args(["inspect", "--type", "image", "--format", template, name]);
        Ok(exec::output(&mut command)?.trim().to_owned())
    }

    /// A folder that holds what the image `name` holds.
    pub(super) fn unpack(&self, name: &str) -> Result<PathBuf> {
        let from = exec::output(self.command("buildah").args(["from", "--pull=never", name]))?;
        let folder = exec::output(self.command("buildah").args(["mount", from.trim()]))?;
        let folder = PathBuf::from(folder.trim());
        if folder.is_dir() { Ok(folder) } else { Err(Error::new(format!("{name} is nowhere"))) }
    }

    /// `program`, which ends when we do, and knows no other images than ours.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", program]);
        for (name, file) in [
            ("CONTAINERS_CONF", "containers.conf"),
            ("CONTAINERS_STORAGE_CONF", "storage.conf"),
            ("CONTAINERS_REGISTRIES_CONF", "registries.conf"),
        ] {
            command.env(name, self.folder.join(file));
        }
        // What is mounted as a cache lies there, too.
        command.env("TMPDIR", self.temporary());
        // Namespaces are as much as a container may allow; docker's own format keeps health checks.
        command.env("BUILDAH_ISOLATION", "chroot").env("BUILDAH_FORMAT", "docker");
        command
    }

    fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }
}

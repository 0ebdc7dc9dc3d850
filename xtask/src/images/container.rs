//! An image as it runs where it is deployed: alone in its file system, which it cannot write to but for a volume.

use std::fs::File;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::image::Image;
use crate::error::{About as _, Error, Result};
use crate::exec;
use crate::net::{self, LOOPBACK};
use crate::wait;

/// A service that is not ready by then will not be: it opens a file.
const READY: Duration = Duration::from_secs(30);

/// What a run-time for containers does, in namespaces that end with the process: the arguments are the
/// folder of the image, the volume, where that goes, and then how the program is started.
const ENTER: &str = r#"
set -e
root=$1 volume=$2 data=$3
shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$volume" "$root$data"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/tmp"
exec unshare --root="$root" "$@"
"#;

/// A running container. It is killed when it is dropped without having been stopped.
#[derive(Debug)]
pub(super) struct Container {
    child: Child,
    admin: u16,
    log: PathBuf,
    /// The program, as this machine counts.
    process: u32,
}

impl Container {
    /// Starts what `image` says, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// This machine has no namespaces, or the service ends or does not get ready in 30 s.
    pub(super) fn start(image: &Image, volume: &Path, log: &Path) -> Result<Self> {
        let about = || format!("write {}", log.display());
        let file = File::create(log).about(about)?;
        let (user, group) = image.user.split_once(':').unwrap_or((&image.user, &image.user));
        // It ends when we do, however that is.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork"]);
        command.args(["--kill-child", "sh", "-c", ENTER, "sh"]);
        command.arg(&image.root).arg(volume).arg(&image.data);
        command.arg(format!("--wd={}", image.workdir));
        command.args(["--setgid", group, "--setuid", user]).args(&image.entrypoint);
        command.env_clear();
        command.envs(image.environment.iter().filter_map(|it| it.split_once('=')));
        // Nobody else can reach it: its network is this machine's.
        command.env("BIA_SERVER__ADDRESS", format!("{LOOPBACK}:{}", image.port));
        command.stdin(Stdio::null()).stdout(file.try_clone().about(about)?).stderr(file);
        let child = command.spawn().about(|| "start unshare".to_owned())?;
        let admin = image.port + 1;
        let mut container = Self { child, admin, log: log.to_path_buf(), process: 0 };
        container.until_ready()?;
        container.process = container.first()?;
        Ok(container)
    }

    fn until_ready(&mut self) -> Result<()> {
        let (mut ended, mut is_ready) = (None, false);
        let admin = (IpAddr::V4(LOOPBACK), self.admin);
        wait::until(READY, || {
            ended = self.child.try_wait().ok().flatten();
            is_ready = net::http("GET", admin, "/readyz", &[], "")
                .is_ok_and(|answer| answer.status == 200);
            is_ready || ended.is_some()
        });
        match ended {
            None if is_ready => Ok(()),
            None => Err(self.error(&format!("was not ready within {} s", READY.as_secs()))),
            Some(status) => Err(self.error(&format!("ended by itself with {status}"))),
        }
    }

    /// The one child of `unshare`, which is process 1 to itself.
    fn first(&self) -> Result<u32> {
        let id = self.child.id();
        let file = format!("/proc/{id}/task/{id}/children");
        let text = std::fs::read_to_string(&file).about(|| format!("read {file}"))?;
        text.trim().parse().about(|| format!("find the program that {id} started"))
    }

    /// What the kernel tells of the program: `Uid`, `CapEff`.
    ///
    /// # Errors
    ///
    /// It runs no more, or there is no such line.
    pub(super) fn status(&self, name: &str) -> Result<String> {
        let file = format!("/proc/{}/status", self.process);
        let text = std::fs::read_to_string(&file).about(|| format!("read {file}"))?;
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
        let line = line.ok_or_else(|| Error::new(format!("{file} has no {name}")))?;
        Ok(line.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Runs what the image says is asked for its health, beside the program.
    pub(super) fn check_health(&self, image: &Image) -> Result<()> {
        let Some(("CMD", words)) = image.health.split_first().map(|(a, b)| (a.as_str(), b)) else {
            return Err(Error::new(format!("it has no health check: {:?}", image.health)));
        };
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.process.to_string(), "--mount", "--root", "--pid"]);
        exec::output(command.args(["--setuid", "65532", "--setgid", "65532"]).args(words)).map(drop)
    }

    /// Asks it to stop as run-times do, and waits for as long as they are told to.
    ///
    /// # Errors
    ///
    /// It does not end with 0 within `patience`.
    pub(super) fn stop(mut self, signal: &str, patience: Duration) -> Result<()> {
        exec::send(signal.trim_start_matches("SIG"), self.process)?;
        let mut ended: Option<ExitStatus> = None;
        wait::until(patience, || {
            ended = self.child.try_wait().ok().flatten();
            ended.is_some()
        });
        match ended {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(self.error(&format!("stopped with {status}"))),
            None => Err(self.error(&format!("did not stop within {} s", patience.as_secs()))),
        }
    }

    fn error(&self, what: &str) -> Error {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last = exec::last_lines(&log, 8);
        Error::new(format!("the container {what}; the last lines of its log:{last}"))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // It may have ended just now; then there is nothing left to kill.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

//! One example service as a process of the demo.

use std::fs::File;
use std::net::IpAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::{About as _, Error, Result};
use crate::exec;
use crate::net::{self, LOOPBACK};
use crate::root::{repository, target};
use crate::ui;
use crate::wait;

/// A service that is not ready by then will not be: it opens a file and registers.
const READY: Duration = Duration::from_secs(30);
/// The services' own limit is 30 s; this is for one that does not keep it.
const STOP: Duration = Duration::from_secs(40);

/// Where a service listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) api: u16,
    pub(super) admin: u16,
}

/// A running service. It is killed when it is dropped without having been stopped.
#[derive(Debug)]
pub(super) struct Service {
    name: &'static str,
    ports: Ports,
    child: Child,
    log: PathBuf,
    status: Option<ExitStatus>,
}

impl Service {
    /// Starts `name` with its data and its log in `folder`.
    pub(super) fn start(
        name: &'static str,
        ports: Ports,
        folder: &Path,
        settings: &[String],
    ) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let about = || format!("write {}", log.display());
        let file = File::create(&log).about(about)?;
        let data = folder.join(format!("{name}.db"));
        let mut command = Command::new(target("debug").join(name));
        // Its own folder, where it finds its configs/.
        command.current_dir(repository().join("examples").join(name));
        let own = [
            format!("server.address={LOOPBACK}:{}", ports.api),
            format!("admin.address={LOOPBACK}:{}", ports.admin),
            format!("data.url=sqlite://{}?mode=rwc", data.display()),
        ];
        for setting in own.iter().chain(settings) {
            command.args(["--set", setting]);
        }
        command.stdin(Stdio::null()).stdout(file.try_clone().about(about)?).stderr(file);
        // A Ctrl-C in the terminal is for us: we stop the services, in order.
        let child = command.process_group(0).spawn().about(|| format!("start {name}"))?;
        Ok(Self { name, ports, child, log, status: None })
    }

    /// # Errors
    ///
    /// It ended, was not ready in 30 s, or somebody pressed Ctrl-C meanwhile.
    pub(super) fn until_ready(&mut self, interrupted: &AtomicBool) -> Result<()> {
        let mut ended = None;
        let mut is_ready = false;
        let admin = (IpAddr::V4(LOOPBACK), self.ports.admin);
        wait::until(READY, || {
            ended = self.ended();
            is_ready = net::http("GET", admin, "/readyz", &[], "")
                .is_ok_and(|answer| answer.status == 200);
            is_ready || ended.is_some() || interrupted.load(Ordering::Relaxed)
        });
        match ended {
            None if is_ready => Ok(()),
            None if interrupted.load(Ordering::Relaxed) => Err(Error::new("interrupted")),
            None => Err(self.error(&format!("was not ready within {} s", READY.as_secs()))),
            Some(message) => Err(Error::new(message)),
        }
    }

    pub(super) fn addresses(&self) -> String {
        let Ports { api, admin } = self.ports;
        format!("{:<14} grpc://{LOOPBACK}:{api}   admin http://{LOOPBACK}:{admin}", self.name)
    }

    /// What to say if it is not running any more.
    pub(super) fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok().flatten()?;
        self.status = Some(status);
        Some(self.error(&format!("ended by itself with {status}")).to_string())
    }

    /// Asks it to stop and waits for it, or until somebody presses Ctrl-C (again).
    ///
    /// # Errors
    ///
    /// It does not end with exit code 0 within its own limit.
    pub(super) fn stop(&mut self, interrupted: &AtomicBool) -> Result<()> {
        if self.status.is_none() {
            exec::send("TERM", self.child.id())?;
            wait::until(STOP, || {
                self.status = self.child.try_wait().ok().flatten();
                self.status.is_some() || interrupted.load(Ordering::Relaxed)
            });
        }
        match self.status {
            Some(status) if status.success() => {
                ui::say(format_args!("{:<14} stopped in order, exit code 0", self.name));
                Ok(())
            }
            Some(status) => Err(self.error(&format!("stopped with {status}"))),
            None if interrupted.load(Ordering::Relaxed) => Err(self.error("was killed")),
            None => Err(self.error(&format!("did not stop within {} s", STOP.as_secs()))),
        }
    }

    fn error(&self, what: &str) -> Error {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last = exec::last_lines(&log, 8);
        Error::new(format!("{} {what}; the last lines of its log:{last}", self.name))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.status.is_none() {
            // It may have ended just now; then there is nothing left to kill.
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

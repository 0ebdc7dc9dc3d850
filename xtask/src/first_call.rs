//! `cargo xtask first-call`: how long somebody waits from `bia new` to the first call that is answered.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::error::{About as _, Error, Result};
use crate::exec::{self, cargo, output, run};
use crate::net::{self, LOOPBACK};
use crate::root::{empty_folder, target};
use crate::ui;
use crate::wait::{self, Stopwatch};

/// Far longer than a machine of two cores takes for everything.
const BUILT: Duration = Duration::from_secs(1800);
const STOPPED: Duration = Duration::from_secs(60);
const NAME: &str = "user-service";

/// # Errors
///
/// One of the commands fails, or the service does not answer.
pub(crate) fn main() -> Result<()> {
    run(cargo().args(["build", "--package", "bia-cli"]))?;
    let folder = target("first-call");
    empty_folder(&folder)?;
    let done = ["with nothing built", "with the dependencies built"]
        .iter()
        .enumerate()
        .try_for_each(|(round, when)| {
            let place = folder.join(round.to_string());
            fs::create_dir(&place).about(|| format!("make {}", place.display()))?;
            let (made, answered) = once(&folder, &place)?;
            ui::out(format_args!(
                "{when}: `bia new` took {made}, the first answer came after {answered}"
            ));
            Ok(())
        });
    // Some gigabytes.
    fs::remove_dir_all(&folder).about(|| format!("remove {}", folder.display()))?;
    done
}

/// Makes a service in `place`, runs it and calls it, with one command each. What cargo builds is in `folder`.
fn once(folder: &Path, place: &Path) -> Result<(String, String)> {
    let watch = Stopwatch::start();
    let port = net::free_pair()?;
    output(bia(folder, place).args(["new", NAME, "--yes", "--port", &port.to_string()]))?;
    let made = watch.text();
    let project = place.join(NAME);
    let mut running = Running::start(folder, &project)?;
    running.until_ready(port + 1)?;
    output(bia(folder, &project).args([
        "call",
        NAME,
        "CreateUser",
        r#"{"user": {"name": "Ada"}}"#,
    ]))?;
    let answered = watch.text();
    running.stop()?;
    Ok((made, answered))
}

/// The command, which keeps to itself in what it builds and whom it finds.
fn bia(folder: &Path, place: &Path) -> Command {
    let mut command = Command::new(target("debug/bia"));
    command.current_dir(place).env("CARGO_TARGET_DIR", folder.join("target"));
    command.env("BIA_REGISTRY__LOCAL__PATH", folder.join("registry"));
    command
}

/// `bia run`, which is killed if it was not stopped.
struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    fn start(folder: &Path, project: &Path) -> Result<Self> {
        let log = folder.join("run.log");
        let about = || format!("write {}", log.display());
        let file = fs::File::create(&log).about(about)?;
        let mut command = bia(folder, project);
        command.arg("run").stdin(Stdio::null());
        command.stdout(file.try_clone().about(about)?).stderr(file);
        let child = command.spawn().about(|| "start `bia run`".to_owned())?;
        Ok(Self { child, log })
    }

    fn until_ready(&mut self, admin: u16) -> Result<()> {
        let mut is_ready = false;
        wait::until(BUILT, || {
            let answer = net::http("GET", (IpAddr::V4(LOOPBACK), admin), "/readyz", &[], "");
            is_ready = answer.is_ok_and(|answer| answer.status == 200);
            is_ready || self.has_ended()
        });
        if is_ready { Ok(()) } else { Err(self.error("did not get the service ready")) }
    }

    fn stop(&mut self) -> Result<()> {
        exec::send("INT", self.child.id())?;
        let is_over = wait::until(STOPPED, || self.has_ended());
        if is_over { Ok(()) } else { Err(self.error("did not stop")) }
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    fn error(&self, what: &str) -> Error {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        Error::new(format!("`bia run` {what}; its last lines:{}", exec::last_lines(&log, 8)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended() {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

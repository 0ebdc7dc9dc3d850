//! Processes that outlive the command that started them, each group in a folder of its own.
//!
//! The folder holds `env` (what it prints), `pids` (process and its start time, so that a number that the
//! system gave to somebody else meanwhile is never killed), `outside` (folders elsewhere that go with the
//! group) and one log per process.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::error::{About as _, Error, Result};
use crate::exec;
use crate::root::Cache;
use crate::wait;

/// How long a server may take to stop by itself before it is killed.
const STOP: Duration = Duration::from_secs(10);

/// The processes and the addresses of one started server.
#[derive(Debug)]
pub(crate) struct Group {
    name: String,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    processes: Vec<Process>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    id: u32,
    /// In clock ticks since the machine started, as the kernel keeps it.
    started: String,
}

impl Group {
    /// Makes an empty group.
    ///
    /// # Errors
    ///
    /// One of that name is alive.
    pub(super) fn create(cache: &Cache, name: &str) -> Result<Self> {
        let folder = folder(cache, name)?;
        if folder.exists() {
            let old = Self::open(cache, name)?;
            if old.is_alive() {
                return Err(Error::new(format!("{name} runs already")).with_hint(format!(
                    "`cargo xtask servers stop {name}`, or give another name"
                )));
            }
            old.stop()?;
        }
        fs::create_dir_all(&folder).about(|| format!("make {}", folder.display()))?;
        let name = name.to_owned();
        Ok(Self { name, folder, variables: Vec::new(), processes: Vec::new() })
    }

    /// Opens a group that was started before.
    ///
    /// # Errors
    ///
    /// There is none of that name.
    pub(crate) fn open(cache: &Cache, name: &str) -> Result<Self> {
        let folder = folder(cache, name)?;
        if !folder.is_dir() {
            return Err(Error::new(format!("there is no server called {name}"))
                .with_hint("`cargo xtask servers list` names them"));
        }
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        let pair = |line: &str, at: char| {
            line.split_once(at).map(|(key, value)| (key.to_owned(), value.to_owned()))
        };
        let variables = read("env").lines().filter_map(|line| pair(line, '=')).collect();
        let processes = read("pids")
            .lines()
            .filter_map(|line| pair(line, ' '))
            .filter_map(|(id, started)| Some(Process { id: id.parse().ok()?, started }))
            .collect();
        Ok(Self { name: name.to_owned(), folder, variables, processes })
    }

    /// Every group that was started and not stopped.
    pub(crate) fn all(cache: &Cache) -> Result<Vec<Self>> {
        let run = cache.join("run");
        let mut names: Vec<String> = fs::read_dir(&run)
            .about(|| format!("read {}", run.display()))?
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names.iter().map(|name| Self::open(cache, name)).collect()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What a client must know, as `KEY` and value.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    pub(super) fn set(&mut self, key: &str, value: impl Into<String>) -> Result<()> {
        self.variables.push((key.to_owned(), value.into()));
        let text: String =
            self.variables.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
        crate::root::write(&self.folder.join("env"), text)
    }

    /// Has `folder`, which lies elsewhere, removed when the group is stopped.
    pub(super) fn adopt(&self, folder: &Path) -> Result<()> {
        crate::root::write(&self.folder.join("outside"), format!("{}\n", folder.display()))
    }

    /// Starts `command` as a process of this group, with its talk in `TAG.log`.
    pub(super) fn spawn(&mut self, tag: &str, command: &mut Command) -> Result<()> {
        use std::os::unix::process::CommandExt as _;
        let log = self.folder.join(format!("{tag}.log"));
        let about = || format!("write {}", log.display());
        let log = File::options().create(true).append(true).open(&log).about(about)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().about(about)?)
            .stderr(log)
            // A Ctrl-C in the terminal is for whoever runs in the foreground.
            .process_group(0)
            .spawn()
            .about(|| format!("start `{}`", exec::words(command)))?;
        let started = start_time(child.id()).unwrap_or_default();
        self.processes.push(Process { id: child.id(), started });
        let lines: String = self
            .processes
            .iter()
            .map(|Process { id, started }| format!("{id} {started}\n"))
            .collect();
        crate::root::write(&self.folder.join("pids"), lines)
    }

    /// Waits until `ready` says yes; a group that is not ready in time is stopped and its logs are quoted.
    ///
    /// # Errors
    ///
    /// It is not ready in time, or all its processes are dead.
    pub(super) fn until_ready(
        self,
        limit: Duration,
        mut ready: impl FnMut(&Self) -> bool,
    ) -> Result<Self> {
        let mut dead = false;
        let mut is_ready = false;
        wait::until(limit, || {
            is_ready = ready(&self);
            dead = !is_ready && !self.is_alive();
            is_ready || dead
        });
        if is_ready {
            return Ok(self);
        }
        let what = if dead { "ended at once" } else { "was not ready in time" };
        let message = format!("{} {what}{}", self.name, self.last_words());
        self.stop()?;
        Err(Error::new(message))
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.processes.iter().any(Process::is_alive)
    }

    /// Asks every process to stop, kills what has not stopped within ten seconds, removes the folder.
    pub(crate) fn stop(self) -> Result<()> {
        self.signal("TERM");
        if !wait::until(STOP, || !self.is_alive()) {
            self.signal("KILL");
            if !wait::until(STOP, || !self.is_alive()) {
                return Err(Error::new(format!(
                    "{} cannot be stopped, not even killed",
                    self.name
                )));
            }
        }
        let outside = fs::read_to_string(self.folder.join("outside")).unwrap_or_default();
        for folder in outside.lines().map(Path::new).chain([self.folder.as_path()]) {
            fs::remove_dir_all(folder).about(|| format!("remove {}", folder.display()))?;
        }
        Ok(())
    }

    fn signal(&self, signal: &str) {
        for process in self.processes.iter().filter(|process| process.is_alive()) {
            // One that ended in between is what we want; the caller looks whether it is gone.
            drop(exec::send(signal, process.id));
        }
    }

    fn last_words(&self) -> String {
        let Ok(entries) = fs::read_dir(&self.folder) else { return String::new() };
        entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "log"))
            .filter_map(|path| fs::read_to_string(path).ok())
            .map(|text| exec::last_lines(&text, 6))
            .collect()
    }
}

impl Process {
    fn is_alive(&self) -> bool {
        start_time(self.id).is_some_and(|started| started == self.started)
    }
}

/// Whether process `id` runs.
pub(super) fn exists(id: u32) -> bool {
    start_time(id).is_some()
}

/// When the kernel started process `id`; nothing for one that is gone, or that only waits to be buried.
fn start_time(id: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program stands in parentheses and may hold anything; fields are counted after it.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18).map(str::to_owned) }
}

fn folder(cache: &Cache, name: &str) -> Result<PathBuf> {
    let is_plain = !name.is_empty()
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
        && !name.starts_with('.');
    if is_plain {
        return Ok(cache.join("run").join(name));
    }
    Err(Error::usage(format!("`{name}` cannot be a server's name: use letters, digits, - and _")))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{Group, exists, start_time};
    use crate::root::Cache;
    use crate::wait;

    /// A cache of its own, gone when the test ends.
    struct Folder(std::path::PathBuf);

    impl Folder {
        fn make(test: &str) -> (Self, Cache) {
            let path = std::env::temp_dir().join(format!("xtask-{test}-{}", std::process::id()));
            let cache = Cache::at(&path).expect("a cache");
            (Self(path), cache)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    fn sleeper() -> Command {
        let mut command = Command::new("sleep");
        command.arg("60");
        command
    }

    #[test]
    fn what_was_started_is_found_by_a_later_command_and_stopped_by_it() {
        let (_folder, cache) = Folder::make("found");
        let mut group = Group::create(&cache, "a").expect("a group");
        group.spawn("one", &mut sleeper()).expect("a process");
        group.spawn("two", &mut sleeper()).expect("a process");
        group.set("KEY", "value=1").expect("a variable");

        let all = Group::all(&cache).expect("the groups");
        let [found] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((found.name(), found.is_alive()), ("a", true));
        assert_eq!(found.variables(), [("KEY".to_owned(), "value=1".to_owned())]);
        let taken = Group::create(&cache, "a").expect_err("the name is taken").to_string();
        assert!(taken.starts_with("a runs already"), "{taken}");

        let processes: Vec<u32> = found.processes.iter().map(|process| process.id).collect();
        Group::open(&cache, "a").expect("the group").stop().expect("stopped");
        assert!(processes.iter().all(|id| !exists(*id)), "{processes:?}");
        assert!(Group::all(&cache).expect("the groups").is_empty());
    }

    #[test]
    fn a_number_that_another_process_has_now_is_not_killed() {
        let (_folder, cache) = Folder::make("reused");
        let mut other = sleeper().spawn().expect("a process");
        drop(Group::create(&cache, "a").expect("a group"));
        let pids = cache.join("run/a/pids");
        std::fs::write(pids, format!("{} 1\n", other.id())).expect("written");

        Group::open(&cache, "a").expect("the group").stop().expect("stopped");
        assert!(start_time(other.id()).is_some(), "the other process was killed");
        other.kill().expect("killed");
        other.wait().expect("ended");
    }

    #[test]
    fn a_server_that_ends_at_once_is_told_with_its_last_words() {
        let (_folder, cache) = Folder::make("ended");
        let mut group = Group::create(&cache, "a").expect("a group");
        let mut fails = Command::new("sh");
        fails.args(["-c", "echo no licence >&2; exit 3"]);
        group.spawn("server", &mut fails).expect("a process");
        let error = group.until_ready(Duration::from_secs(20), |_| false).expect_err("not ready");
        assert_eq!(error.to_string(), "a ended at once\n    no licence");
        assert!(Group::open(&cache, "a").is_err());
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_refused() {
        let (_folder, cache) = Folder::make("names");
        for name in ["", "..", "a/b", ".hidden"] {
            assert!(Group::create(&cache, name).is_err(), "{name}");
        }
        assert!(!wait::until(Duration::from_millis(1), || false));
    }
}

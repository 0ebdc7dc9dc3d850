//! Whoever does what a page says.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::page::{Step, matches};
use crate::run::fake::Run;

/// A person with a folder, a shell, and a terminal in which something runs.
pub(super) struct Reader {
    home: tempfile::TempDir,
    folder: PathBuf,
    run: Option<Run>,
    services: Vec<String>,
    /// Where the service is called.
    api: String,
}

impl Reader {
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("work");
        std::fs::create_dir(&folder).unwrap();
        Self { home, folder, run: None, services: Vec::new(), api: "nowhere".to_owned() }
    }

    /// Does all of it; Ctrl-C, at the end, where something runs.
    pub(super) fn does(mut self, steps: &[Step<'_>]) {
        for step in steps {
            match step {
                Step::Run(commands) => {
                    for (command, printed) in commands {
                        self.types(command, printed);
                    }
                }
                Step::Start(command, services) => self.starts(command, services),
                Step::Body { method, file, code } => self.writes(method, file, code),
            }
        }
        let Some(run) = self.run else { return };
        let (_, err) = run.interrupt(0);
        for service in self.services {
            let stopped = format!("Stopped {service} in order");
            assert!(err.iter().any(|line| line.trim() == stopped), "{stopped}: {err:#?}");
        }
    }

    /// As a terminal of this reader has it: the command at hand, a registry that nobody else has.
    fn at_hand(&self, mut command: Command) -> Command {
        let bia = Path::new(env!("CARGO_BIN_EXE_bia")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(bia.to_owned()).chain(std::env::split_paths(&path));
        // What cargo told this test of itself would have build scripts think that something has changed.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("CARGO_") && name != "CARGO_HOME" {
                command.env_remove(name);
            }
        }
        let scaffold = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/scaffold");
        command
            .current_dir(&self.folder)
            .env("PATH", std::env::join_paths(paths).unwrap())
            .env("XDG_RUNTIME_DIR", self.home.path())
            .env("CARGO_TARGET_DIR", scaffold)
            .env("CARGO_NET_OFFLINE", "true")
            .stdin(Stdio::null());
        command
    }

    fn types(&mut self, shown: &str, printed: &str) {
        if let Some(folder) = shown.strip_prefix("cd ") {
            self.folder.push(folder);
            return;
        }
        let line = shown.replace("localhost:8000", &self.api);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{{ {line}; }} 2>&1")]);
        let output = self.at_hand(shell).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{shown} ends with {}:\n{said}", output.status);
        if !printed.is_empty() {
            assert!(matches(printed, said.trim()), "{shown}\nprints\n{said}\nnot\n{printed}");
        }
        if line.starts_with("bia add ") {
            self.waits();
        }
    }

    fn starts(&mut self, command: &str, services: &[&str]) {
        let mut bia = Command::new(env!("CARGO_BIN_EXE_bia"));
        // Others may have the ports that the page speaks of.
        bia.args(command.split(' ').skip(1)).arg("--free-ports");
        self.services = services.iter().map(|&service| service.to_owned()).collect();
        self.run = Some(Run::of(self.at_hand(bia)));
        self.waits();
    }

    /// Waits until the services are up, for the first time or anew.
    fn waits(&mut self) {
        let Some(run) = &mut self.run else { return };
        for service in &self.services {
            let up = format!("Running {service}");
            run.until_err(|line| line.trim_start().starts_with(&up));
        }
        let line = run.until_err(|line| line.trim_start().starts_with("api "));
        let (_, rest) = line.split_once("http://").unwrap();
        self.api = rest.split_whitespace().next().unwrap().to_owned();
    }

    /// Writes a body where there is none yet.
    fn writes(&mut self, method: &str, file: &str, code: &str) {
        let path = self.folder.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, from) = text.split_once(&format!("async fn {method}(")).unwrap();
        let (head, rest) = from.split_once("Err(").unwrap();
        let (_, behind) = rest.split_once("\n    }").unwrap();
        let head = head.replace("_request", "request");
        let code: Vec<String> = code.lines().map(|line| format!("        {line}")).collect();
        let code = code.join("\n");
        let text = format!(
            "{before}async fn {method}({}{}\n    }}{behind}",
            head.trim_end_matches(' '),
            code
        );
        std::fs::write(path, text).unwrap();
        self.waits();
    }
}

//! The tutorial of the book, done as it stands there.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::fake::Run;

const PAGE: &str = include_str!("../../../docs/src/tutorial.md");

/// What a marked block of the page asks for.
#[derive(Debug)]
enum Step<'a> {
    /// Commands, each with what it prints, where `…` stands for anything.
    Run(Vec<(&'a str, String)>),
    /// A command in a terminal of its own, and the service that is up then.
    Start(&'a str, &'a str),
    /// The body of a method, in a file.
    Body { method: &'a str, file: &'a str, code: &'a str },
}

#[test]
fn the_tutorial_does_what_it_says() {
    let steps = steps(PAGE);
    assert!(steps.len() >= 8, "{steps:?}");
    let mut reader = Reader::new();
    for step in steps {
        match step {
            Step::Run(commands) => commands.iter().for_each(|(command, printed)| {
                reader.types(command, printed);
            }),
            Step::Start(command, service) => reader.starts(command, service),
            Step::Body { method, file, code } => reader.writes(method, file, code),
        }
    }
    let (_, err) = reader.run.take().unwrap().interrupt(0);
    assert!(err.iter().any(|line| line.trim() == "Stopped note-service in order"), "{err:#?}");
}

/// Whoever does what the page says.
struct Reader {
    home: tempfile::TempDir,
    folder: PathBuf,
    run: Option<Run>,
    service: String,
    /// Where the service is called.
    api: String,
}

impl Reader {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("work");
        std::fs::create_dir(&folder).unwrap();
        Self { home, folder, run: None, service: String::new(), api: "nowhere".to_owned() }
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

    fn starts(&mut self, command: &str, service: &str) {
        let mut bia = Command::new(env!("CARGO_BIN_EXE_bia"));
        // Others may have the ports that the page speaks of.
        bia.args(command.split(' ').skip(1)).arg("--free-ports");
        let service = service.to_owned();
        (self.run, self.service) = (Some(Run::of(self.at_hand(bia))), service);
        self.waits();
    }

    /// Waits until the service is up, for the first time or anew.
    fn waits(&mut self) {
        let up = format!("Running {}", self.service);
        let Some(run) = &mut self.run else { return };
        run.until_err(|line| line.trim_start().starts_with(&up));
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

/// The blocks that are marked, in their order.
fn steps(page: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = page;
    while let Some((_, from)) = rest.split_once("<!-- ") {
        let (mark, behind) = from.split_once(" -->\n```").unwrap();
        let (block, after) = behind.split_once("\n```").unwrap();
        let (_, block) = block.split_once('\n').unwrap();
        rest = after;
        let words: Vec<&str> = mark.split(' ').collect();
        steps.push(match words.as_slice() {
            ["run"] => Step::Run(commands(block)),
            ["run", "until", service, "is", "up"] => {
                Step::Start(block.strip_prefix("$ ").unwrap(), service)
            }
            ["body", "of", method, "in", file] => Step::Body { method, file, code: block },
            other => panic!("nobody knows what {other:?} is"),
        });
    }
    steps
}

/// Each command of a block with what it is said to print.
fn commands(block: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, printed))) => {
                if !printed.is_empty() {
                    printed.push('\n');
                }
                printed.push_str(line);
            }
            (None, None) => panic!("a block begins with a command, not with {line:?}"),
        }
    }
    commands
}

/// Whether a text is as `pattern` says, where `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    rest.is_empty() || last == Some("")
}

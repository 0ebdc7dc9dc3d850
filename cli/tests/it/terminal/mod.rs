//! The command as a person sees it: in a real terminal, tmux's, whose screen is read and whose keys are
//! pressed.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod colours;
mod completions;
mod interrupts;
mod progress;
mod questions;
mod resizing;
mod widths;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

use crate::tools::tool;

/// Far longer than anything here takes, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);
/// As many lines as the longest help has, and more.
const ROWS: u16 = 50;

/// A terminal with a shell in it. Both end with it.
pub(super) struct Terminal {
    tmux: PathBuf,
    /// With the socket, and what the shell begins with.
    folder: TempDir,
    /// Of the line that is typed next.
    number: u32,
}

/// What a line came to.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) code: i32,
    /// What stands on the screen below the line, with colours.
    pub(super) coloured: String,
    /// The same as text, a line for each that was printed.
    pub(super) text: String,
    /// Whether the terminal had to break a line.
    pub(super) is_broken: bool,
}

impl Terminal {
    /// A terminal of `columns` with bash in `folder`; none where there is no tmux.
    pub(super) fn open(test: &str, columns: u16, folder: impl AsRef<Path>) -> Option<Self> {
        let tmux = tool("tmux", test)?;
        let own = TempDir::new().unwrap();
        // The number of the line and the code of the one before stand in the prompt.
        std::fs::write(own.path().join("bashrc"), "PS1='<\\#:$?> '\nPS2=\nunset HISTFILE\n")
            .unwrap();
        let terminal = Self { tmux, folder: own, number: 1 };
        let bia = Path::new(env!("CARGO_BIN_EXE_bia")).parent().unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let path = std::env::join_paths(
            std::iter::once(bia.to_owned()).chain(std::env::split_paths(&path)),
        );
        let mut command = terminal.tmux();
        command.args(["new-session", "-d", "-x", &columns.to_string(), "-y", &ROWS.to_string()]);
        command.arg("-c").arg(folder.as_ref());
        let shell = format!(
            "exec bash --noprofile --rcfile {}/bashrc -i",
            terminal.folder.path().display()
        );
        command.arg(shell).env("PATH", path.unwrap());
        // Nothing of who runs the tests reaches it.
        for name in
            ["TMUX", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "BIA_ENV", "CARGO_TARGET_DIR"]
        {
            command.env_remove(name);
        }
        // With `CI` there is colour whatever `TERM` says.
        for name in ["CI", "CONSUL_HTTP_ADDR", "CONSUL_HTTP_TOKEN", "PROMPT_COMMAND", "BASH_ENV"] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C.UTF-8").env("CARGO_NET_OFFLINE", "true");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        terminal.until("<1:0>");
        Some(terminal)
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new(&self.tmux);
        command.args(["-u", "-f", "/dev/null", "-S"]).arg(self.folder.path().join("socket"));
        command
    }

    fn ask(&self, arguments: &[&str]) -> String {
        let output = self.tmux().args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Presses keys, by tmux's names: `Enter`, `C-c`, `Tab`, `Down`, `Escape`.
    pub(super) fn press(&self, keys: &[&str]) {
        self.ask(&[&["send-keys"], keys].concat());
    }

    pub(super) fn type_text(&self, text: &str) {
        self.ask(&["send-keys", "-l", "--", text]);
    }

    pub(super) fn resize(&self, columns: u16) {
        self.ask(&["resize-window", "-x", &columns.to_string(), "-y", &ROWS.to_string()]);
    }

    /// What is on the screen.
    pub(super) fn screen(&self) -> String {
        self.ask(&["capture-pane", "-p"])
    }

    /// All that was on it, with `options` of tmux's.
    fn all(&self, options: &[&str]) -> String {
        self.ask(&[&["capture-pane", "-p", "-S", "-"], options].concat())
    }

    pub(super) fn has_cursor(&self) -> bool {
        self.ask(&["display-message", "-p", "#{cursor_flag}"]).trim() == "1"
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    pub(super) fn until_screen(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            assert!(Instant::now() < until, "{what}:\n{screen}");
        }
    }

    /// Waits until a text is on the screen.
    #[track_caller]
    pub(super) fn until(&self, text: &str) -> String {
        self.until_screen(&format!("{text:?} does not come"), |screen| screen.contains(text))
    }

    /// Types a line.
    pub(super) fn start(&mut self, line: &str) {
        self.type_text(line);
        self.press(&["Enter"]);
        self.number += 1;
    }

    /// Waits until the line that was typed last has ended, and the prompt is back.
    #[track_caller]
    pub(super) fn end(&self) -> Shown {
        let next = format!("<{}:", self.number);
        let is_prompt = |line: &str| line.starts_with(&next);
        self.until_screen("the prompt does not come back", |screen| screen.lines().any(is_prompt));
        let text = self.all(&["-J"]);
        let prompt = text.lines().find(|line| is_prompt(line)).unwrap();
        let code = prompt[next.len()..].split('>').next().unwrap().parse().unwrap();
        let below = |text: &str| -> Vec<String> {
            let plain = |line: &str| anstream::adapter::strip_str(line).to_string();
            let typed = format!("<{}:", self.number - 1);
            let lines = text.lines().skip_while(|line| !plain(line).starts_with(&typed)).skip(1);
            let lines = lines.take_while(|line| !is_prompt(&plain(line)));
            lines.map(|line| line.trim_end().to_owned()).collect()
        };
        let (whole, lines) = (below(&text), below(&self.all(&[])));
        let coloured = below(&self.all(&["-e", "-J"])).join("\n");
        Shown { code, coloured, is_broken: whole != lines, text: whole.join("\n") }
    }

    /// Types a line, and waits until it has ended.
    #[track_caller]
    pub(super) fn run(&mut self, line: &str) -> Shown {
        self.start(line);
        self.end()
    }

    /// The same, and it must go well.
    #[track_caller]
    pub(super) fn good(&mut self, line: &str) -> Shown {
        let shown = self.run(line);
        assert_eq!(shown.code, 0, "{line}: {shown:?}");
        shown
    }

    /// The settings of the terminal, which somebody who reads keys changes.
    pub(super) fn settings(&mut self) -> String {
        self.good("stty -g").text
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.tmux().arg("kill-server").output());
    }
}

impl Shown {
    /// Whether there is any colour, or other style.
    pub(super) fn has_style(&self) -> bool {
        self.coloured.contains("\u{1b}[")
    }

    /// Whether a word is shown in a style that begins with it.
    pub(super) fn is_styled(&self, word: &str, style: &str) -> bool {
        let Some((before, _)) = self.coloured.split_once(word) else { return false };
        let mut before = before.trim_end_matches(' ');
        let mut all = Vec::new();
        while let Some((rest, codes)) =
            before.strip_suffix('m').and_then(|it| it.rsplit_once("\u{1b}["))
        {
            all.extend(codes.split(';'));
            before = rest;
        }
        all.contains(&style)
    }
}

/// A program that stands in for another of its name, in `folder`.
fn script(folder: &Path, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/bash\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Everything below a folder, by its path.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            all.extend(tree(&entry.path()));
        }
        all.push(entry.path());
    }
    all.sort();
    all
}

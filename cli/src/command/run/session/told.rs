//! What a service has said: where it listens, and its last words.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::error::Error;
use crate::shell::Shell;

use super::super::child::End;
use super::super::log::{Line, Listening};

/// How many of the last lines are shown when a service fails.
const LAST: usize = 5;

/// Wrong settings, as every service tells them.
const CONFIGURATION: i32 = 78;

/// What a service says when somebody else has its port.
const TAKEN: [&str; 3] =
    ["another process has the port", "Address already in use", "ADDRESS_IN_USE"];

#[derive(Debug, Default)]
pub(super) struct Told {
    begun: Option<Instant>,
    listening: Vec<Listening>,
    last: VecDeque<String>,
}

impl Told {
    /// Forgets what the one before said.
    pub(super) fn begin(&mut self) {
        *self = Self { begun: Some(Instant::now()), ..Self::default() };
    }

    pub(super) fn line(&mut self, text: &str, line: Option<&Line>) {
        self.listening.extend(line.and_then(Line::listening));
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(text.to_owned());
    }

    /// Says that it is up, and where.
    pub(super) fn say_running(&self, name: &str, shell: &Shell) {
        let took = self.begun.map(|begun| begun.elapsed().as_millis()).unwrap_or_default();
        shell.status("Running", format_args!("{name}, {took} ms after its start"));
        for one in &self.listening {
            let (server, address) = (&one.server, one.reachable());
            let faces = match one.faces.as_str() {
                "" => String::new(),
                faces => format!("  {faces}"),
            };
            shell.say(format_args!("{:>12} {server:<6} http://{address}{faces}", ""));
        }
    }

    /// What is said when it ended otherwise than in order; with its last lines where others have
    /// spoken too.
    pub(super) fn failed(&self, name: &str, how: &str, end: End, with_lines: bool) -> Error {
        let after = self.begun.map(|begun| begun.elapsed().as_secs_f64()).unwrap_or_default();
        let mut what = format!("{name} {how} with {}, {after:.1} s after its start", end.words());
        if with_lines && !self.last.is_empty() {
            what.push_str("; its last lines:");
            for line in &self.last {
                what.push_str(&format!("\n    {line}"));
            }
        }
        let error = Error::new(what);
        let is_taken = self.last.iter().any(|line| TAKEN.iter().any(|words| line.contains(words)));
        if is_taken {
            return error.with_hint("--free-ports gives every service ports that nobody has");
        }
        if end.code() == Some(CONFIGURATION) {
            let what = "its settings are wrong: correct them, and it is started again";
            return error.with_hint(format!("{what}; `bia doctor {name}` looks closer"));
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    fn failed(code: i32, lines: &[&str]) -> Error {
        let mut told = Told::default();
        told.begin();
        for line in lines {
            told.line(line, None);
        }
        let end = End { status: Some(ExitStatus::from_raw(code << 8)), was_killed: false };
        told.failed("users", "ended", end, true)
    }

    #[test]
    fn a_taken_port_and_wrong_settings_come_with_what_to_do() {
        let taken = failed(1, &["Error: cannot listen: another process has the port; stop it"]);
        assert!(taken.hint().is_some_and(|hint| hint.contains("--free-ports")));
        let wrong = failed(78, &["Error: server.adress: no such setting"]);
        assert!(wrong.hint().is_some_and(|hint| hint.contains("bia doctor users")));
        assert_eq!(failed(1, &["Error: no database"]).hint(), None);
    }

    #[test]
    fn the_last_lines_are_shown_and_no_more() {
        let text = failed(3, &["1", "2", "3", "4", "5", "6"]).to_string();
        assert!(text.starts_with("users ended with exit code 3, "), "{text}");
        assert!(text.ends_with("last lines:\n    2\n    3\n    4\n    5\n    6"), "{text}");
    }
}

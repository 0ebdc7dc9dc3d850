//! Lines of a service's log: read as JSON, told as people read them.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::shell::Look;

/// A piece of a line with how it looks.
pub(super) type Piece = (String, Look);

/// What every line has and a terminal need not tell.
const QUIET: [&str; 4] = ["target", "service", "instance", "version"];

/// A line that a service logged.
#[derive(Debug, PartialEq)]
pub(super) struct Line(Map<String, Value>);

/// Where a service listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listening {
    /// `api`, `admin`, or one of its own.
    pub(super) server: String,
    /// `0.0.0.0:8000`
    pub(super) address: String,
    /// `grpc, http`
    pub(super) faces: String,
}

impl Line {
    /// The line, if it is one of a log that is written as JSON.
    pub(super) fn read(text: &str) -> Option<Self> {
        if !text.starts_with('{') {
            return None;
        }
        let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return None };
        let is_log = fields.contains_key("level") && fields.contains_key("message");
        is_log.then_some(Self(fields))
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// What it says about where the service listens.
    pub(super) fn listening(&self) -> Option<Listening> {
        let address = self.text("address");
        (self.text("phase") == "listening" && !address.is_empty()).then(|| Listening {
            server: self.text("server").to_owned(),
            address: address.to_owned(),
            faces: self.text("faces").to_owned(),
        })
    }

    /// Whether it says that the service is up.
    pub(super) fn is_started(&self) -> bool {
        self.text("phase") == "started"
    }

    /// Time of day, level, message, and what else it says.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let level = self.text("level");
        let look = match level {
            "error" => Look::Bad,
            "warn" => Look::Warn,
            "info" => Look::Good,
            _ => Look::Faint,
        };
        let mut pieces = vec![
            (clock(self.text("time")).to_owned(), Look::Faint),
            (format!("{:<5}", level.to_uppercase()), look),
        ];
        let message = self.0.get("message").map(told).unwrap_or_default();
        pieces.extend(message.split_whitespace().map(|word| (word.to_owned(), Look::Plain)));
        for (name, value) in &self.0 {
            let is_told = matches!(name.as_str(), "time" | "level" | "message");
            if !is_told && !QUIET.contains(&name.as_str()) {
                let field = format!("{name}={}", quoted(&told(value)));
                pieces.extend(field.split(' ').map(|word| (word.to_owned(), Look::Faint)));
            }
        }
        pieces
    }
}

/// `2026-11-30T04:52:19.123456Z` without the day, to the millisecond.
fn clock(time: &str) -> &str {
    let clock = time.split_once('T').map_or(time, |(_, clock)| clock).trim_end_matches('Z');
    clock.get(..12).unwrap_or(clock)
}

fn told(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn quoted(text: &str) -> String {
    if text.is_empty() || text.contains(char::is_whitespace) {
        format!("{text:?}")
    } else {
        text.to_owned()
    }
}

impl Listening {
    /// An address that can be called from here.
    pub(super) fn reachable(&self) -> String {
        match self.address.rsplit_once(':') {
            Some(("0.0.0.0" | "[::]" | "::" | "", port)) => format!("127.0.0.1:{port}"),
            _ => self.address.clone(),
        }
    }
}

//! `/log`: what is logged now, and changes of it that run out by themselves.
//!
//! `PUT /log?level=debug&operation=/user.v1.UserService/GetUser&for=5m` looks closer at one operation,
//! `target=` at one part of the program, and neither at everything; `DELETE /log` takes every such
//! change back. What the settings say stays beneath.

use http::{Method, StatusCode};

use super::answer::Answer;
use super::query;
use crate::config::{Invalid, duration};
use crate::telemetry::{LogChange, Logs};

/// What a change is told by.
const PARAMETERS: [&str; 4] = ["level", "target", "operation", "for"];

/// Which methods it knows.
pub(super) const METHODS: &[Method] =
    &[Method::GET, Method::HEAD, Method::PUT, Method::POST, Method::DELETE];

pub(super) fn answer(logs: &Logs, method: &Method, query: Option<&str>) -> Answer {
    let state = match *method {
        Method::PUT | Method::POST => read(query).and_then(|change| logs.change(change)),
        Method::DELETE => Ok(logs.reset()),
        _ => Ok(logs.state()),
    };
    match state {
        Ok(state) => Answer::json(StatusCode::OK, &state),
        Err(error) => {
            Answer::refusal(StatusCode::BAD_REQUEST, "LOG_CHANGE_INVALID", error.to_string())
        }
    }
}

fn read(query: Option<&str>) -> Result<LogChange, Invalid> {
    let keys = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut keys = keys.map(|pair| pair.split_once('=').map_or(pair, |(key, _)| key));
    // A change of everything is not what somebody meant who mistyped `operation`.
    if let Some(unknown) = keys.find(|key| !PARAMETERS.contains(key)) {
        return Err(Invalid::new(unknown, format!("expected {}", PARAMETERS.join(", "))));
    }
    let value = |name: &str| query::value(query, name);
    let Some(filter) = value("level").filter(|level| !level.is_empty()) else {
        let what = "expected a level (error, warn, info, debug, trace): ?level=debug&for=5m";
        return Err(Invalid::new("level", what));
    };
    let lasting = value("for").map(|text| duration::parse(&text)).transpose();
    let lasting = lasting.map_err(|error| Invalid::new("for", error.to_string()))?;
    Ok(LogChange { filter, target: value("target"), operation: value("operation"), lasting })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_change_is_read_off_the_address() {
        let change = read(Some("level=debug&operation=%2Fa.A%2FB&for=5m")).unwrap();
        let expected = LogChange {
            filter: "debug".to_owned(),
            target: None,
            operation: Some("/a.A/B".to_owned()),
            lasting: Some(Duration::from_secs(300)),
        };
        assert_eq!(change, expected);
        let change = read(Some("level=info,sqlx%3Ddebug")).unwrap();
        assert_eq!((change.filter.as_str(), change.lasting), ("info,sqlx=debug", None));
    }

    #[test]
    fn what_was_mistyped_changes_nothing_and_is_told() {
        for (query, expected) in [
            (None, "level: expected a level"),
            (Some("level="), "level: expected a level"),
            (Some("level=debug&op=/a.A/B"), "op: expected level, target, operation, for"),
            (Some("level=debug&for=5"), "for: "),
        ] {
            let error = read(query).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{query:?}: {error}");
        }
    }
}

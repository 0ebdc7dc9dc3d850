//! Where there is colour, and where there is none.

use super::{Shown, Terminal};
use crate::project::{PROTO, project, write};

/// A project and a proto of before it, and a terminal in it.
fn open(test: &str) -> Option<(tempfile::TempDir, Terminal)> {
    let project = project(&[]);
    write(
        project.path(),
        "old/user/v1/user.proto",
        &PROTO.replace("User {}", "User { string id = 1; }"),
    );
    let terminal = Terminal::open(test, 120, project.path())?;
    Some((project, terminal))
}

// Of SGR, as terminals read them.
const BOLD: &str = "1";
const FAINT: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const CYAN: &str = "36";

/// A table, help, a report, what was done, and an error with its hint.
const LINES: [&str; 5] = [
    "bia routes",
    "bia proto --help",
    "bia proto breaking proto --against path:old",
    "bia new x-service --yes --dry-run",
    "bia explain NODE_NOT_FUND",
];

fn all(terminal: &mut Terminal, before: &str, behind: &str) -> Vec<Shown> {
    LINES.iter().map(|line| terminal.run(&format!("{before} {line} {behind}"))).collect()
}

#[test]
fn tables_help_reports_status_and_errors_are_coloured_on_a_terminal() {
    let test = "tables_help_reports_status_and_errors_are_coloured_on_a_terminal";
    let Some((_project, mut terminal)) = open(test) else { return };
    let [table, help, report, status, error] =
        all(&mut terminal, "", "").try_into().expect("one for each");
    assert!(table.is_styled("METHOD", FAINT), "{table:?}");
    assert!(help.is_styled("Usage:", BOLD), "{help:?}");
    assert!(report.is_styled("remedy", GREEN), "{report:?}");
    assert!(status.is_styled("Would create", GREEN), "{status:?}");
    assert!(error.is_styled("error", RED) && error.is_styled("hint", CYAN), "{error:?}");
    let refused = terminal.run("bia rotues");
    assert_eq!(refused.code, 2);
    assert!(refused.is_styled("error", RED), "{refused:?}");
}

#[test]
fn nothing_is_coloured_where_somebody_wants_no_colour() {
    let test = "nothing_is_coloured_where_somebody_wants_no_colour";
    let Some((_project, mut terminal)) = open(test) else { return };
    let wishes = [
        ("NO_COLOR=1", ""),
        ("", "--color never"),
        ("CLICOLOR=0", ""),
        ("TERM=dumb", ""),
        ("", "2>&1 | cat"),
    ];
    for (before, behind) in wishes {
        for (line, shown) in LINES.iter().zip(all(&mut terminal, before, behind)) {
            assert!(!shown.text.is_empty(), "{line}");
            assert!(!shown.has_style(), "{before} {line} {behind}: {shown:?}");
        }
        let refused = terminal.run(&format!("{before} bia rotues {behind}"));
        assert!(
            refused.text.contains("routes") && !refused.has_style(),
            "{before} {behind}: {refused:?}"
        );
    }
}

#[test]
fn a_pipe_is_coloured_where_somebody_wants_that() {
    let test = "a_pipe_is_coloured_where_somebody_wants_that";
    let Some((_project, mut terminal)) = open(test) else { return };
    for (before, behind) in [("CLICOLOR_FORCE=1", "2>&1 | cat"), ("", "--color always 2>&1 | cat")]
    {
        for (line, shown) in LINES.iter().zip(all(&mut terminal, before, behind)) {
            assert!(shown.has_style(), "{before} {line} {behind}: {shown:?}");
        }
    }
}

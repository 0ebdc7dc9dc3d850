//! Work that takes long is seen while it goes on, and leaves nothing on the screen.

use super::{Terminal, script};
use crate::call::server::Server;
use crate::project::project;

/// A cargo that says what it compiles, and builds when it is told to.
const CARGO: &str = r#"
if [ "$1" != build ]; then exec "$REAL_CARGO" "$@"; fi
echo '   Compiling thiserror v2.0.0' >&2
read -r < "$GO"
mkdir -p target/debug
printf '#!/bin/sh\nexit 0\n' > target/debug/shop
chmod +x target/debug/shop"#;

/// A project whose program is not built, and a terminal in it.
fn open(test: &str, columns: u16) -> Option<(tempfile::TempDir, Terminal)> {
    let project = project(&[]);
    let tools = project.path().join("tools");
    script(&tools, "cargo", CARGO);
    let mut terminal = Terminal::open(test, columns, project.path())?;
    terminal.good("export REAL_CARGO=$(type -p cargo) GO=$PWD/go PATH=$PWD/tools:$PATH");
    terminal.good("mkfifo go");
    Some((project, terminal))
}

#[test]
fn doctor_says_what_it_builds_and_takes_that_away_again() {
    let Some((project, mut terminal)) =
        open("doctor_says_what_it_builds_and_takes_that_away_again", 100)
    else {
        return;
    };
    terminal.start("bia doctor");
    terminal.until("Looking");
    terminal.until("at shop, which is built first: Compiling thiserror v2.0.0");
    std::fs::write(project.path().join("go"), "go\n").unwrap();
    let shown = terminal.end();
    assert!(shown.text.contains("shop --check-config finds them right"), "{shown:?}");
    assert!(!shown.text.contains("Looking") && !shown.text.contains("Compiling"), "{shown:?}");
    assert!(terminal.has_cursor());
}

#[test]
fn ctrl_c_ends_doctor_and_its_build() {
    let Some((project, mut terminal)) = open("ctrl_c_ends_doctor_and_its_build", 60) else {
        return;
    };
    terminal.start("bia doctor");
    terminal.until("which is built first");
    terminal.press(&["C-c"]);
    let shown = terminal.end();
    assert_eq!(shown.code, 130, "{shown:?}");
    assert!(shown.text.trim().ends_with("error: interrupted"), "{shown:?}");
    assert!(!shown.text.contains("Looking"), "{shown:?}");
    assert!(!project.path().join("target").exists());
}

#[test]
fn where_nobody_watches_there_is_no_progress() {
    let Some((project, mut terminal)) = open("where_nobody_watches_there_is_no_progress", 100)
    else {
        return;
    };
    terminal.start("bia doctor > out 2> err");
    std::fs::write(project.path().join("go"), "go\n").unwrap();
    terminal.end();
    let err = std::fs::read_to_string(project.path().join("err")).unwrap();
    assert!(!err.contains("Looking") && !err.contains('\u{1b}'), "{err:?}");
    let out = std::fs::read_to_string(project.path().join("out")).unwrap();
    assert!(out.contains("finds them right") && !out.contains('\u{1b}'), "{out:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_is_counted_while_it_goes_on() {
    let server = Server::start().await;
    let Some(mut terminal) =
        Terminal::open("a_load_is_counted_while_it_goes_on", 80, server.folder.path())
    else {
        return;
    };
    terminal.start("bia call user-service GetUser --bench --duration 2s --registry-path .");
    terminal.until_screen("it is not counted", |screen| {
        screen.lines().any(|line| line.contains("Calling") && line.contains("calls in"))
    });
    let shown = terminal.end();
    assert!(shown.text.contains("calls/s") && !shown.text.contains("Calling"), "{shown:?}");
    let quiet = terminal
        .run("bia call user-service GetUser --bench --count 1 --registry-path . 2>&1 | cat");
    assert!(!quiet.text.contains("Calling"), "{quiet:?}");
}

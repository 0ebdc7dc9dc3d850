//! What is shown fits the terminal, and nothing is kept back in silence.

use std::os::unix::fs::PermissionsExt as _;

use super::Terminal;
use crate::call::server::Server;
use crate::command::run;
use crate::project::{PROTO, project, write};

const WIDTHS: [u16; 4] = [60, 80, 120, 200];

/// Runs a line in each width, where no line may be broken; gives what was shown.
#[track_caller]
fn in_all(test: &str, folder: &std::path::Path, line: &str) -> Option<[String; 4]> {
    let mut all = Vec::new();
    for columns in WIDTHS {
        let mut terminal = Terminal::open(test, columns, folder)?;
        let shown = terminal.run(line);
        assert!(!shown.is_broken, "{line} in {columns} columns: {}", shown.text);
        all.push(shown.text);
    }
    all.try_into().ok()
}

#[test]
fn the_help_of_every_command_fits_any_terminal() {
    let test = "the_help_of_every_command_fits_any_terminal";
    let manual = run("/", &["man", "--markdown"]).out;
    let headings =
        manual.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(" `"));
    let commands: Vec<&str> = headings.filter_map(|line| line.strip_suffix('`')).collect();
    assert!(commands.len() > 30, "{commands:?}");
    for columns in WIDTHS {
        let Some(mut terminal) = Terminal::open(test, columns, "/") else { return };
        for command in &commands {
            for flag in ["-h", "--help"] {
                let shown = terminal.good(&format!("{command} {flag}"));
                assert!(shown.text.contains("Usage: "), "{shown:?}");
                assert!(!shown.is_broken, "{command} {flag} in {columns}:\n{}", shown.text);
            }
        }
    }
}

#[test]
fn routes_show_all_that_is_known_or_name_what_is_not_shown() {
    let test = "routes_show_all_that_is_known_or_name_what_is_not_shown";
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/user-service");
    let Some([narrow, usual, wide, widest]) = in_all(test, &folder, "bia routes user-service")
    else {
        return;
    };
    let get = "GetUser\n  KIND        unary\n  HTTP        GET /v1/users/{id}\n  DEADLINE    2s\n  \
               RETRY       3×\n  REPEATABLE  no side effects\n  \
               FAILS WITH  DATABASE_UNAVAILABLE USER_NOT_FOUND\n";
    assert!(narrow.contains(get), "{narrow}");
    assert!(
        usual.contains("METHOD       KIND           HTTP                       DEADLINE  RETRY"),
        "{usual}"
    );
    assert!(usual.contains("not shown: REPEATABLE, FAILS WITH ("), "{usual}");
    for all in [wide, widest] {
        assert!(all.contains("REPEATABLE       FAILS WITH") && !all.contains("not shown"), "{all}");
        for reason in ["USER_EMAIL_TAKEN", "USER_CHANGED", "STOPPING"] {
            assert!(all.contains(reason), "{reason}: {all}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_show_all_that_is_known_or_name_what_is_not_shown() {
    let test = "services_show_all_that_is_known_or_name_what_is_not_shown";
    let server = Server::start().await;
    let Some([narrow, usual, wide, _]) =
        in_all(test, server.folder.path(), "bia services --registry-path .")
    else {
        return;
    };
    for part in [&narrow, &usual] {
        assert!(part.contains("user-service") && part.contains(&server.address()), "{part}");
        assert!(part.contains("not shown: INSTANCE ("), "{part}");
    }
    assert!(wide.contains("INSTANCE") && !wide.contains("not shown"), "{wide}");
}

#[test]
fn what_doctor_finds_fits_any_terminal() {
    let project = project(&[]);
    let program = project.path().join("target/debug/shop");
    write(
        project.path(),
        "target/debug/shop",
        "#!/bin/sh\necho 'Error: server.adress: there is no such setting; there are: address, timeout, max_request_size, and many more' >&2\nexit 78\n",
    );
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let all = in_all("what_doctor_finds_fits_any_terminal", project.path(), "bia doctor");
    for shown in all.into_iter().flatten() {
        for word in ["this machine", "server.adress", "--print-config", "wrong"] {
            assert!(shown.contains(word), "{word}: {shown}");
        }
    }
}

#[test]
fn explanations_fit_any_terminal() {
    let test = "explanations_fit_any_terminal";
    for line in [
        "bia explain NODE_NOT_FOUND",
        "bia explain UNAVAILABLE",
        "bia explain 503",
        "bia explain 78",
    ] {
        if in_all(test, "/".as_ref(), line).is_none() {
            return;
        }
    }
    let Some([narrow, _, wide, _]) = in_all(test, "/".as_ref(), "bia explain --list") else {
        return;
    };
    assert!(
        narrow.contains("NODE_NOT_FOUND") && narrow.contains("not shown: OF, GRPC"),
        "{narrow}"
    );
    assert!(wide.contains("UNAVAILABLE") && !wide.contains("not shown"), "{wide}");
    assert!(!narrow.contains('…') && !wide.contains('…'), "nothing is cut: {narrow}");
}

#[test]
fn what_breaks_callers_is_told_in_lines_that_fit() {
    let project = project(&[]);
    let before = PROTO.replace("User {}", "User { string id = 1; string email_address = 2; }");
    write(project.path(), "old/user/v1/user.proto", &before);
    let line = "bia proto breaking proto --against path:old";
    let all = in_all("what_breaks_callers_is_told_in_lines_that_fit", project.path(), line);
    for shown in all.into_iter().flatten() {
        assert!(shown.contains("email_address") && shown.contains("remedy"), "{shown}");
    }
}

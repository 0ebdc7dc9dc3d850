//! Ctrl-C, at any time: nothing is half done, and the terminal is as it was.

use std::net::TcpListener;

use tempfile::TempDir;

use super::{Terminal, script, tree};
use crate::call::server::join;
use crate::project::project;
use crate::run::fake::{Fake, is_there, program};

/// Presses Ctrl-C once `text` is on the screen, and looks that the terminal is as before.
#[track_caller]
fn interrupted(terminal: &mut Terminal, line: &str, text: &str, code: i32) -> String {
    let before = terminal.settings();
    terminal.good("clear");
    terminal.start(line);
    terminal.until(text);
    terminal.press(&["C-c"]);
    let shown = terminal.end();
    assert_eq!(shown.code, code, "{line}: {shown:?}");
    assert!(terminal.has_cursor(), "{line}");
    assert_eq!(terminal.settings(), before, "{line}");
    shown.text
}

/// A terminal in which `name` says that it is there, and never ends.
fn waiting(terminal: &mut Terminal, folder: &TempDir, name: &str) {
    script(
        folder.path(),
        name,
        &format!("echo {name} is there > /dev/tty; exec tail -f /dev/null"),
    );
    terminal.good(&format!("export PATH={}:$PATH", folder.path().display()));
}

#[test]
fn what_is_being_made_or_changed_is_left_as_it_was() {
    let test = "what_is_being_made_or_changed_is_left_as_it_was";
    let (tools, project) = (TempDir::new().unwrap(), project(&[]));
    let Some(mut terminal) = Terminal::open(test, 100, project.path()) else { return };
    terminal.good("cargo metadata --no-deps --offline > /dev/null");
    waiting(&mut terminal, &tools, "rustfmt");
    let before = tree(project.path());
    for line in ["bia new pay-service --yes", "bia new pays --workspace --service a-service --yes"]
    {
        interrupted(&mut terminal, line, "rustfmt is there", 130);
        assert_eq!(tree(project.path()), before, "{line}");
    }
    waiting(&mut terminal, &tools, "cargo");
    for line in [
        "bia add rpc UserService/ArchiveUser",
        "bia add error USER_GONE --code 404",
        "bia proto add proto/shop/v1/shop.proto",
        "bia sync",
    ] {
        interrupted(&mut terminal, line, "cargo is there", 130);
        assert_eq!(tree(project.path()), before, "{line}");
    }
}

#[test]
fn a_project_is_whole_or_not_there_whenever_ctrl_c_comes() {
    let test = "a_project_is_whole_or_not_there_whenever_ctrl_c_comes";
    let folder = TempDir::new().unwrap();
    let Some(mut terminal) = Terminal::open(test, 100, folder.path()) else { return };
    terminal.good("bia new whole-service --yes");
    let whole = tree(&folder.path().join("whole-service")).len();
    // From before it begins until after its end.
    terminal.good("for at in 0.0{1..9} 0.{1..9}; do timeout --foreground -s INT $at bia new s-service --yes; mv s-service done-$at; done; clear");
    let mut made = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        assert!(name == "whole-service" || name.starts_with("done-"), "{name} is left behind");
        assert_eq!(tree(&entry.path()).len(), whole, "{name}");
        made += 1;
    }
    assert!(made >= 1, "the one that nobody interrupted");
}

#[test]
fn services_that_run_are_stopped_in_order() {
    let fake = Fake::new(&[("one", &program("one says 1"))]);
    let test = "services_that_run_are_stopped_in_order";
    let Some(mut terminal) = Terminal::open(test, 80, fake.0.path()) else { return };
    let text = interrupted(&mut terminal, "bia run one", "one says 1", 0);
    for words in ["Building one", "Stopping in order; Ctrl-C again kills", "Stopped one"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let pid = text.split("| pid ").nth(1).and_then(|it| it.lines().next()?.trim().parse().ok());
    assert!(!is_there(pid.unwrap()), "{text}");
    // The terminal's own signal goes to all that run in it: a service must not die of it.
    assert!(!text.contains("error"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_and_a_stream_end_and_the_prompt_is_back() {
    let folder = TempDir::new().unwrap();
    let _app = join(folder.path(), "user-service", "").await;
    let test = "a_watch_and_a_stream_end_and_the_prompt_is_back";
    let Some(mut terminal) = Terminal::open(test, 100, folder.path()) else { return };
    interrupted(&mut terminal, "bia services watch --registry-path .", "serving", 0);
    let line = "bia call user-service SyncUsers --registry-path .";
    let before = terminal.settings();
    terminal.good("clear");
    terminal.start(line);
    // What is typed before it listens is not on the screen.
    terminal.until("Ctrl-D ends");
    terminal.type_text(r#"{"user": {"id": "first"}}"#);
    terminal.press(&["Enter"]);
    terminal.until_screen("it is not answered", |screen| screen.matches("first").count() >= 2);
    terminal.press(&["C-c"]);
    assert_eq!(terminal.end().code, 130);
    assert_eq!(terminal.settings(), before);
}

#[test]
fn settings_are_not_written_by_somebody_who_gave_up() {
    let consul = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = consul.local_addr().unwrap();
    let folder = TempDir::new().unwrap();
    let test = "settings_are_not_written_by_somebody_who_gave_up";
    let Some(mut terminal) = Terminal::open(test, 100, folder.path()) else { return };
    terminal.start(&format!("bia config set a.b=1 --prefix config/x --consul http://{address}"));
    // It asks, and nobody answers.
    let (asked, _) = consul.accept().unwrap();
    let mut request = [0; 4];
    std::io::Read::read_exact(&mut &asked, &mut request).unwrap();
    assert_eq!(&request, b"GET ", "what is there is read first");
    terminal.press(&["C-c"]);
    let shown = terminal.end();
    assert_eq!(shown.code, 130, "{shown:?}");
    consul.set_nonblocking(true).unwrap();
    assert!(consul.accept().is_err(), "nothing further was asked");
    assert_eq!(tree(folder.path()), Vec::<std::path::PathBuf>::new());
}

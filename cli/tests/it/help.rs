//! What the command tells of itself.

use crate::command::run;

#[test]
fn arguments_that_make_no_sense_end_with_2_and_what_was_meant() {
    let ran = run("/", &["sevices"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    let told = "error: unrecognized subcommand `sevices`\n  hint: a similar subcommand exists: `services`\n";
    assert_eq!(ran.err, told);
    assert_eq!(run("/", &[]).code, 2);
}

#[test]
fn every_shell_is_told_how_to_complete() {
    for (shell, word) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef bia"),
        ("fish", "complete -c bia"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let ran = run("/", &["completions", shell]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert!(ran.out.contains(word), "{shell}: {}", ran.out);
    }
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let ran = run(folder.path(), &["man", "--to", "man"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for page in ["bia.1", "bia-new.1", "bia-completions.1", "bia-man.1"] {
        let text = std::fs::read_to_string(folder.path().join("man").join(page)).expect(page);
        assert!(text.starts_with(".ie") || text.contains(".TH"), "{page}: {text}");
    }
}

#[test]
fn the_manual_is_a_page_of_the_book_too() {
    let ran = run("/", &["man", "--markdown"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for heading in ["# The command `bia`", "## `bia new`", "## `bia man`", "## What holds for all"]
    {
        assert!(ran.out.lines().any(|line| line == heading), "{heading}: {}", ran.out);
    }
    assert!(ran.out.contains("| `--color WHEN` | "), "{}", ran.out);
}

#[test]
fn what_cannot_be_printed_is_a_failure_of_help_too() {
    for arguments in [&["--help"][..], &["--version"], &["new", "-h"], &["help", "run"], &["man"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("the device");
        let output = crate::command::bia("/").args(arguments).stdout(full).output();
        let ran = crate::command::Ran::from(output.expect("it runs"));
        assert_eq!(ran.code, 1, "{arguments:?}");
        assert!(ran.err.contains("error: cannot print: No space left"), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn whoever_stops_reading_is_not_told_of_an_error() {
    let mut child = crate::command::bia("/")
        .args(["completions", "bash"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

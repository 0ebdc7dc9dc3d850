//! `bia run`, on programs that are built in a moment, and on the examples.

mod examples;
pub(crate) mod fake;

use self::fake::{Fake, forever, program, program_saying};

#[test]
fn what_changes_is_built_and_started_anew_and_others_run_on() {
    let fake = Fake::new(&[("one", &program("one says 1")), ("other", &program("other says 1"))]);
    let mut run = fake.run(&["one", "other"]);
    run.until_out(|line| line == "one   | one says 1");
    run.until_out(|line| line == "other | other says 1");
    fake.write("one/src/main.rs", &program("one says 2"));
    run.until_out(|line| line == "one   | one says 2");
    // A file that is built into it, and is none of Rust's.
    fake.write("one/src/words.txt", "one says 3");
    fake.write("one/src/main.rs", &program_saying("include_str!(\"words.txt\")"));
    run.until_out(|line| line == "one   | one says 3");
    fake.write("one/src/words.txt", "one says 4");
    run.until_out(|line| line == "one   | one says 4");
    let pids = run.pids();
    let (out, err) = run.interrupt(0);
    assert_eq!(out.iter().filter(|line| line.contains("other says")).count(), 1, "{out:?}");
    assert!(err.iter().any(|line| line.contains("Stopped one")), "{err:?}");
    let restarts = err.iter().filter(|line| line.trim() == "Restarting one").count();
    assert_eq!(restarts, 3, "{err:?}");
    assert_eq!(pids.len(), 5, "one was started four times: {pids:?}");
    assert!(!pids.iter().any(|pid| fake::is_there(*pid)), "nothing is left behind");
}

#[test]
fn code_that_does_not_compile_is_told_once_and_what_runs_runs_on() {
    let fake = Fake::new(&[("one", &program("one says 1"))]);
    let mut run = fake.run(&["one"]);
    run.until_out(|line| line.ends_with("one says 1"));
    fake.write("one/src/main.rs", "fn main() { nonsense(); }");
    run.until_err(|line| line.contains("one could not be built"));
    run.until_err(|line| line.contains("one runs on as it was built last"));
    let first = run.pids();
    assert!(first.iter().all(|pid| fake::is_there(*pid)), "it runs on");
    fake.write("one/src/main.rs", &program("one says 2"));
    run.until_out(|line| line.ends_with("one says 2"));
    let (out, _) = run.interrupt(0);
    let told = |what: &str| out.iter().filter(|line| line.contains(what)).count();
    assert_eq!(told("cannot find function `nonsense`"), 1, "{out:?}");
    assert!(out.iter().any(|line| line.starts_with("cargo | error")), "{out:?}");
}

#[test]
fn one_that_crashes_is_told_with_its_last_words_and_waits_for_a_change_of_code_or_settings() {
    let crash = r#"fn main() { eprintln!("no database"); std::process::exit(3) }"#;
    let fake = Fake::new(&[("one", crash), ("other", &program("other is there"))]);
    let mut run = fake.run(&["one", "other"]);
    run.until_err(|line| line.starts_with("error: one ended with exit code 3"));
    run.until_err(|line| line.trim() == "no database");
    run.until_out(|line| line.ends_with("other is there"));
    fake.write("one/configs/app.yaml", "data: {}");
    run.until_err(|line| line.starts_with("error: one ended with exit code 3"));
    fake.write("one/src/main.rs", &program("one is well"));
    run.until_out(|line| line.ends_with("one is well"));
    // One that runs follows its settings by itself.
    fake.write("one/configs/app.yaml", "data: {url: x}");
    fake.write("one/src/main.rs", &program("one is better"));
    run.until_out(|line| line.ends_with("one is better"));
    let (out, _) = run.interrupt(0);
    assert_eq!(out.iter().filter(|line| line.ends_with("one is well")).count(), 1);
}

#[test]
fn one_that_does_not_stop_is_killed_after_its_time_or_by_a_second_interrupt() {
    let fake = Fake::new(&[("stubborn", &forever())]);
    let mut run = fake.run(&["stubborn", "--stop-timeout", "1"]);
    run.until_out(|line| line.ends_with("deaf"));
    let pids = run.pids();
    let (_, err) = run.interrupt(1);
    assert!(
        err.iter().any(|line| line.contains("did not stop within 1 s and was killed")),
        "{err:?}"
    );
    assert!(!pids.iter().any(|pid| fake::is_there(*pid)));

    let mut run = fake.run(&["stubborn", "--stop-timeout", "3600"]);
    run.until_out(|line| line.ends_with("deaf"));
    let pids = run.pids();
    run.signal(rustix::process::Signal::INT);
    run.until_err(|line| line.contains("Stopping"));
    let (_, err) = run.interrupt(130);
    assert!(err.iter().any(|line| line.contains("Killed stubborn")), "{err:?}");
    assert!(!pids.iter().any(|pid| fake::is_there(*pid)));
}

#[test]
fn a_command_that_is_killed_leaves_no_service_behind() {
    let fake = Fake::new(&[("one", &program("one is there"))]);
    let mut run = fake.run(&["one"]);
    run.until_out(|line| line.ends_with("one is there"));
    let pids = run.pids();
    assert_eq!(pids.len(), 1);
    run.signal(rustix::process::Signal::KILL);
    // The pipes of the service end with it.
    run.until_gone();
    fake::until(|| !pids.iter().any(|pid| fake::is_there(*pid)));
}

#[test]
fn whoever_stops_reading_stops_the_services_in_order() {
    let fake = Fake::new(&[("one", &fake::talkative())]);
    let mut run = fake.run(&["one"]);
    run.until_out(|line| line.ends_with("talks"));
    let pids = run.pids();
    run.stop_reading();
    run.until_gone();
    assert!(!pids.iter().any(|pid| fake::is_there(*pid)));
}

#[test]
fn without_watching_it_ends_with_the_services() {
    let fine =
        r#"fn main() { println!("args {:?}", std::env::args().skip(1).collect::<Vec<_>>()) }"#;
    let fake = Fake::new(&[("fine", fine), ("bad", "fn main() { std::process::exit(3) }")]);
    let (out, _) = fake.run(&["fine", "--no-watch", "--", "--set", "a=b"]).end(0);
    assert!(out.contains(&r#"fine  | args ["--set", "a=b"]"#.to_owned()), "{out:?}");
    let (_, err) = fake.run(&["fine", "bad", "--no-watch"]).end(1);
    assert!(
        err.iter().any(|line| line.starts_with("error: bad ended with exit code 3")),
        "{err:?}"
    );
    fake.write("bad/src/main.rs", "nonsense");
    let (out, err) = fake.run(&["fine", "bad", "--no-watch"]).end(1);
    assert!(out.iter().any(|line| line.contains("args []")), "what can be built runs: {out:?}");
    assert!(err.iter().any(|line| line.contains("bad could not be built")), "{err:?}");
}

#[test]
fn services_have_colours_on_a_terminal_and_none_elsewhere_or_where_nobody_wants_them() {
    let line = r#"{\"level\":\"warn\",\"time\":\"2026-11-30T04:52:19.123456Z\",\"message\":\"low on tea\",\"left\":1}"#;
    let fake = Fake::new(&[("one", &format!("fn main() {{ println!(\"{{}}\", \"{line}\") }}"))]);
    let told = "one   | 04:52:19.123 WARN  low on tea left=1".to_owned();
    let (out, _) = fake.run(&["one", "--no-watch"]).end(0);
    assert!(out.contains(&told), "{out:?}");
    let (out, _) = fake.run(&["one", "--no-watch", "--color", "always"]).end(0);
    let coloured = out.iter().find(|line| line.contains("tea")).expect("it is told");
    assert!(coloured.contains("\u{1b}["), "{coloured:?}");
    assert_eq!(anstream::adapter::strip_str(coloured).to_string(), told);
    let (out, _) = fake.run(&["one", "--no-watch", "--raw"]).end(0);
    assert!(out.iter().any(|line| line.starts_with(r#"one   | {"level":"warn""#)), "{out:?}");
}

#[test]
fn what_cannot_be_run_is_told_with_what_can() {
    let fake = Fake::new(&[("one", &program("x"))]);
    let (_, err) = fake.run(&[]).end(1);
    assert!(err.iter().any(|line| line.contains("has no service to run")), "{err:?}");
    let (_, err) = fake.run(&["nobody"]).end(1);
    assert!(err.iter().any(|line| line.contains("there is no service `nobody`")), "{err:?}");
    let (_, err) = fake.run(&["one", "--all"]).end(2);
    assert!(err.iter().any(|line| line.contains("--all")), "{err:?}");
}

//! A service as a process: what ends it, with which code, and what it prints.

mod logs;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use bia::{Channel, ClientSettings, Kind, Operation};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// Longer than anything here takes, on the slowest machine.
const LIMIT: Duration = Duration::from_secs(60);

/// The program of `tests/it/child/main.rs`. Cargo builds it with the tests, unless it was asked for
/// this file of tests alone.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // The test is target/debug/deps/it-…: the examples are beside its folder.
        let target = std::env::current_exe().unwrap();
        let target = target.parent().unwrap().parent().unwrap();
        let program = target.join("examples").join("child");
        if !is_fresh(&program) {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut build = std::process::Command::new(cargo);
            build.current_dir(env!("CARGO_MANIFEST_DIR"));
            build.args(["build", "--example", "child", "--quiet"]);
            if target.ends_with("release") {
                build.arg("--release");
            }
            if !cfg!(feature = "consul") {
                build.arg("--no-default-features");
            }
            assert!(build.status().unwrap().success(), "cannot build the child");
        }
        program
    })
}

/// Whether no source is newer than the program, as cargo's list of them tells.
fn is_fresh(program: &Path) -> bool {
    let changed = |path: &Path| std::fs::metadata(path)?.modified();
    let (Ok(built), Ok(sources)) =
        (changed(program), std::fs::read_to_string(program.with_extension("d")))
    else {
        return false;
    };
    let sources = sources.split_once(": ").map_or("", |(_, sources)| sources);
    sources.split_whitespace().all(|source| changed(Path::new(source)).is_ok_and(|it| it <= built))
}

/// A command in a folder of its own, with no variable of ours, on free ports and a registry of its own.
pub(crate) fn command(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BIA_")
            || name == "CARGO_MANIFEST_DIR"
            || name == "RUST_LOG"
        {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder.path())
        .env("BIA_SERVER__ADDRESS", "127.0.0.1:0")
        .env("BIA_ADMIN__ADDRESS", "127.0.0.1:0")
        .env("BIA_REGISTRY__LOCAL__PATH", folder.path().join("registry"))
        .env("BIA_STOP__DRAIN_DELAY", "0s")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs it to its end: code, standard output, standard error.
pub(crate) async fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output: Output = timeout(LIMIT, command.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A service that is running.
pub(crate) struct Running {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    log: Lines<BufReader<ChildStderr>>,
    /// What the log has said so far.
    said: Vec<Value>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, out, log, said: Vec::new() }
    }

    /// Waits for a line of standard output.
    async fn says(&mut self, expected: &str) {
        loop {
            let line = timeout(LIMIT, self.out.next_line()).await.unwrap().unwrap();
            if line.unwrap() == expected {
                return;
            }
        }
    }

    /// Waits for a line of the log of this phase.
    async fn logs(&mut self, phase: &str) -> Value {
        loop {
            let line = timeout(LIMIT, self.log.next_line()).await.unwrap().unwrap();
            assert!(line.is_some(), "it ended before {phase}: {:#?}", self.said);
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            self.said.push(line.clone());
            if line["phase"] == phase {
                return line;
            }
        }
    }

    /// Waits for a line of the log that says this.
    async fn tells(&mut self, message: &str) -> Value {
        loop {
            let line = timeout(LIMIT, self.log.next_line()).await.unwrap().unwrap();
            assert!(line.is_some(), "it ended before {message}: {:#?}", self.said);
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            self.said.push(line.clone());
            if line["message"] == message {
                return line;
            }
        }
    }

    /// What else the log says, to its end.
    async fn rest(&mut self) -> Vec<Value> {
        let mut rest = Vec::new();
        while let Some(line) = timeout(LIMIT, self.log.next_line()).await.unwrap().unwrap() {
            rest.push(serde_json::from_str(&line).unwrap());
        }
        rest
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().unwrap().to_string();
        // The shell's own: a small Debian has no program called kill.
        let kill = ["-c", "kill \"$0\" \"$1\"", signal, &pid];
        let sent = std::process::Command::new("sh").args(kill).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end: code, the phases of the log, and what of standard error is no log.
    async fn ends(mut self) -> (Option<i32>, Vec<String>, String) {
        let status = timeout(LIMIT, self.child.wait()).await.unwrap().unwrap();
        let mut rest = String::new();
        while let Some(line) = self.log.next_line().await.unwrap() {
            match serde_json::from_str(&line) {
                Ok(line) => self.said.push(line),
                Err(_) => rest.push_str(&format!("{line}\n")),
            }
        }
        let phases = self.said.iter().filter_map(|line| line["phase"].as_str());
        (status.code(), phases.map(str::to_owned).collect(), rest)
    }
}

#[tokio::test]
async fn a_signal_stops_in_order_with_code_0_and_every_phase_in_the_log() {
    for signal in ["-TERM", "-INT"] {
        let folder = folder();
        let mut service = Running::start(&mut command(&folder, &[]));
        let started = service.logs("started").await;
        assert_eq!((&started["service"], &started["version"]), (&"child".into(), &"1.2.3".into()));
        assert!(started["took_ms"].is_number());
        service.signal(signal);
        let (code, phases, rest) = service.ends().await;
        assert_eq!((code, rest.as_str()), (Some(0), ""));
        let expected = [
            "before_start",
            "bind",
            "ready",
            "register",
            "listening",
            "listening",
            "started",
            "stop",
            "not_ready",
            "before_stop",
            "deregister",
            "drain_delay",
            "drain",
            "stopped",
        ];
        assert_eq!(phases, expected);
        let left = std::fs::read_dir(folder.path().join("registry")).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().path()).collect();
        assert!(left.iter().all(|path| path.extension().is_none_or(|it| it != "json")), "{left:?}");
    }
}

#[tokio::test]
async fn a_signal_during_the_start_stops_cleanly() {
    let folder = folder();
    let mut service = Running::start(&mut command(&folder, &["--set", "child.start=50s"]));
    service.says("starting").await;
    service.signal("-TERM");
    let (code, phases, rest) = service.ends().await;
    assert_eq!((code, rest.as_str()), (Some(0), ""));
    assert!(!phases.contains(&"bind".to_owned()), "{phases:?}");
    assert_eq!(phases.last().map(String::as_str), Some("stopped"));
}

#[tokio::test]
async fn a_second_signal_ends_at_once_with_its_own_code() {
    for (signal, expected) in [("-INT", 130), ("-TERM", 143)] {
        let folder = folder();
        let mut service = Running::start(&mut command(
            &folder,
            &["--set", "child.stop=50s", "--set", "stop.timeout=55s"],
        ));
        service.logs("started").await;
        service.signal("-TERM");
        service.says("stopping").await;
        let before = Instant::now();
        service.signal(signal);
        let (code, phases, _) = service.ends().await;
        assert_eq!(code, Some(expected));
        assert!(before.elapsed() < Duration::from_secs(20));
        assert!(!phases.contains(&"stopped".to_owned()));
    }
}

static SLEEP: Operation = Operation::new("/test.Sleeper/Sleep", Kind::Unary);

/// A call of so many milliseconds that has arrived.
async fn call(service: &mut Running, ms: u64) -> JoinHandle<bia::Result<u64>> {
    let listening = service.logs("listening").await;
    let address = listening["address"].as_str().unwrap().to_owned();
    // What calls a node that leaves is a matter of others: this one holds on to its connection.
    let settings = ClientSettings { health_check: false, ..ClientSettings::default() };
    let channel = Channel::builder(address).settings(settings).build().unwrap();
    let call = tokio::spawn(async move { channel.unary(&SLEEP, ms).timeout(LIMIT).await });
    service.says("called").await;
    call
}

#[tokio::test]
async fn a_slow_call_finishes_after_the_signal() {
    let folder = folder();
    let mut service = Running::start(&mut command(&folder, &["--set", "server.timeout=60s"]));
    let call = call(&mut service, 1500).await;
    service.signal("-TERM");
    assert_eq!(call.await.unwrap(), Ok(1500));
    let (code, phases, _) = service.ends().await;
    assert_eq!(code, Some(0));
    assert!(!phases.contains(&"cut".to_owned()), "{phases:?}");
}

#[tokio::test]
async fn a_stuck_call_is_cut_at_the_limit_and_named_in_the_log() {
    let folder = folder();
    let arguments = ["--set", "server.timeout=60s", "--set", "stop.timeout=1s"];
    let mut service = Running::start(&mut command(&folder, &arguments));
    let call = call(&mut service, 50_000).await;
    let before = Instant::now();
    service.signal("-TERM");
    let cut = service.logs("cut").await;
    assert_eq!(cut["servers"], "api");
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.code(), 503, "{error}");
    let log = service.rest().await;
    assert!(before.elapsed() < Duration::from_secs(20), "{:?}", before.elapsed());
    assert!(log.iter().any(|line| line.to_string().contains("/test.Sleeper/Sleep")), "{log:#?}");
    assert_eq!(service.ends().await.0, Some(0));
}

#[tokio::test]
async fn a_start_that_fails_ends_with_code_1_and_prints_the_causes() {
    let folder = folder();
    let service = Running::start(&mut command(&folder, &["--set", "child.fail=true"]));
    let (code, phases, rest) = service.ends().await;
    assert_eq!(code, Some(1));
    assert_eq!(
        rest,
        "Error: hook wait (before_start) failed\n  caused by: 503 NO_TABLE: no table users\n"
    );
    assert_eq!(phases.last().map(String::as_str), Some("stopped"));
}

#[tokio::test]
async fn a_port_that_is_taken_ends_with_code_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("server.address={}", taken.local_addr().unwrap());
    let folder = folder();
    let (code, _, rest) = Running::start(&mut command(&folder, &["--set", &address])).ends().await;
    assert_eq!(code, Some(1));
    assert!(rest.starts_with("Error: ") && rest.contains("server.address"), "{rest}");
}

#[tokio::test]
async fn wrong_settings_end_with_code_78_and_name_key_place_and_expectation() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("configs")).unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("configs/app.yaml"), text).unwrap();
    let table = [
        (
            "server:\n  adress: 1.2.3.4:5",
            &[][..],
            "Error: server.adress in configs/app.yaml:2: there is no such setting: did you mean server.address?\n",
        ),
        (
            "server: {timeout: 10}",
            &[],
            "Error: server.timeout in configs/app.yaml:1: \"10\" has no unit: write a duration such as 10s, 250ms, 5m or 1h\n",
        ),
        (
            "registry: {kind: consull}",
            &[],
            "Error: registry.kind in configs/app.yaml:1: expected one of local, consul, none, found \"consull\": did you mean consul?\n",
        ),
        (
            "telemetry: {logs: {filter: 'bia=loud'}}",
            &[],
            "Error: telemetry.logs.filter in configs/app.yaml:1: \"bia=loud\" is no filter",
        ),
        (
            "stop: {timeout: 0s}",
            &[],
            "Error: stop.timeout in configs/app.yaml:1: expected more than stop.drain_delay (0s), which is part of it, found 0s\n",
        ),
        (
            "",
            &["--set", "child.greetin=x"],
            "Error: child.greetin in --set child.greetin: there is no such setting: did you mean child.greeting?\n",
        ),
        (
            "",
            &["--set", "chidl.greeting=x"],
            "Error: chidl in --set chidl.greeting: there is no such setting: did you mean child?\n",
        ),
        ("a: [", &[], "Error: configs/app.yaml:2: cannot be read as YAML"),
        (
            "",
            &["--config", "nope.yaml"],
            "Error: nope.yaml: cannot be read: No such file or directory",
        ),
        (
            "",
            &["--cofnig", "x"],
            "Error: --cofnig: there is no such flag: did you mean --config?\n",
        ),
        ("", &["--set", "registry.local.path=/proc/nope"], "Error: registry.local: "),
    ];
    for (text, arguments, expected) in table {
        write(text);
        for check in [false, true] {
            let mut arguments = arguments.to_vec();
            if check && !expected.starts_with("Error: registry.local:") {
                arguments.push("--check-config");
            }
            let (code, out, told) = run(&mut command(&folder, &arguments)).await;
            assert_eq!((code, out.as_str()), (Some(78), ""), "{text} {arguments:?}: {told}");
            assert!(
                told.starts_with(expected),
                "{text} {arguments:?}\n  is: {told}\n not: {expected}"
            );
            assert_eq!(told.lines().count(), 1, "{told}");
        }
    }
    write("");
    let mut variable = command(&folder, &[]);
    let (code, _, told) = run(variable.env("BIA_SERVER__ADDRES", "x")).await;
    assert_eq!(code, Some(78));
    assert_eq!(
        told,
        "Error: server.addres in BIA_SERVER__ADDRES: there is no such setting: did you mean server.address?\n"
    );
}

#[tokio::test]
async fn the_environment_picks_a_file_and_one_that_is_not_there_is_refused() {
    let folder = folder();
    let configs = folder.path().join("configs");
    std::fs::create_dir(&configs).unwrap();
    std::fs::write(configs.join("app.yaml"), "child: {greeting: base, stop: 1s}").unwrap();
    std::fs::write(configs.join("app.prod.yaml"), "child: {greeting: prod}").unwrap();
    let print = &["--print-config", "--set", "child.fail=true"];
    let (code, out, _) = run(command(&folder, print).env("BIA_ENV", "prod")).await;
    assert_eq!(code, Some(0), "{out}");
    for expected in [
        ("greeting: prod", "# configs/app.prod.yaml:1"),
        ("stop: 1s", "# configs/app.yaml:1"),
        ("fail: true", "# --set child.fail"),
        ("address: 127.0.0.1:0", "# BIA_SERVER__ADDRESS"),
        ("max_streams: 1000", "# default"),
    ] {
        let found = out.lines().any(|line| line.contains(expected.0) && line.ends_with(expected.1));
        assert!(found, "{expected:?} in\n{out}");
    }
    let (code, _, told) = run(command(&folder, print).env("BIA_ENV", "prdo")).await;
    assert_eq!(code, Some(78));
    assert_eq!(told, "Error: BIA_ENV: \"prdo\" picks configs/app.prdo.yaml, which is not there\n");
    // Files that are named replace those in configs/.
    std::fs::write(folder.path().join("own.toml"), "[child]\ngreeting = 'own'").unwrap();
    let (_, out, _) = run(&mut command(&folder, &["--config", "own.toml", "--print-config"])).await;
    assert!(out.contains("greeting: own") && !out.contains("stop: 1s"), "{out}");
}

#[tokio::test]
async fn secrets_are_not_printed() {
    let folder = folder();
    let mut print = command(&folder, &["--print-config", "--set", "child.password=hunter2"]);
    print.env("BIA_ADMIN__TOKEN", "hunter2").env("BIA_CHILD__GREETING", "postgres://u:hunter2@h/d");
    let (code, out, _) = run(&mut print).await;
    assert_eq!(code, Some(0));
    assert!(!out.contains("hunter2"), "{out}");
    assert_eq!(out.matches("***").count(), 3, "{out}");
}

#[tokio::test]
async fn flags_that_ask_are_answered_with_code_0() {
    let folder = folder();
    let (code, out, told) = run(&mut command(&folder, &["--check-config"])).await;
    assert_eq!((code, out.as_str(), told.as_str()), (Some(0), "the settings are right\n", ""));
    let (code, out, _) = run(&mut command(&folder, &["--version"])).await;
    assert_eq!((code, out.as_str()), (Some(0), "child 1.2.3\n"));
    let (code, out, _) = run(&mut command(&folder, &["--help"])).await;
    assert_eq!(code, Some(0));
    for flag in ["--config FILE", "--set KEY=VALUE", "--check-config", "--print-config"] {
        assert!(out.contains(flag), "{out}");
    }
}

#[tokio::test]
async fn settings_that_change_are_taken_and_wrong_ones_refused_while_it_runs() {
    let folder = folder();
    let configs = folder.path().join("configs");
    std::fs::create_dir(&configs).unwrap();
    let write = |name: &str, text: &str| std::fs::write(configs.join(name), text).unwrap();
    write("app.yaml", "child: {greeting: first}");
    let mut service = Running::start(&mut command(&folder, &[]));
    service.logs("started").await;

    write("app.yaml", "child: {greeting: second, password: hunter2}");
    service.says("greeting second").await;
    let changed = service.tells("settings changed").await;
    assert_eq!(changed["revision"], 2);
    assert_eq!(changed["changed"], "child.greeting: first → second, child.password: not set → ***");
    assert!(changed["sources"].as_str().unwrap().starts_with("folder configs at "), "{changed}");

    write("app.yaml", "child: {greting: third}");
    let refused = service.tells("settings refused: those in force stay").await;
    assert_eq!(
        refused["reason"],
        "child.greting in configs/app.yaml:1: there is no such setting: did you mean child.greeting?"
    );
    write("app.yaml", "child: {greting: third} # the same again");
    write("app.yaml", "child: {greeting: fourth}");
    service.says("greeting fourth").await;
    let said = service.tells("settings changed").await;
    assert_eq!(said["revision"], 3);
    let refusals = service.said.iter().filter(|line| line["reason"] == refused["reason"]);
    assert_eq!(refusals.count(), 1, "a reason is logged once");
    service.signal("-TERM");
    let (code, _, rest) = service.ends().await;
    assert_eq!((code, rest.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_file_of_the_environment_is_followed_too_and_its_end_changes_nothing() {
    let folder = folder();
    let configs = folder.path().join("configs");
    std::fs::create_dir(&configs).unwrap();
    std::fs::write(configs.join("app.yaml"), "child: {greeting: base}").unwrap();
    std::fs::write(configs.join("app.prod.yaml"), "").unwrap();
    let mut service = Running::start(command(&folder, &[]).env("BIA_ENV", "prod"));
    service.logs("started").await;
    std::fs::write(configs.join("app.prod.yaml"), "child: {greeting: prod}").unwrap();
    service.says("greeting prod").await;
    std::fs::remove_file(configs.join("app.prod.yaml")).unwrap();
    let refused = service.tells("settings refused: those in force stay").await;
    assert!(refused["reason"].as_str().unwrap().contains("app.prod.yaml"), "{refused}");
    std::fs::write(configs.join("app.prod.yaml"), "child: {greeting: back}").unwrap();
    service.says("greeting back").await;
    service.signal("-TERM");
    assert_eq!(service.ends().await.0, Some(0));
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_reason_to_panic() {
    let folder = folder();
    for (arguments, expected) in [(&["--print-config"][..], 0), (&["--nope"], 78)] {
        let mut command = command(&folder, arguments);
        let mut child = command.spawn().unwrap();
        // Both ends are closed before a word was written, or while it is.
        drop(child.stdout.take());
        drop(child.stderr.take());
        let status = timeout(LIMIT, child.wait()).await.unwrap().unwrap();
        assert_eq!(status.code(), Some(expected), "{arguments:?}");
    }
}

//! Profiles of the running process, read with the tool that users read them with.

use std::hint::black_box;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bia::__codegen::{Facts, Handler, Reply, ServerCall};
use bia::testing::TestApp;
use bia::{Kind, Operation, Service};
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::*;
use crate::fixture::program;

/// There is one profiler in a process, and where tests share a process, they share it.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Burns the CPU on a thread of its own, until it is dropped.
struct Burning(Arc<AtomicBool>, Option<std::thread::JoinHandle<u64>>);

impl Burning {
    fn begin() -> Self {
        let go_on = Arc::new(AtomicBool::new(true));
        let until = Arc::clone(&go_on);
        let thread = std::thread::Builder::new().name("oven".to_owned());
        let thread = thread.spawn(move || burn_the_cpu(&until)).unwrap();
        Self(go_on, Some(thread))
    }
}

impl Drop for Burning {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
        self.1.take().unwrap().join().unwrap();
    }
}

#[inline(never)]
fn burn_the_cpu(go_on: &AtomicBool) -> u64 {
    let mut sum = 0_u64;
    while go_on.load(Ordering::Relaxed) {
        for number in 0..1000 {
            sum = black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
    }
    sum
}

async fn pprof(program: &Path, arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env("PPROF_TMPDIR", folder).env("HOME", folder).kill_on_drop(true);
    timeout(Duration::from_secs(60), command.output()).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cpu_profile_read_by_pprof_names_what_burns() {
    let test = "a_cpu_profile_read_by_pprof_names_what_burns";
    let Some(program) = program("pprof", "BIA_PPROF_BIN", test) else { return };
    let _alone = ALONE.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::spawn(app("")).await.unwrap();
    let url = format!("http://{}/debug/pprof/profile?seconds=1", app.admin_address().unwrap());
    let _burning = Burning::begin();

    // The tool fetches it itself, as `go tool pprof URL` does.
    let output = pprof(
        &program,
        &["-top", "-nodecount=20", "-seconds=1", "-timeout=60", &url],
        folder.path(),
    )
    .await;
    let (top, said) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(top.contains("Type: cpu"), "{top}");
    let line = top.lines().find(|line| line.ends_with("burn_the_cpu")).expect(&top);
    // `flat flat% sum% cum cum% name`
    let share = line.split_whitespace().nth(4).unwrap().trim_end_matches('%');
    assert!(share.parse::<f64>().unwrap() > 30.0, "{top}");

    // It knows lines and threads, also without the program at hand.
    let mut saved = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let saved = saved.find(|file| file.extension().is_some_and(|it| it == "gz")).unwrap();
    let saved = saved.display().to_string();
    let peeked = pprof(&program, &["-lines", "-top", &saved], folder.path()).await;
    assert!(String::from_utf8_lossy(&peeked.stdout).contains("it/admin/profile.rs:"), "{peeked:?}");
    let tags = pprof(&program, &["-tags", &saved], folder.path()).await;
    assert!(String::from_utf8_lossy(&tags.stdout).contains("oven"), "{tags:?}");
    app.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_taken_by_one_at_a_time() {
    let _alone = ALONE.lock().await;
    let app = TestApp::spawn(app("")).await.unwrap();
    let admin = app.admin_address().unwrap();
    let path = "/debug/pprof/profile?seconds=1";
    let (one, other) = tokio::join!(status(admin, path), status(admin, path));
    assert_eq!((one.min(other), one.max(other)), (200, 409));
    assert_eq!(status(admin, path).await, 200, "the next one may");
    assert_eq!(get(admin, "/debug/pprof/profile?seconds=0").await.0, 400);
    assert_eq!(send(admin, "POST", path, None).await.0, 405);
    assert_eq!(send(admin, "HEAD", path, None).await.0, 405);
    app.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_ends_with_whoever_asked_for_it_and_holds_no_stop_up() {
    let _alone = ALONE.lock().await;
    let app = TestApp::spawn(app("")).await.unwrap();
    let admin = app.admin_address().unwrap();
    let leaves = endless(admin).await;
    drop(leaves);
    let deadline = Instant::now() + Duration::from_secs(20);
    while status(admin, "/debug/pprof/profile?seconds=1").await != 200 {
        assert!(Instant::now() < deadline, "the profile goes on for nobody");
    }

    let _stays = endless(admin).await;
    let begun = Instant::now();
    app.stop().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

static ECHO: Operation = Operation::new("/t.Load/Echo", Kind::Unary);
static FACTS: Facts = Facts::new("t.Load", &[&ECHO], &[]);

struct Echo;

impl Handler for Echo {
    fn call(&self, _: usize, call: ServerCall) -> Reply {
        call.unary(|_, text: String| async move { Ok(text) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_of_a_service_under_load_fails_no_call() {
    const CALLERS: usize = 8;
    let _alone = ALONE.lock().await;
    let memory = Memory::new();
    let app = app("{client: {timeout: 1m}, server: {timeout: 1m}}")
        .registrar(memory.clone())
        .discovery(memory)
        .serve(Service::new(&FACTS, Echo));
    let to_itself = app.channel("svc").unwrap();
    let app = TestApp::spawn(app).await.unwrap();
    let admin = app.admin_address().unwrap();
    until_it_has_a_node(&to_itself).await;
    let go_on = Arc::new(AtomicBool::new(true));
    let callers: Vec<_> = std::iter::repeat_with(|| {
        let (channel, go_on) = (to_itself.clone(), Arc::clone(&go_on));
        tokio::spawn(async move {
            let mut calls = 0_u64;
            while go_on.load(Ordering::Relaxed) {
                let text: String = channel.unary(&ECHO, "echo".to_owned()).await.unwrap();
                assert_eq!(text, "echo");
                calls += 1;
            }
            calls
        })
    })
    .take(CALLERS)
    .collect();
    for _ in 0..2 {
        assert_eq!(status(admin, "/debug/pprof/profile?seconds=1").await, 200);
        // The other pages answer meanwhile, and after.
        assert_eq!(get(admin, "/debug/calls").await.0, 200);
    }
    go_on.store(false, Ordering::Relaxed);
    for caller in callers {
        let calls = timeout(Duration::from_secs(60), caller).await.unwrap().unwrap();
        assert!(calls > 0);
    }
    app.stop().await.unwrap();
}

/// Who has asked for a profile of five minutes, which is being taken.
async fn endless(admin: SocketAddr) -> TcpStream {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let mut socket = TcpStream::connect(admin).await.unwrap();
        let request = "GET /debug/pprof/profile?seconds=300 HTTP/1.1\r\nhost: localhost\r\n\r\n";
        socket.write_all(request.as_bytes()).await.unwrap();
        // Unless this question was faster, it is told that the other one's turn has begun.
        if status(admin, "/debug/pprof/profile?seconds=1").await == 409 {
            return socket;
        }
        assert!(Instant::now() < deadline, "the profile never begins");
    }
}

/// The status alone: a profile is no text.
async fn status(admin: SocketAddr, path: &str) -> u16 {
    let mut socket = TcpStream::connect(admin).await.unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap()
}

//! The registries that need nothing from outside: memory, and local with its processes.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use bia::backend::local::{Local, LocalSettings};
use bia::backend::memory::Memory;
use bia::registry::{Discovery, Instance, Registrar, Watch};
use bia::testing::conformance;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout};

/// Set for a process that is to register in this folder.
const CHILD: &str = "BIA_TEST_LOCAL_FOLDER";

#[tokio::test]
async fn memory_keeps_what_a_registry_promises() {
    let memory = Memory::new();
    let other = memory.clone();
    conformance::registry(move || memory.clone(), move || other.clone())
        .expires_within(Duration::from_secs(1))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_keeps_what_a_registry_promises() {
    let folder = tempfile::tempdir().unwrap();
    let settings = LocalSettings::at(folder.path()).with_ttl(Duration::from_secs(2));
    let local = move || Local::new(&settings).unwrap();
    conformance::registry(local.clone(), local).expires_within(Duration::from_secs(3)).await;
}

#[tokio::test]
async fn a_watch_ends_with_its_registry() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::new(&LocalSettings::at(folder.path())).unwrap();
    let mut watch = local.watch("users");
    assert_eq!(ids(&mut watch).await, [""; 0]);
    drop(local);
    assert!(timeout(Duration::from_secs(20), watch.next()).await.unwrap().is_none());
}

async fn ids(watch: &mut Watch) -> Vec<String> {
    let item = timeout(Duration::from_secs(20), watch.next()).await.unwrap();
    item.unwrap().unwrap().iter().map(|instance| instance.id.clone()).collect()
}

/// Runs the test of this name in a process of its own, registering in `folder`.
fn spawn(folder: &std::path::Path) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "registry::a_process_that_registers_when_asked_to"])
        .env(CHILD, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Not a promise of its own: what the processes of the tests below do.
#[tokio::test]
async fn a_process_that_registers_when_asked_to() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let local = Local::new(&LocalSettings::at(folder)).unwrap();
    let instance = Instance::new(std::process::id().to_string(), "users", "v1");
    let lease = local.register(instance).await.unwrap();
    // The other end of the pipe closes when the test that asked is over, however it ends.
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()))
        .await
        .unwrap()
        .unwrap();
    lease.release().await.unwrap();
}

#[tokio::test]
async fn a_process_of_this_machine_is_found_and_missed_within_a_second_of_its_killing() {
    let folder = tempfile::tempdir().unwrap();
    let local = Local::new(&LocalSettings::at(folder.path())).unwrap();
    let mut watch = local.watch("users");
    assert_eq!(ids(&mut watch).await, [""; 0]);
    let (mut one, mut two) = (spawn(folder.path()), spawn(folder.path()));
    let mut both = [one.id().to_string(), two.id().to_string()];
    both.sort();
    while ids(&mut watch).await != both {}
    one.kill().unwrap();
    let killed = Instant::now();
    assert_eq!(ids(&mut watch).await, [two.id().to_string()]);
    assert!(killed.elapsed() < Duration::from_secs(1), "{:?}", killed.elapsed());
    assert_eq!(one.wait().unwrap().signal(), Some(9));
    two.kill().unwrap();
    assert_eq!(ids(&mut watch).await, [""; 0], "the last one leaves an empty set");
    two.wait().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "what they left is gone");
}

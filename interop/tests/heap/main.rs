//! A program that keeps account of its memory, read with the tool that users read it with.
//!
//! A test binary of its own: a program has one allocator.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "some of it is for other tests")]
#[path = "../../../framework/tests/it/fixture/mod.rs"]
mod fixture;

use std::time::Duration;

use bia::testing::TestApp;
use bia::{App, Config};
use tokio::process::Command;
use tokio::time::timeout;

bia::profile_heap!();

/// What the profile is to find.
#[inline(never)]
fn hold_memory() -> Vec<Vec<u8>> {
    (0..64).map(|number| vec![number; 1 << 20]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heap_profile_read_by_pprof_names_what_holds_the_memory() {
    let test = "a_heap_profile_read_by_pprof_names_what_holds_the_memory";
    let Some(program) = fixture::program("pprof", "BIA_PPROF_BIN", test) else { return };
    let config = Config::<()>::for_test("").unwrap();
    let app = TestApp::spawn(App::new("heap", "1.0.0", &config).unwrap()).await.unwrap();
    let url = format!("http://{}/debug/pprof/heap", app.admin_address().unwrap());
    let held = hold_memory();

    // What is freed again is not in it.
    drop(hold_memory());
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(&program);
    command.args(["-top", "-unit=MB", "-timeout=60", &url]).kill_on_drop(true);
    command.env("PPROF_TMPDIR", folder.path()).env("HOME", folder.path());
    let output = timeout(Duration::from_secs(60), command.output()).await.unwrap().unwrap();
    let top = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(top.contains("Type: inuse_space"), "{top}");
    // `flat flat% sum% cum cum% name`
    let line = top.lines().find(|line| line.ends_with("hold_memory")).expect(&top);
    let held_mb = line.split_whitespace().nth(3).unwrap().trim_end_matches("MB");
    let held_mb: f64 = held_mb.parse().unwrap();
    assert!((50.0..80.0).contains(&held_mb), "{top}");
    // The allocator itself is not what anybody asks for.
    assert!(!top.contains("_rjem_"), "{top}");
    drop(held);
    app.stop().await.unwrap();
}

//! protobuf's own conformance tests.

use std::path::Path;

use tokio::process::Command;

use crate::peer::{printed, program, run};

#[tokio::test]
async fn protobuf_s_own_runner_finds_nothing_wrong_but_what_is_listed_with_its_reason() {
    let name = "protobuf_s_own_runner_finds_nothing_wrong_but_what_is_listed_with_its_reason";
    let Some(runner) = program(name, "conformance-test-runner") else { return };
    let failures = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto/conformance/failures.txt");
    let folder = tempfile::tempdir().unwrap();
    let output = run(Command::new(runner)
        .arg("--enforce_recommended")
        .arg("--failure_list")
        .arg(failures)
        .arg("--output_dir")
        .arg(folder.path())
        .arg(env!("CARGO_BIN_EXE_conformance-testee")))
    .await;
    let said = printed(&output);
    assert!(output.status.success(), "{said}");
    // What is passed over would be no success of ours.
    assert!(said.contains("CONFORMANCE SUITE PASSED") && said.contains(" 0 skipped,"), "{said}");
}

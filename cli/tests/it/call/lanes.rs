//! Calls in lanes.

use bia::backend::local::{Local, LocalSettings};
use bia::registry::{Instance, Registrar as _};

use super::server::join_as;
use crate::command::{Ran, run};

const CALL: [&str; 4] = ["call", "user-service", "GetUser", r#"{"id":"lane"}"#];

#[tokio::test(flavor = "multi_thread")]
async fn a_call_in_a_lane_goes_to_who_is_in_it_and_others_never_do() {
    let folder = tempfile::tempdir().unwrap();
    let call = |more: &[&str]| -> Ran {
        let path = folder.path().to_str().unwrap();
        run(folder.path(), &[&CALL, more, &["-v", "--registry-path", path]].concat())
    };
    let blue = join_as(folder.path(), "user-service", "lane: blue", "").await;
    let ran = call(&[]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    for told in [
        "user-service has no instance (1 known, 1 in a lane that the call is not in)",
        "hint: all are in lanes: say which with --lane NAME",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/../codegen/tests/protos/user/v1/user.proto");
    let ran = call(&["--proto", proto]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    for told in ["hint: all are in lanes: registered are ", ", in lane blue; call one with --lane"]
    {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }

    let plain = join_as(folder.path(), "user-service", "", "").await;
    let at = |app: &bia::testing::TestApp| app.address().unwrap().to_string();
    for _ in 0..5 {
        let (ours, theirs) = (call(&["--lane", "blue"]), call(&[]));
        assert_eq!((ours.code, theirs.code), (0, 0), "{}{}", ours.err, theirs.err);
        assert!(ours.out.contains("blue") && ours.err.contains(&at(&blue)), "{}", ours.err);
        assert!(!ours.err.contains("warning"), "{}", ours.err);
        assert!(theirs.out.contains("none") && theirs.err.contains(&at(&plain)), "{}", theirs.err);
    }
    // Nobody is in it here, but whoever is called from here may be.
    let ran = call(&["--lane", "green"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("green") && ran.err.contains(&at(&plain)), "{}", ran.err);
    for told in [
        "no instance of `user-service` in the lane `green` is there: the call went to ",
        ", which is in none; it has instances in blue",
    ] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }

    let ran =
        run(folder.path(), &["call", &at(&plain), "GetUser", r#"{"id":"lane"}"#, "--lane", "blue"]);
    assert!(ran.code == 0 && ran.out.contains("blue") && ran.err.is_empty(), "{}", ran.err);
    // Nobody listens there any more.
    let gone = Instance::new("gone", "user-service", "1.0.0")
        .with_endpoint("grpc://127.0.0.1:1".parse().unwrap())
        .with_metadata("lane", "red");
    let local = Local::new(&LocalSettings::at(folder.path().to_owned())).unwrap();
    let gone = local.register(gone).await.unwrap();
    let ran = call(&["--lane", "red"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told = "no instance of `user-service` in the lane `red` can be reached: the call went to ";
    assert!(ran.err.contains(told), "{}", ran.err);
    gone.release().await.unwrap();

    let ran = call(&["--lane", "blue", "-H", "x-md-global-lane: green"]);
    assert!(ran.code == 2 && ran.err.contains("both name a lane"), "{}", ran.err);
    for wrong in ["", "a b", "grün"] {
        let ran = call(&["--lane", wrong]);
        assert!(
            ran.code == 2 && ran.err.contains("a lane is a word of printable ASCII"),
            "{}",
            ran.err
        );
    }
    let ran = run(
        folder.path(),
        &[
            "routes",
            "--of",
            "user-service",
            "--lane",
            "blue",
            "--registry-path",
            folder.path().to_str().unwrap(),
        ],
    );
    assert!(ran.code == 0 && ran.out.contains("GetUser"), "{}", ran.err);
    blue.stop().await.unwrap();
    plain.stop().await.unwrap();
}

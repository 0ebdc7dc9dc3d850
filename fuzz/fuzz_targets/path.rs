//! Any path, with any verb: routed, bound, answered in kind.
#![no_main]

use bia_fuzz::{fed, target};

const VERBS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "REPORT"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, path)) = bytes.split_first() else { return };
    let verb = VERBS[usize::from(*first) % VERBS.len()];
    let mut path = target(path);
    path.insert(0, b'/');
    let answer = fed(|fed| fed.ask(verb, &path, "content-type: application/json\r\n", b""));
    assert!(
        answer.status < 500 || answer.is_of_the_service() || answer.is_beyond_json(),
        "{} of our own for {}",
        answer.status,
        String::from_utf8_lossy(&path)
    );
});

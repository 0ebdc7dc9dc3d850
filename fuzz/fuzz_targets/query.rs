//! Any query: bound to a message with a field of each kind, or refused; what was bound can be said in JSON.
#![no_main]

use bia_fuzz::{fed, target};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut asked = b"/v1/search?".to_vec();
    asked.extend(target(bytes));
    let answer = fed(|fed| fed.ask("GET", &asked, "", b""));
    match answer.status {
        200 => drop(serde_json::from_slice::<serde_json::Value>(&answer.body).expect("JSON")),
        400 | 414 | 431 => {}
        500 if answer.is_beyond_json() => {}
        other => panic!("{other} for {}", String::from_utf8_lossy(&asked)),
    }
});

//! Any form: bound as a query is.
#![no_main]

use bia_fuzz::fed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let headers = "content-type: application/x-www-form-urlencoded\r\n";
    let answer = fed(|fed| fed.ask("POST", b"/v1/everything", headers, bytes));
    match answer.status {
        200 => drop(serde_json::from_slice::<serde_json::Value>(&answer.body).expect("JSON")),
        400 | 413 => {}
        // JSON that somebody calls a form.
        415 if bytes.trim_ascii_start().starts_with(b"{") => {}
        500 if answer.is_beyond_json() => {}
        other => panic!("{other} for {}", String::from_utf8_lossy(bytes)),
    }
});

//! Any JSON: read into a message with a field of each kind, or refused. What was read is written so that it is read
//! as the same.
#![no_main]

use bia_fuzz::fed;

const JSON: &str = "content-type: application/json\r\n";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fed(|fed| {
        let answer = fed.ask("POST", b"/v1/everything", JSON, bytes);
        if matches!(answer.status, 400 | 413) {
            return;
        }
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let again = fed.ask("POST", b"/v1/everything", JSON, &answer.body);
        let value = |body: &[u8]| serde_json::from_slice::<serde_json::Value>(body).expect("JSON");
        assert_eq!(again.status, 200, "{}", String::from_utf8_lossy(&again.body));
        assert_eq!(value(&again.body), value(&answer.body));
    });
});

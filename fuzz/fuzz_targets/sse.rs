//! Any text in a stream of events: whoever reads the events as the specification says reads the same text.
#![no_main]

use bia_fuzz::fed;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut target = b"/v1/repeat/2/a?texts=".to_vec();
    for byte in text.bytes() {
        target.extend_from_slice(format!("%{byte:02X}").as_bytes());
    }
    let answer = fed(|fed| fed.ask("GET", &target, "accept: text/event-stream\r\n", b""));
    if answer.status != 200 {
        assert!(answer.status < 500, "{}", answer.status);
        return;
    }
    let body = String::from_utf8(answer.body).expect("UTF-8");
    let events = read(&body);
    assert_eq!(events.len(), 2, "{body:?}");
    for data in events {
        let message: Value = serde_json::from_str(&data).expect("JSON");
        assert_eq!(message["texts"][0], text, "{body:?}");
    }
});

/// The data of the messages, as the HTML specification has a browser read them.
fn read(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    for block in text.split("\n\n") {
        let mut data = Vec::new();
        let mut kind = "message";
        for line in block.lines() {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" => data.push(value),
                "event" => kind = value,
                _ => {}
            }
        }
        if !data.is_empty() && kind == "message" {
            events.push(data.join("\n"));
        }
    }
    events
}

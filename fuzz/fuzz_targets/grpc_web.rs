//! Any body of gRPC-Web, in bytes, in text and as JSON: the answer is a gRPC-Web answer with its trailers.
#![no_main]

use bia_fuzz::{fed, find};

const KINDS: [&str; 4] = [
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpc-web+json",
    "application/grpc+json",
];
const METHODS: [&[u8]; 4] = [
    b"/transcoding.v1.Echo/Create",
    b"/transcoding.v1.Echo/Repeat",
    b"/transcoding.v1.Echo/Collect",
    b"/transcoding.v1.Echo/None",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [kind, method, body @ ..] = bytes else { return };
    let kind = usize::from(*kind) % KINDS.len();
    let method = METHODS[usize::from(*method) % METHODS.len()];
    let headers = format!("content-type: {}\r\n", KINDS[kind]);
    let answer = fed(|fed| fed.ask("POST", method, &headers, body));
    // Plain gRPC is not spoken over HTTP/1.1; the others end with a status.
    if kind < 3 && answer.status == 200 && !answer.head.contains("\r\ngrpc-status:") {
        let body = if kind == 1 { base64(&answer.body) } else { answer.body };
        assert!(find(&body, b"grpc-status:").is_some(), "{:?}", String::from_utf8_lossy(&body));
    }
});

/// Padded chunks, one behind the other.
fn base64(text: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let mut bytes = Vec::new();
    for part in text.chunks(4) {
        let part = base64::engine::general_purpose::STANDARD.decode(part).expect("base64");
        bytes.extend(part);
    }
    bytes
}

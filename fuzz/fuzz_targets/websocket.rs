//! Any bytes on a WebSocket: frames of a client that keeps to nothing.
#![no_main]

use bia_fuzz::fed;

const METHODS: [&str; 2] = ["/v1/collect", "/v1/chat"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, frames)) = bytes.split_first() else { return };
    let method = METHODS[usize::from(*first) % METHODS.len()];
    let mut request = format!(
        "GET {method} HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes();
    if first & 0x80 == 0 {
        request.extend_from_slice(frames);
    } else {
        // As a client that keeps to the format: text frames, masked with nothing, of the lines.
        for line in frames.split(|byte| *byte == b'\n') {
            let length = line.len().min(125);
            request.extend_from_slice(&[0x81, 0x80 | length as u8, 0, 0, 0, 0]);
            request.extend_from_slice(&line[..length]);
        }
    }
    fed(|fed| fed.send(&request));
});

//! Any bytes on a connection: HTTP/1.1, HTTP/2, neither.
#![no_main]

use bia_fuzz::fed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fed(|fed| fed.send(bytes));
});

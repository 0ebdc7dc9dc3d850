//! What the targets share: a service with a field of each kind, asked in bytes.

/// The generated code.
pub mod api {
    bia::include_protos!();
}

#[path = "../../interop/src/transcoding.rs"]
pub mod transcoding;

use std::time::Duration;

use api::transcoding::v1::{echo, parts};
use bia::testing::raw::Raw;
use bia::transport::ServerSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use transcoding::Mirror;

/// No answer to what a target asks is longer.
const LONGEST: usize = 64 << 20;

/// The service, and the thread that everything happens on.
pub struct Fed {
    runtime: Runtime,
    raw: Raw,
}

impl Default for Fed {
    fn default() -> Self {
        Self::new()
    }
}

impl Fed {
    #[must_use]
    pub fn new() -> Self {
        // A paused clock: whatever would be waited for comes at once when there is nothing else to do.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let services = vec![echo(Mirror), parts(Mirror)];
        let raw = runtime
            .block_on(async { Raw::new(services, ServerSettings::default()) })
            .expect("a service");
        Self { runtime, raw }
    }

    /// Sends `bytes` by a connection of their own, then nothing more; gives what came back.
    ///
    /// # Panics
    ///
    /// If the connection is not over within an hour of the paused clock, or the answer has no end.
    pub fn send(&self, bytes: &[u8]) -> Vec<u8> {
        let (near, served) = self.raw.open();
        self.runtime.block_on(async {
            let (mut read, mut write) = tokio::io::split(near);
            let asks = async move {
                // The server may have had enough before the end.
                drop(write.write_all(bytes).await);
                // Not before all that can be answered is: who closes his end wants no answer in HTTP/1.1.
                tokio::time::sleep(Duration::from_millis(1)).await;
                drop(write.shutdown().await);
                write
            };
            let hears = async {
                let mut heard = Vec::new();
                // Cut off is as good as ended.
                drop((&mut read).take(LONGEST as u64 + 1).read_to_end(&mut heard).await);
                heard
            };
            let all = async { tokio::join!(served, asks, hears) };
            let (_, _, heard) = tokio::time::timeout(Duration::from_secs(3600), all)
                .await
                .expect("the connection ends by itself");
            assert!(heard.len() <= LONGEST, "an answer of more than {LONGEST} bytes");
            heard
        })
    }

    /// Asks over HTTP/1.1; gives the status, the head and the body.
    ///
    /// # Panics
    ///
    /// If what comes back is not HTTP.
    pub fn ask(&self, verb: &str, target: &[u8], headers: &str, body: &[u8]) -> Answer {
        let mut bytes = Vec::with_capacity(target.len() + body.len() + 200);
        bytes.extend_from_slice(verb.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(target);
        bytes.extend_from_slice(b" HTTP/1.1\r\nhost: a\r\nconnection: close\r\n");
        bytes.extend_from_slice(headers.as_bytes());
        bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        bytes.extend_from_slice(body);
        Answer::read(&self.send(&bytes))
    }
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// In small letters.
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let end = find(bytes, b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let rest = &bytes[end + 4..];
        let is_chunked = head.contains("transfer-encoding: chunked");
        let body = if is_chunked { chunks(rest) } else { rest.to_vec() };
        Self { status, head, body }
    }

    /// Whether the service itself was asked, and so whatever is answered is its own.
    #[must_use]
    pub fn is_of_the_service(&self) -> bool {
        self.head.contains("x-operation:")
    }

    /// Whether the service answered what JSON cannot say. More can be bound than that: the field mask
    /// `address_2` does not come back from camel case.
    #[must_use]
    pub fn is_beyond_json(&self) -> bool {
        find(&self.body, b"the answer cannot be written as JSON").is_some()
    }
}

/// Puts chunks together.
fn chunks(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = find(bytes, b"\r\n") {
        let size = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let size = usize::from_str_radix(size.trim(), 16).expect("the size of a chunk");
        let chunk = bytes.get(end + 2..end + 2 + size).expect("a whole chunk");
        whole.extend_from_slice(chunk);
        bytes = &bytes[end + 2 + size + 2..];
        if size == 0 {
            break;
        }
    }
    whole
}

#[must_use]
pub fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// `bytes` as they may stand in a request's first line: what would end it is left out.
#[must_use]
pub fn target(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| byte.is_ascii_graphic() && *byte != b'#').collect()
}

thread_local! {
    static FED: Fed = Fed::new();
}

/// Works with the service of this thread.
pub fn fed<T>(work: impl FnOnce(&Fed) -> T) -> T {
    FED.with(work)
}

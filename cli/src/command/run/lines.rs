//! Lines of what a process writes, as it writes them.

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// A longer line is told in pieces.
const LONGEST: usize = 64 << 10;

/// Reads lines until the end.
pub(super) struct Lines<R> {
    from: BufReader<R>,
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from: BufReader::new(from), line: Vec::new() }
    }

    /// The next line without its end; none if there is no more. What is no UTF-8 is replaced.
    pub(super) async fn next(&mut self) -> Option<String> {
        loop {
            // Somebody who cannot be read any more has said all.
            let there = self.from.fill_buf().await.unwrap_or_default();
            if there.is_empty() {
                return (!self.line.is_empty()).then(|| self.take());
            }
            let end = there.iter().position(|byte| *byte == b'\n');
            let room = LONGEST - self.line.len();
            let length = end.unwrap_or(there.len()).min(room);
            self.line.extend_from_slice(&there[..length]);
            let is_whole = end == Some(length);
            self.from.consume(length + usize::from(is_whole));
            if is_whole || self.line.len() == LONGEST {
                return Some(self.take());
            }
        }
    }

    fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        String::from_utf8_lossy(line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_come_whole_and_endless_ones_in_pieces() {
        let long = "x".repeat(LONGEST + 1);
        let text = format!("a\r\n\nb\u{1f600}\n{long}\nlast");
        let mut lines = Lines::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some(line) = lines.next().await {
            all.push(line);
        }
        let piece = "x".repeat(LONGEST);
        assert_eq!(all, ["a", "", "b\u{1f600}", piece.as_str(), "x", "last"]);
    }
}

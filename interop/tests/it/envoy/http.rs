//! A client of HTTP/1.1 that sends a target as it is written: no library tidies it up.

use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) verb: String,
    /// The path with the query, as it goes over the wire.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    pub(crate) fn new(verb: &str, target: &str) -> Self {
        let (verb, target) = (verb.to_owned(), target.to_owned());
        Self { verb, target, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn json(verb: &str, target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new(verb, target) }
            .with("content-type", "application/json")
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// One line that says what is asked, short enough for a person.
impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &str| -> String { text.chars().take(120).collect() };
        write!(f, "{} {}", self.verb, short(&self.target))?;
        for (name, value) in &self.headers {
            if (name.as_str(), value.as_str()) != ("content-type", "application/json") {
                write!(f, " {name}: {value}")?;
            }
        }
        if !self.body.is_empty() {
            write!(f, " {}", short(&String::from_utf8_lossy(&self.body)))?;
        }
        Ok(())
    }
}

/// What was answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body came to its end.
    pub(crate) is_whole: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }
}

/// A client that keeps its connection.
#[derive(Debug)]
pub(crate) struct Client {
    port: u16,
    connection: Option<BufStream<TcpStream>>,
    /// The status of the last answer.
    pub(crate) last: u16,
}

impl Client {
    pub(crate) fn new(port: u16) -> Self {
        Self { port, connection: None, last: 0 }
    }

    /// Asks once, on a new connection if the old one was closed.
    pub(crate) async fn ask(&mut self, ask: &Ask) -> Answer {
        let answer = timeout(Duration::from_secs(20), async {
            if let Some(connection) = self.connection.take()
                && let Ok(answer) = self.on(connection, ask).await
            {
                return Ok(answer);
            }
            let connection = TcpStream::connect(("127.0.0.1", self.port)).await?;
            self.on(BufStream::new(connection), ask).await
        });
        let answer = answer.await.expect("an answer within 20 s");
        let answer = answer.unwrap_or_else(|error| panic!("{ask}: {error}"));
        self.last = answer.status;
        answer
    }

    async fn on(
        &mut self,
        mut connection: BufStream<TcpStream>,
        ask: &Ask,
    ) -> std::io::Result<Answer> {
        let Ask { verb, target, headers, body } = ask;
        let mut head = format!("{verb} {target} HTTP/1.1\r\nhost: transcoding.test\r\n");
        if !body.is_empty() || matches!(verb.as_str(), "POST" | "PUT" | "PATCH") {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(body).await?;
        connection.flush().await?;

        let mut answer = head_of(&mut connection).await?;
        let is_kept = answer.header("connection") != "close";
        let length = answer.header("content-length").parse::<usize>().ok();
        answer.is_whole = true;
        if verb == "HEAD" || matches!(answer.status, 204 | 304) {
            // The head is all there is.
        } else if let Some(length) = length {
            answer.body = vec![0; length];
            connection.read_exact(&mut answer.body).await?;
        } else if answer.header("transfer-encoding") == "chunked" {
            answer.is_whole = read_chunks(&mut connection, &mut answer.body).await.is_ok();
        } else {
            connection.read_to_end(&mut answer.body).await?;
        }
        self.connection = (is_kept && answer.is_whole).then_some(connection);
        Ok(answer)
    }
}

async fn head_of(connection: &mut BufStream<TcpStream>) -> std::io::Result<Answer> {
    let mut answer = Answer::default();
    let first = line(connection).await?;
    answer.status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    loop {
        let line = line(connection).await?;
        let Some((name, value)) = line.split_once(':') else { return Ok(answer) };
        answer.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// Reads chunks; fails where the peer breaks off.
async fn read_chunks(
    connection: &mut BufStream<TcpStream>,
    body: &mut Vec<u8>,
) -> std::io::Result<()> {
    loop {
        let size = line(connection).await?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(std::io::Error::other)?;
        if size == 0 {
            while !line(connection).await?.is_empty() {}
            return Ok(());
        }
        let start = body.len();
        body.resize(start + size, 0);
        if let Some(room) = body.get_mut(start..) {
            connection.read_exact(room).await?;
        }
        line(connection).await?;
    }
}

async fn line(connection: &mut BufStream<TcpStream>) -> std::io::Result<String> {
    let mut line = Vec::new();
    if connection.read_until(b'\n', &mut line).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

//! The requests that we make of an agent, and what its refusals mean.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::response::Parts;
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::error::{BoxError, Error, Result};
use crate::registry::{Instance, Listed};

use super::entry::{self, Registration};
use super::settings::ConsulSettings;
use super::tls::{self, invalid};

/// The agent cannot be reached, or does not answer in time.
pub(super) const UNREACHABLE: &str = "CONSUL_UNREACHABLE";
/// The agent does not let us: the token is missing, unknown or too weak.
pub(super) const FORBIDDEN: &str = "CONSUL_FORBIDDEN";
/// The agent knows nothing of the check that we pass.
pub(super) const FORGOTTEN: &str = "CONSUL_FORGOT_INSTANCE";
/// Whatever else the agent says.
pub(super) const REFUSED: &str = "CONSUL_REFUSED";

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// An unused connection is closed after this long.
const IDLE: Duration = Duration::from_secs(90);
/// No answer is read beyond this, in bytes: some fifty thousand instances.
const LARGEST: usize = 64 << 20;

const INDEX: &str = "x-consul-index";
const KNOWN_LEADER: &str = "x-consul-knownleader";
const FILTERED: &str = "x-consul-results-filtered-by-acls";

pub(super) struct Api {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    token: Option<HeaderValue>,
    /// What follows every path: `ns=…`.
    everywhere: String,
    /// What follows the path of whatever reads the catalogue: `dc=…&stale`.
    reading: String,
    /// What follows the path of whatever writes keys: `dc=…`.
    writing: String,
    timeout: Duration,
    /// Where its settings stand, for errors: `registry.consul`.
    section: &'static str,
}

/// Who serves, as an agent says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) instances: Vec<Instance>,
    /// Where the next query goes on, if the agent says so.
    pub(super) index: Option<u64>,
    /// Whether the server that answered has a leader.
    pub(super) known_leader: bool,
}

/// A key with its value, as an agent says.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry {
    pub(super) key: String,
    /// In base64; none for an empty value.
    #[serde(default)]
    pub(super) value: Option<String>,
    pub(super) modify_index: u64,
}

/// What is under a prefix, or a key, as an agent says.
#[derive(Debug)]
pub(super) struct Keys {
    /// In the order of their names.
    pub(super) entries: Vec<Entry>,
    /// Where the next query goes on, if the agent says so.
    pub(super) index: Option<u64>,
    /// Whether the server that answered has a leader.
    pub(super) known_leader: bool,
    /// Whether it said that it hides keys which the token may not see. Only later versions do.
    pub(super) filtered: bool,
}

/// One part of a transaction on keys.
#[derive(Debug, serde::Serialize)]
pub(super) struct Operation {
    #[serde(rename = "KV")]
    on_key: OnKey,
}

#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct OnKey {
    verb: &'static str,
    key: String,
    /// In base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    index: u64,
}

impl Operation {
    /// `verb` is one of Consul's; `index` is that of the key's last change.
    pub(super) fn new(verb: &'static str, key: &str, index: u64) -> Self {
        Self { on_key: OnKey { verb, key: key.to_owned(), value: None, index } }
    }

    pub(super) fn with_value(mut self, base64: String) -> Self {
        self.on_key.value = Some(base64);
        self
    }
}

/// What kept a transaction from being done.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Conflicts {
    errors: Vec<Conflict>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Conflict {
    op_index: usize,
    what: String,
}

/// Which keys are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// One, of this name.
    Key(String),
    /// All whose names begin so.
    Prefix(String),
}

/// A query that waits for a change since an index, up to a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since {
    pub(super) index: Option<u64>,
    pub(super) wait: Duration,
}

/// One request, and what it is for.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Vec<u8>,
    /// How long the whole may take.
    pub(super) limit: Duration,
    /// `register users 1`, for errors.
    pub(super) what: &'a str,
}

impl Api {
    /// A client for these settings, which stand in `section`.
    pub(super) fn new(settings: &ConsulSettings, section: &'static str) -> Result<Self> {
        let base = base(&settings.address, section)?;
        let https = base.starts_with("https://");
        let tls = if https { tls::client(settings, section)? } else { tls::none()? };
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        let mut everywhere = String::new();
        add(&mut everywhere, "ns", &settings.namespace);
        let mut reading = String::new();
        add(&mut reading, "dc", &settings.datacenter);
        let writing = reading.clone();
        if settings.stale {
            reading.push_str("&stale");
        }
        let token = token(settings, section)?;
        let timeout = settings.timeout;
        Ok(Self { client, base, token, everywhere, reading, writing, timeout, section })
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// Registers an instance; one of the same id is replaced.
    pub(super) async fn register(&self, registration: &Registration) -> Result<()> {
        let what = format!("register {} {}", registration.name, registration.id);
        let body = serde_json::to_vec(registration).map_err(Error::from_source)?;
        self.put("/v1/agent/service/register".to_owned(), body, &what).await
    }

    /// Passes the TTL check of an instance; gives up after `limit`, or the timeout if that is shorter.
    ///
    /// An agent without a leader may be slow to answer although it has taken the word.
    pub(super) async fn pass(&self, instance: &Instance, limit: Duration) -> Result<()> {
        let path = format!("/v1/agent/check/update/{}", encoded(&entry::check_id(&instance.id)));
        let body = br#"{"Status":"passing","Output":"pass"}"#.to_vec();
        let (query, what) = (String::new(), format!("renew {} {}", instance.name, instance.id));
        let limit = limit.min(self.timeout);
        let method = Method::PUT;
        self.request(Ask { method, path, query, body, limit, what: &what }).await.map(drop)
    }

    /// Deregisters an instance; one that the agent does not know is no error.
    pub(super) async fn deregister(&self, instance: &Instance) -> Result<()> {
        let path = format!("/v1/agent/service/deregister/{}", encoded(&instance.id));
        let what = format!("deregister {} {}", instance.name, instance.id);
        match self.put(path, Vec::new(), &what).await {
            Err(error) if error.reason() == FORGOTTEN => Ok(()),
            done => done,
        }
    }

    /// Asks who serves, waiting up to `wait` for a change since `index`.
    pub(super) async fn health(
        &self,
        service: &str,
        index: Option<u64>,
        wait: Duration,
    ) -> Result<Answer> {
        let path = format!("/v1/health/service/{}", encoded(service));
        let mut query = format!("passing=1&wait={}ms", wait.as_millis());
        if let Some(index) = index {
            add(&mut query, "index", &index.to_string());
        }
        query.push_str(&self.reading);
        let what = format!("list the instances of {service}");
        // The server waits up to a sixteenth longer, so that not all come back at once.
        let limit = wait + wait / 16 + self.timeout;
        let ask = Ask { method: Method::GET, path, query, body: Vec::new(), limit, what: &what };
        let (headers, body) = self.request(ask).await?;
        let instances =
            entry::read(service, &body).map_err(|error| self.not_understood(&what, error))?;
        if instances.is_empty() && says(&headers, FILTERED, "true") {
            let why = "it hides instances that this token may not see: give it service:read and node:read";
            return Err(self.failed(403, FORBIDDEN, &what, why));
        }
        let index = headers.get(INDEX).and_then(|index| index.to_str().ok()?.parse().ok());
        Ok(Answer { instances, index, known_leader: !says(&headers, KNOWN_LEADER, "false") })
    }

    /// Asks for the names of all services.
    pub(super) async fn services(&self) -> Result<Vec<String>> {
        let what = "list the services";
        let body = self.get("/v1/catalog/services".to_owned(), what).await?;
        // Each with its tags.
        let names: BTreeMap<String, IgnoredAny> = self.understood(&body, what)?;
        Ok(names.into_keys().collect())
    }

    /// Asks who is registered, whether its checks pass or not.
    pub(super) async fn list(&self, service: &str) -> Result<Vec<Listed>> {
        let what = format!("list the instances of {service}");
        let body = self.get(format!("/v1/health/service/{}", encoded(service)), &what).await?;
        entry::read_all(service, &body).map_err(|error| self.not_understood(&what, error))
    }

    async fn get(&self, path: String, what: &str) -> Result<Bytes> {
        let (method, query, body) = (Method::GET, self.reading.clone(), Vec::new());
        let ask = Ask { method, path, query, body, limit: self.timeout, what };
        Ok(self.request(ask).await?.1)
    }

    fn understood<T: DeserializeOwned>(&self, body: &[u8], what: &str) -> Result<T> {
        serde_json::from_slice(body).map_err(|error| self.not_understood(what, error))
    }

    pub(super) fn not_understood(&self, what: &str, error: serde_json::Error) -> Error {
        self.failed(502, REFUSED, what, "its answer is not understood").with_source(error)
    }

    /// Asks for keys and their values; `since` waits for a change of them, or for a little more.
    ///
    /// That there are none is an answer, with an index to wait from.
    pub(super) async fn keys(&self, scope: &Scope, since: Option<Since>) -> Result<Keys> {
        let (name, mut query) = match scope {
            Scope::Key(key) => (key, String::new()),
            Scope::Prefix(prefix) => (prefix, "recurse".to_owned()),
        };
        let mut limit = self.timeout;
        if let Some(Since { index, wait }) = since {
            query.push_str(&format!("&wait={}ms", wait.as_millis()));
            if let Some(index) = index {
                add(&mut query, "index", &index.to_string());
            }
            limit += wait + wait / 16;
        }
        query.push_str(&self.reading);
        let what = format!("read {name}");
        let path = format!("/v1/kv/{}", encoded_path(name));
        let ask = Ask { method: Method::GET, path, query, body: Vec::new(), limit, what: &what };
        let (head, body) = self.exchange(ask).await?;
        let entries = match head.status {
            StatusCode::NOT_FOUND => Vec::new(),
            status if status.is_success() => self.understood(&body, &what)?,
            status => return Err(self.refused(status, &body, &what)),
        };
        let headers = head.headers;
        let index = headers.get(INDEX).and_then(|index| index.to_str().ok()?.parse().ok());
        let known_leader = !says(&headers, KNOWN_LEADER, "false");
        Ok(Keys { entries, index, known_leader, filtered: says(&headers, FILTERED, "true") })
    }

    /// Writes a key: if `last` is given, only if that is the index of its last change, 0 for a key
    /// that is not there. False if it is not.
    pub(super) async fn write(&self, key: &str, value: String, last: Option<u64>) -> Result<bool> {
        let mut query = last.map_or_else(String::new, |last| format!("cas={last}"));
        query.push_str(&self.writing);
        let (path, what) = (format!("/v1/kv/{}", encoded_path(key)), format!("write {key}"));
        let (body, limit) = (value.into_bytes(), self.timeout);
        let ask = Ask { method: Method::PUT, path, query, body, limit, what: &what };
        let (_, answer) = self.request(ask).await?;
        Ok(answer.trim_ascii() == b"true")
    }

    /// Does all of these or none. If one does not hold, says which.
    pub(super) async fn transact(
        &self,
        operations: &[Operation],
        name: &str,
    ) -> Result<Option<usize>> {
        let what = format!("write {name}");
        let (path, query) = ("/v1/txn".to_owned(), self.writing.clone());
        let body = serde_json::to_vec(operations).map_err(Error::from_source)?;
        let (method, limit) = (Method::PUT, self.timeout);
        let ask = Ask { method, path, query, body, limit, what: &what };
        let (head, body) = self.exchange(ask).await?;
        match head.status {
            StatusCode::CONFLICT => {}
            status if status.is_success() => return Ok(None),
            status => return Err(self.refused(status, &body, &what)),
        }
        let conflicts: Conflicts = self.understood(&body, &what)?;
        let said = |part: &str| conflicts.errors.iter().find(|it| it.what.contains(part));
        if let Some(refusal) = said("Permission denied").or_else(|| said("ACL not found")) {
            let key = operations.get(refusal.op_index).map(|it| it.on_key.key.as_str());
            let what = format!("write {}", key.unwrap_or(name));
            return Err(self.refused(StatusCode::FORBIDDEN, refusal.what.as_bytes(), &what));
        }
        Ok(Some(conflicts.errors.first().map_or(0, |it| it.op_index)))
    }

    /// Removes a key; one that is not there is no error.
    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        let (path, what) = (format!("/v1/kv/{}", encoded_path(key)), format!("remove {key}"));
        let (query, body, limit) = (self.writing.clone(), Vec::new(), self.timeout);
        let ask = Ask { method: Method::DELETE, path, query, body, limit, what: &what };
        self.request(ask).await.map(drop)
    }

    async fn put(&self, path: String, body: Vec<u8>, what: &str) -> Result<()> {
        let (query, limit) = (String::new(), self.timeout);
        self.request(Ask { method: Method::PUT, path, query, body, limit, what }).await?;
        Ok(())
    }

    pub(super) async fn request(&self, ask: Ask<'_>) -> Result<(HeaderMap, Bytes)> {
        let what = ask.what;
        let (head, body) = self.exchange(ask).await?;
        if head.status.is_success() {
            return Ok((head.headers, body));
        }
        Err(self.refused(head.status, &body, what))
    }

    /// How long a request may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(super) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Sends a request and reads the answer, whatever it says.
    async fn exchange(&self, ask: Ask<'_>) -> Result<(Parts, Bytes)> {
        let (limit, what) = (ask.limit, ask.what);
        let request = self.build(ask).map_err(Error::from_source)?;
        let exchange = async {
            let answer = self.client.request(request).await.map_err(BoxError::from)?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LARGEST).collect().await?.to_bytes();
            Ok::<_, BoxError>((head, body))
        };
        match tokio::time::timeout(limit, exchange).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(source)) => {
                let why =
                    format!("it cannot be reached ({}): {}", innermost(&*source), self.reach());
                Err(self.failed(503, UNREACHABLE, what, &why).with_source(source))
            }
            Err(_elapsed) => {
                let why = format!("no answer within {limit:?}: {}", self.reach());
                Err(self.failed(504, UNREACHABLE, what, &why))
            }
        }
    }

    fn build(&self, ask: Ask<'_>) -> http::Result<Request<Full<Bytes>>> {
        let Ask { method, path, query, body, .. } = ask;
        let query = format!("{query}{}", self.everywhere);
        let query = query.trim_start_matches('&');
        let separator = if query.is_empty() { "" } else { "?" };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}{separator}{query}", self.base))
            .header(USER_AGENT, concat!("bia/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = &self.token {
            request = request.header("x-consul-token", token);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request.body(Full::new(body.into()))
    }

    /// What an answer that is no success means, in the agent's words and with what to do.
    fn refused(&self, status: StatusCode, body: &[u8], what: &str) -> Error {
        let said = String::from_utf8_lossy(&body[..body.len().min(400)]);
        let said = said.trim();
        // Consul before 1.9 answers 500 for a check that it does not know, later ones 404.
        let unknown =
            said.contains("does not have associated TTL") || said.contains("Unknown check");
        let section = self.section;
        let (code, reason, remedy) = match status {
            StatusCode::NOT_FOUND => (404, FORGOTTEN, String::new()),
            _ if unknown => (404, FORGOTTEN, String::new()),
            _ if said.contains("ACL not found") => {
                (401, FORBIDDEN, format!(": it does not know the token: check {section}.token"))
            }
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED if self.token.is_none() => {
                (403, FORBIDDEN, format!(": it asks for a token: set {section}.token"))
            }
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => {
                (403, FORBIDDEN, format!(": give the token of {section}.token that right"))
            }
            status if status.is_server_error() => (503, REFUSED, String::new()),
            _ => (400, REFUSED, String::new()),
        };
        self.failed(code, reason, what, &format!("it answers {} {said:?}{remedy}", status.as_u16()))
    }

    fn failed(&self, code: u16, reason: &'static str, what: &str, why: &str) -> Error {
        Error::new(code, reason, format!("cannot {what} at consul {}: {why}", self.base))
    }

    fn reach(&self) -> String {
        let section = self.section;
        match self.base.starts_with("https://") {
            true => {
                format!("check that the agent runs, {section}.address, and {section}.ca_file")
            }
            false => format!("check that the agent runs, and {section}.address"),
        }
    }
}

/// The address as a scheme, a host and perhaps a path, without a slash at the end.
fn base(address: &str, section: &str) -> Result<String> {
    let address = address.trim().trim_end_matches('/');
    let base = match address.contains("://") {
        true => address.to_owned(),
        false => format!("http://{address}"),
    };
    let uri: Option<Uri> = base.parse().ok();
    let good = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|it| !it.host().is_empty() && !it.as_str().contains('@'))
            && uri.query().is_none()
    });
    match good {
        true => Ok(base),
        false => Err(invalid(format!(
            "{section}.address {address:?} is no address: write http://host:8500 or https://host:8501"
        ))),
    }
}

fn token(settings: &ConsulSettings, section: &str) -> Result<Option<HeaderValue>> {
    if settings.token.is_empty() {
        return Ok(None);
    }
    let mut token = HeaderValue::from_str(settings.token.reveal().trim()).map_err(|error| {
        invalid(format!("{section}.token holds what no header can")).with_source(error)
    })?;
    token.set_sensitive(true);
    Ok(Some(token))
}

fn says(headers: &HeaderMap, name: &str, value: &str) -> bool {
    headers.get(name).is_some_and(|is| is.as_bytes().eq_ignore_ascii_case(value.as_bytes()))
}

/// Adds `&name=value` unless there is no value.
fn add(query: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        query.push_str(&format!("&{name}={}", encoded(value)));
    }
}

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The text as it stands in a segment or a value.
fn encoded(text: &str) -> impl Display {
    utf8_percent_encode(text, RESERVED)
}

/// A name of segments, `config/users/app.yaml`, whose slashes stay.
fn encoded_path(name: &str) -> String {
    const RESERVED: &AsciiSet = &self::RESERVED.remove(b'/');
    utf8_percent_encode(name, RESERVED).to_string()
}

/// The cause of all causes: `connection refused`.
fn innermost<'a>(
    mut error: &'a (dyn std::error::Error + 'static),
) -> &'a (dyn std::error::Error + 'static) {
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

//! Servers and callers that speak TLS over real sockets, with certificates that are made here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls_pki_types::ServerName;
use rustls_pki_types::pem::PemObject;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::app::{App, Config};
use crate::backend::memory::Memory;
use crate::client::{Channel, ClientSettings};
use crate::dispatch::{Facts, Handler, Reply, ServerCall, Service};
use crate::operation::{Kind, Operation};
use crate::testing::TestApp;

static ECHO: Operation = Operation::new("/t.Echo/Echo", Kind::Unary);
static FACTS: Facts = Facts::new("t.Echo", &[&ECHO], &[]);

/// No wait in these tests takes so long unless what is awaited does not happen.
const LONG: Duration = Duration::from_secs(20);

struct Echo;

impl Handler for Echo {
    fn call(&self, _: usize, call: ServerCall) -> Reply {
        call.unary(|cx, text: String| async move {
            if text == "who" {
                return Ok(cx.peer().names().join(", "));
            }
            if text == "slow" {
                // sleeps: a handler that takes its time.
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            Ok(text)
        })
    }
}

/// Somebody who signs certificates, and a folder to put them in.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Those of one name would be taken for each other.
        let name = format!("authority {}", fastrand::u64(..));
        params.distinguished_name.push(DnType::CommonName, name);
        let folder = tempfile::tempdir().unwrap();
        let ca = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// A new certificate of these names and its key, as PEM.
    fn pair(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> [String; 2] {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        [params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem()]
    }

    /// The same in two files, whose names begin so.
    fn issue(&self, file: &str, names: &[&str]) {
        let [certificate, key] = self.pair(names, |_| {});
        std::fs::write(self.path(&format!("{file}.pem")), certificate).unwrap();
        std::fs::write(self.path(&format!("{file}.key")), key).unwrap();
    }

    /// Settings of a server whose certificate is in the files that begin so.
    fn server(&self, file: &str, more: &str) -> String {
        let (certificate, key) =
            (self.path(&format!("{file}.pem")), self.path(&format!("{file}.key")));
        let (certificate, key) = (certificate.display(), key.display());
        format!("server: {{tls: {{certificate: {certificate}, key: {key}{more}}}}}")
    }
}

fn app(yaml: &str) -> App {
    let config = Config::<()>::for_test(yaml).unwrap();
    App::new("echo-service", "1", &config).unwrap().serve(Service::new(&FACTS, Echo))
}

async fn serve(yaml: &str) -> TestApp {
    TestApp::spawn(app(yaml)).await.unwrap()
}

fn trusting(ca: &Path) -> ClientSettings {
    let mut settings = ClientSettings::default();
    settings.tls.ca = Some(ca.to_owned());
    settings.connect_timeout = Duration::from_secs(2);
    settings
}

fn direct(app: &TestApp, settings: ClientSettings) -> Channel {
    Channel::builder(app.address().unwrap().to_string()).settings(settings).build().unwrap()
}

async fn echo(channel: &Channel, text: &str) -> crate::Result<String> {
    timeout(LONG, channel.unary(&ECHO, text.to_owned())).await.unwrap()
}

/// A connection as anybody would make it, offering these protocols.
async fn raw(
    app: &TestApp,
    ca: &Path,
    protocols: &[&str],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_pki_types::CertificateDer::pem_file_iter(ca).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let socket = TcpStream::connect(app.address().unwrap()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

/// The certificate that a new connection is shown.
async fn shown(app: &TestApp, ca: &Path) -> Vec<u8> {
    let stream = raw(app, ca, &["h2"]).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

fn der(pem: &Path) -> Vec<u8> {
    rustls_pki_types::CertificateDer::from_pem_file(pem).unwrap().to_vec()
}

async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < LONG, "what was waited for did not happen");
        // sleeps: between two looks at something that cannot be awaited.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn two_services_find_each_other_and_speak_tls() {
    let authority = Authority::new();
    // The name under which it is called, as in every gRPC.
    authority.issue("echo", &["echo-service"]);
    let registry = Memory::new();
    let echoes = app(&authority.server("echo", "")).registrar(registry.clone());
    let echoes = TestApp::spawn(echoes).await.unwrap();
    let yaml = format!("client: {{tls: {{ca: {}}}}}", authority.ca().display());
    let caller = app(&yaml).discovery(registry);
    let channel = caller.channel("echo-service").unwrap();
    assert_eq!(echo(&channel, "hello").await.unwrap(), "hello");
    let state = channel.state();
    assert_eq!((state.nodes.len(), state.unusable), (1, 0));
    echoes.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_meant_to_be_encrypted_is_not_sent_to_one_who_announces_no_tls() {
    let authority = Authority::new();
    let registry = Memory::new();
    let echoes = TestApp::spawn(app("").registrar(registry.clone())).await.unwrap();
    let yaml = format!("client: {{tls: {{ca: {}}}}}", authority.ca().display());
    let caller = app(&yaml).discovery(registry);
    let error = echo(&caller.channel("echo-service").unwrap(), "secret").await.unwrap_err();
    assert_eq!(
        error.message(),
        "echo-service has no instance (1 known, 1 without an endpoint for gRPC over TLS (grpcs://))"
    );
    echoes.stop().await.unwrap();
}

#[tokio::test]
async fn a_node_is_called_only_if_its_certificate_is_trusted_current_and_names_it() {
    let authority = Authority::new();
    let other = Authority::new();
    authority.issue("other-name", &["other.internal"]);
    authority.issue("good", &["127.0.0.1"]);
    let [old, key] = authority.pair(&["127.0.0.1"], |params| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    std::fs::write(authority.path("expired.pem"), old).unwrap();
    std::fs::write(authority.path("expired.key"), key).unwrap();
    let table = [
        ("good", authority.ca(), None),
        ("good", other.ca(), Some("UnknownIssuer")),
        ("other-name", authority.ca(), Some("not valid for name")),
        ("expired", authority.ca(), Some("expired")),
    ];
    for (file, ca, expected) in table {
        let app = serve(&authority.server(file, "")).await;
        let answer = echo(&direct(&app, trusting(&ca)), "a").await;
        match (answer, expected) {
            (Ok(text), None) => assert_eq!(text, "a"),
            (Err(error), Some(expected)) => {
                assert_eq!((error.code(), error.reason()), (503, "NODE_NOT_FOUND"), "{file}");
                assert!(error.message().contains("no handshake of TLS"), "{file}: {error}");
                assert!(error.message().contains(expected), "{file}: {error}");
            }
            (answer, _) => panic!("{file}: {answer:?}"),
        }
        app.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_shows_a_certificate_where_one_is_asked_for_and_is_known_by_its_names() {
    let authority = Authority::new();
    let other = Authority::new();
    authority.issue("server", &["127.0.0.1"]);
    let [certificate, key] = authority.pair(&["order-service", "orders.internal"], |params| {
        let id = "spiffe://bia/order-service".try_into().unwrap();
        params.subject_alt_names.insert(0, SanType::URI(id));
    });
    std::fs::write(authority.path("caller.pem"), certificate).unwrap();
    std::fs::write(authority.path("caller.key"), key).unwrap();
    other.issue("stranger", &["order-service"]);
    let trusted = format!(", client_ca: {}", authority.ca().display());
    let app = serve(&authority.server("server", &trusted)).await;
    let with = |authority: &Authority, file: &str, settings: ClientSettings| {
        let mut settings = settings;
        settings.tls.certificate = Some(authority.path(&format!("{file}.pem")));
        settings.tls.key = Some(authority.path(&format!("{file}.key")));
        settings
    };
    let known = with(&authority, "caller", trusting(&authority.ca()));
    let who = echo(&direct(&app, known), "who").await.unwrap();
    assert_eq!(who, "order-service, orders.internal, spiffe://bia/order-service");
    let strangers =
        [trusting(&authority.ca()), with(&other, "stranger", trusting(&authority.ca()))];
    for settings in strangers {
        let error = echo(&direct(&app, settings), "a").await.unwrap_err();
        assert_eq!(error.code(), 503, "{error}");
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn http_1_is_spoken_over_tls_too_and_nothing_in_the_clear() {
    let authority = Authority::new();
    authority.issue("server", &["localhost"]);
    let app = serve(&authority.server("server", "")).await;
    let mut stream = raw(&app, &authority.ca(), &["http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let request = b"GET /none HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");

    let mut clear = TcpStream::connect(app.address().unwrap()).await.unwrap();
    clear.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    clear.read_to_end(&mut answer).await.ok();
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    app.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_that_are_renewed_under_load_lose_no_call() {
    let authority = Authority::new();
    authority.issue("server", &["127.0.0.1", "localhost"]);
    // Connections are renewed all the time, and each shakes hands anew.
    let yaml = authority.server("server", "");
    let yaml = yaml.strip_suffix('}').unwrap().to_owned() + ", connection: {max_age: 50ms}}";
    let app = serve(&yaml).await;
    let channel = direct(&app, trusting(&authority.ca()));
    let done = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|caller| {
            let (channel, done) = (channel.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut calls = 0;
                while !done.load(Ordering::Relaxed) {
                    let text = format!("{caller} {calls}");
                    assert_eq!(echo(&channel, &text).await.unwrap(), text);
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    for _ in 0..5 {
        authority.issue("server", &["127.0.0.1", "localhost"]);
        let renewed = der(&authority.path("server.pem"));
        until(async || shown(&app, &authority.ca()).await == renewed).await;

        // Half of a pair, and then nothing of use: what was there stays.
        let [certificate, _] = authority.pair(&["127.0.0.1", "localhost"], |_| {});
        for broken in [certificate.as_str(), "nonsense", ""] {
            std::fs::write(authority.path("server.pem"), broken).unwrap();
            // sleeps: longer than the files are left alone.
            tokio::time::sleep(Duration::from_millis(60)).await;
            assert_eq!(shown(&app, &authority.ca()).await, renewed);
        }
    }
    done.store(true, Ordering::Relaxed);
    for caller in callers {
        assert!(caller.await.unwrap() > 0);
    }
    app.stop().await.unwrap();
}

#[tokio::test]
async fn whom_a_caller_trusts_changes_with_the_file() {
    let (first, second) = (Authority::new(), Authority::new());
    first.issue("server", &["127.0.0.1"]);
    second.issue("server", &["127.0.0.1"]);
    let app = serve(&second.server("server", "")).await;
    let mut settings = trusting(&first.ca());
    settings.backoff.max = Duration::from_millis(100);
    let channel = direct(&app, settings);
    assert!(echo(&channel, "a").await.unwrap_err().message().contains("UnknownIssuer"));
    std::fs::copy(second.ca(), first.ca()).unwrap();
    until(async || echo(&channel, "a").await.is_ok()).await;
    app.stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_finishes_the_calls_that_came_by_tls() {
    let authority = Authority::new();
    authority.issue("server", &["127.0.0.1"]);
    let app = serve(&authority.server("server", "")).await;
    let channel = direct(&app, trusting(&authority.ca()));
    echo(&channel, "a").await.unwrap();
    let slow: Vec<_> = (0..8)
        .map(|_| tokio::spawn(channel.unary::<_, String>(&ECHO, "slow".to_owned())))
        .collect();
    until(async || channel.state().nodes[0].in_flight >= 8).await;
    let begun = Instant::now();
    app.stop().await.unwrap();
    for call in slow {
        assert_eq!(call.await.unwrap().unwrap(), "slow");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named_before_anything_starts() {
    let authority = Authority::new();
    authority.issue("a", &["localhost"]);
    authority.issue("b", &["localhost"]);
    let fails = |yaml: &str| {
        let built = Config::<()>::for_test(yaml).map_err(|invalid| invalid.to_string());
        built.and_then(|config| {
            App::new("t", "1", &config).map(drop).map_err(|exit| exit.to_string())
        })
    };
    let path = |name: &str| authority.path(name).display().to_string();
    let pair = |certificate: &str, key: &str| {
        let (certificate, key) = (path(certificate), path(key));
        format!("server: {{tls: {{certificate: {certificate}, key: {key}}}}}")
    };
    let table = [
        (pair("none.pem", "a.key"), "cannot read server.tls.certificate"),
        (pair("a.pem", "b.key"), "does not fit server.tls.certificate"),
        (pair("a.key", "a.key"), "holds no certificate: give a PEM file"),
        (pair("a.pem", "a.pem"), "cannot use server.tls.key"),
        (format!("server: {{tls: {{certificate: {}}}}}", path("a.pem")), "server.tls.key"),
        (format!("server: {{tls: {{client_ca: {}}}}}", path("a.pem")), "server.tls.certificate"),
        (format!("client: {{tls: {{key: {}}}}}", path("a.key")), "client.tls.certificate"),
    ];
    for (yaml, expected) in table {
        let error = fails(&yaml).unwrap_err();
        assert!(error.contains(expected), "{yaml}: {error}");
    }
    fails(&pair("a.pem", "a.key")).unwrap();
}

//! A real Envoy with its gRPC-JSON transcoder before a service of ours.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::peer::program;

const DESCRIPTORS: &str = concat!(env!("OUT_DIR"), "/transcoding.binpb");

/// How long it may take to start, on a machine that has other things to do.
const START: Duration = Duration::from_secs(60);

pub(crate) struct Envoy {
    pub(crate) port: u16,
    _process: Child,
    _folder: TempDir,
}

impl Envoy {
    /// Starts it before the port `upstream`; none if it is not installed.
    pub(crate) async fn start(test: &str, upstream: u16) -> Option<Self> {
        let program = program(test, "envoy")?;
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("envoy.log");
        // Somebody else may take the port between our look and Envoy's start: then it ends, and is started again.
        for _ in 0..5 {
            let port = free_port();
            let file = folder.path().join("envoy.json");
            std::fs::write(&file, configuration(port, upstream).to_string()).unwrap();
            let mut command = Command::new(&program);
            command.args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "warn"]);
            command.arg("--log-path").arg(&log).arg("-c").arg(&file);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut process = command.kill_on_drop(true).spawn().unwrap();
            let ready = async {
                while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                    if process.try_wait().unwrap().is_some() {
                        return false;
                    }
                    // sleeps: it tells nobody when it listens
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                true
            };
            if tokio::time::timeout(START, ready).await.expect("Envoy starts in time") {
                return Some(Self { port, _process: process, _folder: folder });
            }
        }
        panic!("Envoy ends at once: {}", std::fs::read_to_string(log).unwrap_or_default());
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    loop {
        let port = fastrand::u16(10_000..32_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// What of its filters is not said here is as Envoy has it.
fn configuration(port: u16, upstream: u16) -> serde_json::Value {
    let address =
        |port: u16| json!({"socket_address": {"address": "127.0.0.1", "port_value": port}});
    let typed = |name: &str, mut config: serde_json::Value| {
        config["@type"] = json!(format!("type.googleapis.com/envoy.extensions.{name}"));
        config
    };
    let transcoder = typed(
        "filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        json!({
            "proto_descriptor": DESCRIPTORS,
            "services": ["transcoding.v1.Echo"],
            "print_options": {"always_print_primitive_fields": true},
            // Methods without a rule answer at their own name.
            "auto_mapping": true,
            // Errors of the service as JSON, with the status of HTTP.
            "convert_grpc_status": true,
            "url_unescape_spec": "ALL_CHARACTERS_EXCEPT_SLASH",
            "query_param_unescape_plus": true,
            "ignore_unknown_query_parameters": true,
            // Without these what it does not know goes to the service as it is.
            "request_validation_options": {"reject_unknown_method": true},
        }),
    );
    let manager = typed(
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "in",
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                {"match": {"prefix": "/"}, "route": {"cluster": "ours", "timeout": "10s"}},
            ]}]},
            "http_filters": [
                {"name": "transcoder", "typed_config": transcoder},
                {"name": "router", "typed_config": typed("filters.http.router.v3.Router", json!({}))},
            ],
        }),
    );
    let options = typed(
        "upstreams.http.v3.HttpProtocolOptions",
        json!({"explicit_http_config": {"http2_protocol_options": {}}}),
    );
    json!({"static_resources": {
        "listeners": [{"name": "in", "address": address(port), "filter_chains": [{"filters": [
            {"name": "http", "typed_config": manager},
        ]}]}],
        "clusters": [{
            "name": "ours",
            "type": "STATIC",
            "connect_timeout": "5s",
            "typed_extension_protocol_options":
                {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
            "load_assignment": {"cluster_name": "ours", "endpoints": [{"lb_endpoints": [
                {"endpoint": {"address": address(upstream)}},
            ]}]},
        }],
    }})
}

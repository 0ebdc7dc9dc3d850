//! What is measured, as Prometheus sees it: the page, the alert rules and the dashboard.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bia::__codegen::{Facts, Handler, Reply, ServerCall};
use bia::backend::memory::Memory;
use bia::opentelemetry::KeyValue;
use bia::telemetry::metrics::{Kind as Of, catalogue};
use bia::testing::TestApp;
use bia::{App, Body, Channel, Config, Context, Error, Kind, Operation, Result, Service};
use futures_util::StreamExt;
use futures_util::stream;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1 as proto;
use prost::Message;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;
use tower::ServiceExt;

use crate::admin::until_it_has_a_node;
use crate::fixture::collector;
use crate::fixture::prometheus::{Prometheus, promtool};
use crate::otlp::{self, Collector};

static ECHO: Operation = Operation::new("/echo.v1.Echo/Say", Kind::Unary);
static ECHOES: Facts = Facts::new("echo.v1.Echo", &[&ECHO], &[]);

/// Says what it is told, and breaks when it is told to.
struct Echo;

impl Handler for Echo {
    fn call(&self, _: usize, call: ServerCall) -> Reply {
        call.unary(|_: Context, said: String| async move {
            match said.as_str() {
                "break" => Err(Error::internal("BROKEN", "as it was told")),
                "" => Err(Error::bad_request("NOTHING_SAID", "say something")),
                _ => Ok(said),
            }
        })
    }
}

/// An app that calls itself through a registry.
fn app(yaml: &str) -> (App, Channel) {
    let config = Config::<()>::for_test(yaml).unwrap();
    let memory = Memory::new();
    let app = App::new("echo", "1.2.3", &config)
        .unwrap()
        .registrar(memory.clone())
        .discovery(memory)
        .serve(Service::new(&ECHOES, Echo));
    let channel = app.channel("echo").unwrap();
    (app, channel)
}

/// Settings that send everything to a collector, soon.
fn sending(collector: &Collector) -> String {
    let endpoint = collector.endpoint();
    format!(
        "telemetry: {{otlp: {{endpoint: '{endpoint}', delay: 10ms}}, metrics: {{interval: 1h}}}}"
    )
}

async fn say(channel: &Channel, what: &str) -> Result<String> {
    channel.unary(&ECHO, what.to_owned()).await
}

async fn page(admin: SocketAddr) -> String {
    page_as(admin, "text/plain").await
}

async fn page_as(admin: SocketAddr, accept: &str) -> String {
    let mut socket = TcpStream::connect(admin).await.unwrap();
    let request = format!("GET /metrics HTTP/1.0\r\naccept: {accept}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)
}

/// The queries of the dashboard, each with the title of its panel.
fn queries() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(deploy("grafana/bia.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.filter(|panel| panel["type"] != "row").flat_map(|panel| {
        let title = panel["title"].as_str().unwrap();
        let targets = panel["targets"].as_array().unwrap().iter();
        targets.map(move |target| (title.to_owned(), target["expr"].as_str().unwrap().to_owned()))
    });
    targets.collect()
}

/// The words of a query that are neither in a text nor a variable of the dashboard.
fn words(query: &str) -> BTreeSet<String> {
    let bare: String = query.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_:$".contains(letter);
    let words = bare.split(|letter| !is_word(letter)).filter(|word| !word.is_empty());
    words
        .filter(|word| !word.starts_with(|first: char| first.is_ascii_digit() || first == '$'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn dashboard_and_alerts_name_only_metrics_that_are_there() {
    let mut known: BTreeSet<String> = [
        "sum",
        "by",
        "rate",
        "histogram_quantile",
        "increase",
        "count",
        "max",
        "changes",
        "and",
        "or",
        "le",
        "job",
        "instance",
    ]
    .map(str::to_owned)
    .into();
    for family in catalogue() {
        let name = family.text_name();
        if family.kind == Of::Histogram {
            known.extend(["_bucket", "_sum", "_count"].map(|part| format!("{name}{part}")));
        } else {
            known.insert(name);
        }
        known.extend(family.text_labels());
    }
    let rules = std::fs::read_to_string(deploy("prometheus/bia.rules.yaml")).unwrap();
    let rules = rules.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    let rules = rules.map(|expr| serde_json::from_str::<String>(expr).unwrap());
    let all: Vec<_> = queries().into_iter().map(|(_, query)| query).chain(rules).collect();
    assert!(all.len() > 40, "{all:?}");
    for query in all {
        let unknown: Vec<_> = words(&query).into_iter().filter(|it| !known.contains(it)).collect();
        assert!(unknown.is_empty(), "{unknown:?} in {query}");
    }
}

#[tokio::test]
async fn promtool_finds_nothing_to_say_about_page_and_rules() {
    const TEST: &str = "promtool_finds_nothing_to_say_about_page_and_rules";
    let (app, channel) = app("telemetry: {otlp: {endpoint: 'http://127.0.0.1:1'}}");
    let meter = app.meter();
    let lengths = meter.f64_histogram("echo.length").with_unit("By");
    let lengths = lengths.with_description("How long it was.").build();
    let app = TestApp::spawn(app).await.unwrap();
    until_it_has_a_node(&channel).await;
    for what in ["a", "break", ""] {
        say(&channel, what).await.ok();
    }
    lengths.record(1.0, &[KeyValue::new("who", "a \"hostile\"\n\\one\u{7f}")]);
    let page = page(app.admin_address().unwrap()).await;
    for family in catalogue() {
        let line = format!("# TYPE {} ", family.text_name());
        assert!(page.contains(&line), "no {line}: {page}");
    }
    assert!(page.contains("echo_length_bytes_count{who=\"a \\\"hostile\\\"\\n\\\\one\u{7f}\""));
    let Some((fine, said)) = promtool(TEST, &["check", "metrics"], &page).await else { return };
    assert!(fine && said.is_empty(), "{said}\n{page}");
    let rules = deploy("prometheus/bia.rules.yaml").display().to_string();
    let (fine, said) = promtool(TEST, &["check", "rules", &rules], "").await.unwrap();
    assert!(fine, "{said}");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn alerts_fire_when_they_should_and_not_before() {
    const TEST: &str = "alerts_fire_when_they_should_and_not_before";
    let tests = deploy("prometheus/bia.rules.test.yaml").display().to_string();
    let Some((fine, said)) = promtool(TEST, &["test", "rules", &tests], "").await else { return };
    assert!(fine, "{said}");
    // Every one of them is tried.
    let rules = std::fs::read_to_string(deploy("prometheus/bia.rules.yaml")).unwrap();
    let tests = std::fs::read_to_string(&tests).unwrap();
    for alert in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(tests.contains(&format!("alertname: {alert}\n")), "{alert}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_shows_every_panel_of_the_dashboard_and_evaluates_every_rule() {
    const TEST: &str = "prometheus_shows_every_panel_of_the_dashboard_and_evaluates_every_rule";
    let collector = Collector::start().await;
    let (app, channel) = app(&sending(&collector));
    let app = TestApp::spawn(app).await.unwrap();
    until_it_has_a_node(&channel).await;
    let rules = deploy("prometheus/bia.rules.yaml");
    let admin = app.admin_address().unwrap();
    let Some(prometheus) = Prometheus::start(TEST, &[admin], Some(&rules)).await else { return };
    // Rates are there when calls come while Prometheus looks.
    let load = tokio::spawn(async move {
        for what in ["a", "break", ""].iter().cycle() {
            say(&channel, what).await.ok();
            // sleeps: this is how often it is called.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let load = AbortOnDropHandle::new(load);
    for (title, query) in queries() {
        let query = query
            .replace("$__rate_interval", "5s")
            .replace("$job", "test")
            .replace("$instance", ".*");
        let series = prometheus.until(&query, |series| !series.is_empty()).await;
        let numbers = series.iter().map(|series| series["value"][1].as_str().unwrap());
        let numbers: Vec<f64> = numbers.map(|number| number.parse().unwrap()).collect();
        assert!(numbers.iter().any(|number| number.is_finite()), "{title}: {query}: {numbers:?}");
    }
    let state = prometheus.api("rules?type=alert").await;
    let rules = state["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() > 10, "{state}");
    for rule in rules {
        assert_eq!((&rule["health"], &rule["lastError"]), (&"ok".into(), &Value::Null), "{rule}");
    }
    drop(load);
    app.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_unknown_paths_leave_the_page_as_long_as_a_few_do() {
    let (app, _) = app("");
    let app = TestApp::spawn(app).await.unwrap();
    let admin = app.admin_address().unwrap();
    let channel = app.channel().unwrap();
    let call = |number: usize| {
        let path = format!("http://echo/made.up.Service{number}/Do%22%0A{number}");
        let request = http::Request::post(path)
            .header("content-type", "application/grpc")
            .body(Body::empty())
            .unwrap();
        let channel = channel.clone();
        async move {
            let response = channel.oneshot(request).await.unwrap();
            http_body_util::BodyExt::collect(response.into_body()).await.ok();
        }
    };
    call(0).await;
    let before = page(admin).await.lines().count();
    stream::iter((1..10_000).map(call)).buffer_unordered(64).collect::<()>().await;
    let page = page(admin).await;
    assert_eq!(page.lines().count(), before, "{page}");
    let mut found = page.lines().filter(|line| {
        line.starts_with("rpc_server_call_duration_seconds_count")
            && line.contains("rpc_method=\"_OTHER\"")
            && line.contains("rpc_response_status_code=\"UNIMPLEMENTED\"")
    });
    assert!(found.next().is_some_and(|line| line.ends_with(" 10000")), "{page}");
    assert!(!page.contains("made.up"), "{page}");
    app.stop().await.unwrap();
}

/// The metrics of the requests that a collector took, by name.
fn sent(requests: &[otlp::Received]) -> BTreeMap<String, proto::Metric> {
    let metrics = requests.iter().filter(|one| one.path.ends_with("MetricsService/Export"));
    metrics
        .flat_map(|one| {
            ExportMetricsServiceRequest::decode(one.message.clone()).unwrap().resource_metrics
        })
        .flat_map(|resource| resource.scope_metrics)
        .flat_map(|scope| scope.metrics)
        .map(|metric| (metric.name.clone(), metric))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exemplar_leads_to_the_trace_of_its_call_on_the_page_in_otlp_and_in_prometheus() {
    const TEST: &str =
        "an_exemplar_leads_to_the_trace_of_its_call_on_the_page_in_otlp_and_in_prometheus";
    let collector = Collector::start().await;
    let (app, channel) = app(&sending(&collector));
    let app = TestApp::spawn(app).await.unwrap();
    until_it_has_a_node(&channel).await;
    say(&channel, "break").await.unwrap_err();
    let traces: BTreeSet<_> = collector
        .until_spans(2)
        .await
        .into_iter()
        .filter(|span| span.name == "echo.v1.Echo/Say")
        .map(|span| hex(&span.trace_id))
        .collect();
    let [trace] = traces.iter().collect::<Vec<_>>()[..] else { panic!("{traces:?}") };

    let admin = app.admin_address().unwrap();
    let open = page_as(admin, "application/openmetrics-text").await;
    let said = format!("# {{trace_id=\"{trace}\",span_id=\"");
    for side in ["server", "client"] {
        let bucket = format!("rpc_{side}_call_duration_seconds_bucket");
        let mut lines = open.lines().filter(|line| line.starts_with(&bucket));
        assert!(lines.any(|line| line.contains("\"BROKEN\"") && line.contains(&said)), "{open}");
    }
    if let Some(prometheus) = Prometheus::start(TEST, &[admin], None).await {
        let selector = "rpc_server_call_duration_seconds_bucket{error_type=\"BROKEN\"}";
        prometheus.until(selector, |series| !series.is_empty()).await;
        let found = prometheus.exemplars(selector).await;
        assert_eq!(found[0]["exemplars"][0]["labels"]["trace_id"], trace.as_str(), "{found}");
    }
    // What was measured last arrives with the stop.
    app.stop().await.unwrap();
    let metrics = sent(&collector.requests());
    let duration = metrics["rpc.server.call.duration"].data.clone();
    let Some(proto::metric::Data::Histogram(duration)) = duration else { panic!("{duration:?}") };
    let mut exemplars = duration.data_points.iter().flat_map(|point| &point.exemplars);
    assert!(exemplars.any(|exemplar| hex(&exemplar.trace_id) == *trace), "{duration:?}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_collector_gets_the_metrics_every_interval() {
    const TEST: &str = "a_collector_gets_the_metrics_every_interval";
    let Some(collector) = collector::Collector::start(TEST).await else { return };
    let endpoint = collector.endpoint();
    let settings =
        format!("telemetry: {{otlp: {{endpoint: '{endpoint}'}}, metrics: {{interval: 100ms}}}}");
    let (app, channel) = app(&settings);
    let placed = app.meter().u64_counter("orders.placed").build();
    placed.add(1, &[]);
    let app = TestApp::spawn(app).await.unwrap();
    until_it_has_a_node(&channel).await;
    say(&channel, "a").await.unwrap();
    for name in ["rpc.server.call.duration", "orders.placed", "process.cpu.time"] {
        collector.until(name, |printed| printed.contains(name).then_some(())).await;
    }
    app.stop().await.unwrap();
}

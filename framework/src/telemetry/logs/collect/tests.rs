use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message;

use crate::operation::{Kind, Operation};
use crate::telemetry::otlp::Otlp;
use crate::telemetry::otlp::testing::{Collector, attributes};
use crate::telemetry::settings::{LogSettings, OtlpSettings};

use super::super::tests::{call, json, with};
use super::*;

static GET: Operation = Operation::new("/user.v1.UserService/GetUser", Kind::Unary);

/// An endpoint that is not there: what waits goes on waiting.
fn settings(endpoint: String) -> OtlpSettings {
    OtlpSettings { endpoint, delay: Duration::from_millis(10), ..OtlpSettings::default() }
}

#[tokio::test]
async fn a_collector_gets_the_lines_that_are_written_with_the_ids_of_their_call() {
    let collector = Collector::start().await;
    let resource = [("service.name".to_owned(), "users".to_owned())];
    let otlp = Otlp::begin(&settings(collector.endpoint()), &resource).unwrap().unwrap();
    let (log, written) = json(&LogSettings::default());
    log.collector.store(otlp.lane(ToCollector).unwrap().map(std::sync::Arc::new));
    with(&log, || {
        call(&GET).enter(|| {
            tracing::warn!(target: "mine", n = 7, ratio = 0.5, password = "S3CR3T", "inside");
            tracing::debug!("not told");
        });
        tracing::info!(big = u64::MAX, is_on = true, body = r#"{"token":"S3CR3T"}"#, "outside");
    });
    assert_eq!(written.lines().len(), 2);
    let is_sent = |one: &crate::telemetry::otlp::testing::Received| {
        one.path.ends_with("LogsService/Export") && one.taken
    };
    assert!(otlp.flush(Duration::from_secs(10)).await);
    let requests = collector.requests();
    let logs: Vec<_> = requests
        .iter()
        .filter(|one| is_sent(one))
        .flat_map(|one| {
            assert!(!String::from_utf8_lossy(&one.message).contains("S3CR3T"));
            ExportLogsServiceRequest::decode(one.message.clone()).unwrap().resource_logs
        })
        .collect();
    let who = attributes(&logs[0].resource.as_ref().unwrap().attributes);
    assert_eq!(who["service.name"], "users");
    let scopes: Vec<_> = logs.into_iter().flat_map(|logs| logs.scope_logs).collect();
    let targets: Vec<_> = scopes.iter().map(|it| it.scope.as_ref().unwrap().name.clone()).collect();
    assert_eq!(targets, ["mine", "bia::telemetry::logs::collect::tests"]);
    let (inside, outside) = (&scopes[0].log_records[0], &scopes[1].log_records[0]);
    assert_eq!(
        (inside.trace_id.as_slice(), inside.span_id.as_slice()),
        (&[0x4b; 16][..], &[0xa3; 8][..])
    );
    assert_eq!((inside.severity_text.as_str(), inside.severity_number), ("WARN", 13));
    assert_eq!(inside.body.as_ref().unwrap().value, Some(Any::StringValue("inside".to_owned())));
    let told = attributes(&inside.attributes);
    assert_eq!(told["operation"], GET.name());
    assert_eq!((told["request_id"].as_str(), told["n"].as_str()), ("r-1", "7"));
    assert_eq!(told["password"], "***");
    assert!(outside.trace_id.is_empty() && outside.time_unix_nano > 0);
    let told = attributes(&outside.attributes);
    assert_eq!((told["big"].as_str(), told["is_on"].as_str()), ("18446744073709551615", "true"));
}

#[test]
fn what_sending_says_is_written_and_not_sent() {
    let (log, written) = json(&LogSettings::default());
    let quiet = opentelemetry::Context::enter_telemetry_suppressed_scope();
    with(&log, || tracing::warn!("the collector is away"));
    let record = Record::default();
    let meta = {
        use tracing::callsite::Callsite as _;
        let callsite = tracing::callsite! { name: "event", kind: tracing::metadata::Kind::EVENT, fields: message };
        callsite.metadata()
    };
    assert!(Line::new(meta, &record, None).is_none());
    drop(quiet);
    assert!(Line::new(meta, &record, None).is_some());
    assert_eq!(written.lines().len(), 1);
}

#[test]
fn attributes_of_spans_are_masked_too() {
    let mut all = vec![
        attribute("db.password", Any::IntValue(1)),
        attribute("db.query", Any::StringValue("password='S3CR3T'".to_owned())),
        attribute("user", Any::StringValue("a".to_owned())),
    ];
    mask(&mut all, &Redact::default());
    let told = attributes(&all);
    assert_eq!((told["db.password"].as_str(), told["user"].as_str()), ("***", "a"));
    assert_eq!(told["db.query"], "password=***");
}

//! Lines of the log on their way to a collector.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue, any_value::Value as Any,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::resource::v1::Resource;
use tracing::{Level, Metadata};

use crate::context::Context;
use crate::telemetry::otlp::Signal;
use crate::telemetry::settings::SignalKind;

use super::record::{Record, Value};
use super::redact::{MASK, Redact};

/// A line that waits to be sent, and the target that it was said at.
#[derive(Debug)]
pub(crate) struct Line {
    target: &'static str,
    record: LogRecord,
}

impl Line {
    /// The same as what is written, by the data model of OpenTelemetry's logs. None for what sending
    /// says of itself, or it would never end.
    pub(super) fn new(
        meta: &'static Metadata<'static>,
        record: &Record,
        call: Option<&Context>,
    ) -> Option<Self> {
        if opentelemetry::Context::is_current_telemetry_suppressed() {
            return None;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let (severity, text) = severity(*meta.level());
        let mut attributes: Vec<_> =
            record.fields().map(|(name, value)| attribute(name, any(value))).collect();
        let mut line = LogRecord {
            time_unix_nano: now,
            observed_time_unix_nano: now,
            severity_number: severity.into(),
            severity_text: text.to_owned(),
            body: Some(AnyValue { value: Some(Any::StringValue(record.message().to_owned())) }),
            ..LogRecord::default()
        };
        if let Some(call) = call {
            if let Some(trace) = call.trace() {
                line.trace_id = trace.id().to_bytes().into();
                line.span_id = trace.span().to_bytes().into();
                line.flags = u32::from(trace.is_sampled());
            }
            let operation = call.operation().name();
            attributes.retain(|it| it.key != "operation" && it.key != "request_id");
            attributes.push(attribute("operation", Any::StringValue(operation.to_owned())));
            if let Some(id) = call.request_id() {
                attributes.push(attribute("request_id", Any::StringValue(id.to_owned())));
            }
        }
        line.attributes = attributes;
        Some(Self { target: meta.target(), record: line })
    }
}

fn severity(level: Level) -> (SeverityNumber, &'static str) {
    match level {
        Level::ERROR => (SeverityNumber::Error, "ERROR"),
        Level::WARN => (SeverityNumber::Warn, "WARN"),
        Level::INFO => (SeverityNumber::Info, "INFO"),
        Level::DEBUG => (SeverityNumber::Debug, "DEBUG"),
        Level::TRACE => (SeverityNumber::Trace, "TRACE"),
    }
}

fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), key_strindex: 0 }
}

fn any(value: Value<'_>) -> Any {
    match value {
        Value::Text(text) => Any::StringValue(text.to_owned()),
        Value::Signed(number) => Any::IntValue(number),
        // What is beyond has no number there.
        Value::Unsigned(number) => i64::try_from(number)
            .map_or_else(|_large| Any::StringValue(number.to_string()), Any::IntValue),
        Value::Float(number) => Any::DoubleValue(number),
        Value::Bool(value) => Any::BoolValue(value),
    }
}

/// Masks what nobody is to read among attributes: of spans that user code opened, of errors.
pub(crate) fn mask(attributes: &mut [KeyValue], redact: &Redact) {
    for attribute in attributes {
        let Some(value) = &mut attribute.value else { continue };
        if redact.marks(&attribute.key) {
            value.value = Some(Any::StringValue(MASK.to_owned()));
        } else {
            mask_value(value, redact);
        }
    }
}

fn mask_value(value: &mut AnyValue, redact: &Redact) {
    match &mut value.value {
        Some(Any::StringValue(text)) => mask_text(text, redact),
        Some(Any::ArrayValue(array)) => {
            for value in &mut array.values {
                mask_value(value, redact);
            }
        }
        Some(Any::KvlistValue(list)) => mask(&mut list.values, redact),
        _ => {}
    }
}

/// The same in a text.
pub(crate) fn mask_text(text: &mut String, redact: &Redact) {
    if let std::borrow::Cow::Owned(masked) = redact.text(text) {
        *text = masked;
    }
}

/// Lines, as collectors take them.
#[derive(Debug)]
pub(crate) struct ToCollector;

impl Signal for ToCollector {
    type Item = Line;
    type Request = ExportLogsServiceRequest;
    type Response = ExportLogsServiceResponse;

    const KIND: SignalKind = SignalKind::Logs;
    const METHOD: &'static str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

    fn request(&self, resource: &Resource, items: Vec<Line>) -> ExportLogsServiceRequest {
        let mut scopes: Vec<ScopeLogs> = Vec::new();
        for Line { target, record } in items {
            let is_its = |there: &&mut ScopeLogs| {
                there.scope.as_ref().is_some_and(|scope| scope.name == target)
            };
            match scopes.iter_mut().find(is_its) {
                Some(there) => there.log_records.push(record),
                None => scopes.push(ScopeLogs {
                    scope: Some(InstrumentationScope {
                        name: target.to_owned(),
                        ..InstrumentationScope::default()
                    }),
                    log_records: vec![record],
                    ..ScopeLogs::default()
                }),
            }
        }
        let logs = ResourceLogs {
            resource: Some(resource.clone()),
            scope_logs: scopes,
            ..ResourceLogs::default()
        };
        ExportLogsServiceRequest { resource_logs: vec![logs] }
    }

    fn refused(response: &ExportLogsServiceResponse) -> Option<(u64, &str)> {
        let refused = response.partial_success.as_ref()?;
        let count = u64::try_from(refused.rejected_log_records).unwrap_or(0);
        Some((count, &refused.error_message))
    }
}

#[cfg(test)]
mod tests;

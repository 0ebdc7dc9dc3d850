use std::fmt::{self, Debug};
use std::sync::Arc;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

use super::super::Speaker;

/// Writes an event as one line of JSON: time, level, message, its fields and those of its spans,
/// and who is speaking.
#[derive(Debug)]
pub(in super::super) struct Json {
    speaker: Arc<Speaker>,
}

impl Json {
    pub(in super::super) fn new(speaker: Arc<Speaker>) -> Self {
        Self { speaker }
    }

    fn line(&self, time: String, event: &Event<'_>, spans: Map<String, Value>) -> Line {
        let meta = event.metadata();
        let mut fields = Fields(spans);
        event.record(&mut fields);
        let mut line = vec![
            ("time".to_owned(), time.into()),
            ("level".to_owned(), meta.level().as_str().to_lowercase().into()),
            ("message".to_owned(), fields.0.remove("message").unwrap_or_default()),
            ("target".to_owned(), meta.target().into()),
            ("service".to_owned(), self.speaker.service.as_str().into()),
            ("instance".to_owned(), self.speaker.instance.as_str().into()),
            ("version".to_owned(), self.speaker.version.as_str().into()),
        ];
        for (name, value) in fields.0 {
            // An event's field that is called like one of ours is kept under another name, unless it
            // says the same.
            match line[..OURS].iter().find(|(ours, _)| *ours == name) {
                Some((_, same)) if *same == value => {}
                Some(_) => line.push((format!("field.{name}"), value)),
                None => line.push((name, value)),
            }
        }
        Line(line)
    }
}

/// How many fields every line has.
const OURS: usize = 7;

/// A JSON object whose fields stay in their order.
struct Line(Vec<(String, Value)>);

impl serde::Serialize for Line {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        cx: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut spans = Map::new();
        for span in cx.event_scope().into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            let fields =
                extensions.get::<FormattedFields<N>>().map(|fields| fields.fields.as_str());
            if let Some(Ok(Value::Object(fields))) = fields.map(serde_json::from_str) {
                spans.extend(fields);
            }
        }
        let line = serde_json::to_string(&self.line(time, event, spans));
        writeln!(writer, "{}", line.map_err(|_unwritable| fmt::Error)?)
    }
}

struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            text.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        self.set(field, text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Mutex, PoisonError};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_says_what_happened_and_who_says_so() {
        let lines = Lines::default();
        let speaker = Speaker {
            service: "users".to_owned(),
            instance: "i-1".to_owned(),
            version: "1.2.3".to_owned(),
        };
        let writer = lines.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .event_format(Json::new(Arc::new(speaker)))
            .fmt_fields(tracing_subscriber::fmt::format::JsonFields::new());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!("call", operation = "/a.A/B");
            let _entered = span.enter();
            let error = crate::Error::not_found("R", "m").with_source(io::Error::other("why"));
            tracing::warn!(
                count = 3,
                service = "other",
                instance = "i-1",
                error = &error as &dyn std::error::Error,
                "it \"happened\""
            );
        });
        let bytes = lines.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.starts_with("{\"time\":"), "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{text}");
        for (name, expected) in [
            ("level", "warn"),
            ("message", "it \"happened\""),
            ("service", "users"),
            ("instance", "i-1"),
            ("version", "1.2.3"),
            ("operation", "/a.A/B"),
            ("field.service", "other"),
            ("error", "404 R: m: why"),
        ] {
            assert_eq!(line[name], expected, "{text}");
        }
        assert_eq!(line["count"], 3);
        assert_eq!(line.get("field.instance"), None, "{text}");
    }
}

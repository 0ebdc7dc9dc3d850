use std::cell::RefCell;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;
use tracing::{Event, Level, Metadata, Subscriber, span};
use tracing_subscriber::fmt::format::Writer as TimeWriter;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, Scope};

use crate::context;
#[cfg(feature = "otlp")]
use crate::telemetry::otlp::Queue;

#[cfg(feature = "otlp")]
use super::collect::Line;
use super::json::Json;
use super::levels::Levels;
use super::pretty::Pretty;
use super::record::{Record, Value};
use super::redact::Redaction;
use super::repeat::{Repeat, Summary};
use super::writer::Writer;

/// The log of the process: takes events in, and writes lines.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) form: Form,
    pub(super) levels: Levels,
    pub(super) redact: Redaction,
    pub(super) repeat: Repeat,
    pub(super) writer: Writer,
    /// Where lines wait to be sent.
    #[cfg(feature = "otlp")]
    pub(super) collector: arc_swap::ArcSwapOption<Queue<Line>>,
    counts: [AtomicU64; 5],
    /// So that nobody can choose lines that are taken for each other.
    hasher: RandomState,
}

/// How a line is written.
#[derive(Debug)]
pub(super) enum Form {
    Json(Json),
    Pretty(Pretty),
}

/// What a thread uses again for each event.
#[derive(Default)]
struct Scratch {
    record: Record,
    time: String,
    line: String,
}

/// What is kept of a line's memory.
const KEPT: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The layer of a subscriber that feeds the log.
#[derive(Debug)]
pub(super) struct Lines(pub(super) Arc<Log>);

/// The fields of a span, as they are told.
struct OfSpan(Record);

impl Log {
    pub(super) fn new(
        form: Form,
        levels: Levels,
        redact: Redaction,
        repeat: Repeat,
        writer: Writer,
    ) -> Self {
        Self {
            form,
            levels,
            redact,
            repeat,
            writer,
            #[cfg(feature = "otlp")]
            collector: arc_swap::ArcSwapOption::empty(),
            counts: Default::default(),
            hasher: RandomState::new(),
        }
    }

    /// How many lines there were of each level, error first.
    pub(super) fn counts(&self) -> [u64; 5] {
        std::array::from_fn(|level| self.counts[level].load(Ordering::Relaxed))
    }

    /// What falls due without anybody saying anything.
    pub(super) fn tick(&self) {
        let now = Instant::now();
        self.levels.expire(now);
        self.sum_up(now, false);
    }

    /// Tells what was held back and is due; with `all`, everything that was held back.
    pub(super) fn sum_up(&self, now: Instant, all: bool) {
        for summary in self.repeat.due(now, all) {
            with_scratch(|scratch| self.tell_summary(scratch, &summary));
        }
    }

    fn event<S>(&self, scratch: &mut Scratch, event: &Event<'_>, cx: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let record = &mut scratch.record;
        record.clear();
        for span in cx.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(OfSpan(fields)) = span.extensions().get() {
                record.take_in(fields);
            }
        }
        event.record(&mut record.recorder(&self.redact.load()));
        let meta = event.metadata();
        // Each call is one of its own, however much it is like the last.
        if !meta.target().starts_with(super::ACCESS) {
            let (key, now) = (self.key(meta, record), Instant::now());
            let verdict = self.repeat.note(key, meta, record.message(), now);
            if let Some(summary) = verdict.summary {
                // Its own scratch: this one is in use.
                self.tell_summary(&mut Scratch::default(), &summary);
            }
            if !verdict.is_told {
                return;
            }
        }
        let call = context::Context::current();
        self.tell(scratch, meta, call.as_ref());
    }

    /// What is the same in lines that are the same: where and what they say. Of warnings and errors
    /// the numbers do not count: how often and how long changes from one to the next.
    fn key(&self, meta: &'static Metadata<'static>, record: &Record) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        meta.callsite().hash(&mut hasher);
        record.message().hash(&mut hasher);
        let with_numbers = *meta.level() > Level::WARN;
        for (_, value) in record.fields() {
            match value {
                Value::Text(text) => text.hash(&mut hasher),
                Value::Signed(number) if with_numbers => number.hash(&mut hasher),
                Value::Unsigned(number) if with_numbers => number.hash(&mut hasher),
                Value::Float(number) if with_numbers => number.to_bits().hash(&mut hasher),
                Value::Bool(value) if with_numbers => value.hash(&mut hasher),
                _ => {}
            }
        }
        hasher.finish()
    }

    fn tell_summary(&self, scratch: &mut Scratch, summary: &Summary) {
        let Summary { meta, message, times, within } = summary;
        let record = &mut scratch.record;
        record.clear();
        let seconds = within.as_secs_f64().max(0.1);
        record
            .set_message(&format!("{message} (repeated {times} times in the last {seconds:.1} s)"));
        record.set_number("repeated", *times);
        self.tell(scratch, meta, None);
    }

    fn tell(
        &self,
        scratch: &mut Scratch,
        meta: &'static Metadata<'static>,
        call: Option<&context::Context>,
    ) {
        let Scratch { record, time, line } = scratch;
        time.clear();
        // A clock that cannot be read leaves the line without its time.
        SystemTime.format_time(&mut TimeWriter::new(time)).ok();
        line.clear();
        match &self.form {
            Form::Json(json) => json.write(line, time, meta, record, call),
            Form::Pretty(pretty) => pretty.write(line, time, meta, record, call),
        }
        let level = *meta.level();
        self.counts[place(level)].fetch_add(1, Ordering::Relaxed);
        self.writer.write(line, level == Level::ERROR);
        #[cfg(feature = "otlp")]
        if let Some(collector) = &*self.collector.load()
            && let Some(line) = Line::new(meta, record, call)
        {
            collector.push(line);
        }
        line.shrink_to(KEPT);
    }
}

fn place(level: Level) -> usize {
    match level {
        Level::ERROR => 0,
        Level::WARN => 1,
        Level::INFO => 2,
        Level::DEBUG => 3,
        Level::TRACE => 4,
    }
}

/// Runs `work` with the thread's own memory, or with fresh one if that is in use: a value that logs
/// while it is logged.
fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
        Ok(mut scratch) => work(&mut scratch),
        Err(_in_use) => work(&mut Scratch::default()),
    })
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, cx: Context<'_, S>) {
        let Some(span) = cx.span(id) else { return };
        let mut record = Record::default();
        attributes.record(&mut record.recorder(&self.0.redact.load()));
        span.extensions_mut().insert(OfSpan(record));
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, cx: Context<'_, S>) {
        let Some(span) = cx.span(id) else { return };
        if let Some(OfSpan(record)) = span.extensions_mut().get_mut() {
            values.record(&mut record.recorder(&self.0.redact.load()));
        }
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        with_scratch(|scratch| self.0.event(scratch, event, &cx));
    }
}

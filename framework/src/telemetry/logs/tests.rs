use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use proptest::prelude::*;
use serde_json::Value;
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt;

use crate::config::Secret;
use crate::context::{Context, Face, SpanId, Trace, TraceId};
use crate::error::Error;
use crate::operation::{Kind, Operation};

use super::super::settings::AccessSettings;
use super::*;

static GET: Operation = Operation::new("/user.v1.UserService/GetUser", Kind::Unary);
static LIST: Operation = Operation::new("/user.v1.UserService/ListUsers", Kind::Unary);

/// What was written.
#[derive(Clone, Default)]
pub(super) struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(super) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn speaker() -> Speaker {
    Speaker { service: "users".to_owned(), instance: "i-1".to_owned(), version: "1.2.3".to_owned() }
}

pub(super) fn log_as(settings: &LogSettings, form: Form) -> (Arc<Log>, Written) {
    let written = Written::default();
    let levels = Levels::new(&settings.filter, FILTER, &settings.operations).unwrap();
    let redact = Arc::new(ArcSwap::from_pointee(Redact::new(&settings.redact)));
    let repeat = Repeat::new(settings.repeat_limit);
    let log = Log::new(form, levels, redact, repeat, Writer::new(written.clone()));
    (Arc::new(log), written)
}

pub(super) fn json(settings: &LogSettings) -> (Arc<Log>, Written) {
    log_as(settings, Form::Json(Json::new(speaker())))
}

pub(super) fn with<T>(log: &Arc<Log>, work: impl FnOnce() -> T) -> T {
    let lines = Lines(Arc::clone(log)).with_filter(log.levels.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), work)
}

/// The lines of what `work` says.
fn said(settings: &LogSettings, work: impl FnOnce()) -> Vec<Value> {
    let (log, written) = json(settings);
    with(&log, work);
    written.lines()
}

pub(super) fn call(operation: &'static Operation) -> Context {
    let trace = TraceId::new([0x4b; 16]).unwrap();
    let trace = Trace::root(trace, SpanId::new([0xa3; 8]).unwrap(), true);
    let mut cx = Context::new(operation, Face::Grpc);
    cx.change(|facts| {
        facts.set_trace(trace, None);
        facts.set_request_id("r-1".parse().unwrap());
    });
    cx
}

#[test]
fn a_line_says_what_happened_and_who_says_so() {
    let lines = said(&LogSettings::default(), || {
        let span = tracing::info_span!("work", table = "users", rows = 1, "over" = "span");
        let _entered = span.enter();
        let error = Error::not_found("R", "m").with_source(io::Error::other("why"));
        span.record("rows", 2);
        tracing::warn!(
            count = 3,
            ratio = 0.5,
            nan = f64::NAN,
            is_on = true,
            over = "event",
            service = "other",
            instance = "i-1",
            r#type = "t",
            error = &error as &dyn std::error::Error,
            "it \"happened\"\n\u{1b}"
        );
    });
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
    for (name, expected) in [
        ("level", "warn"),
        ("message", "it \"happened\"\n\u{1b}"),
        ("target", "bia::telemetry::logs::tests"),
        ("service", "users"),
        ("instance", "i-1"),
        ("version", "1.2.3"),
        ("table", "users"),
        ("over", "event"),
        ("nan", "NaN"),
        ("type", "t"),
        ("field.service", "other"),
        ("error", "404 R: m: why"),
    ] {
        assert_eq!(line[name], expected, "{line}");
    }
    assert_eq!((&line["count"], &line["ratio"]), (&3.into(), &0.5.into()));
    assert_eq!((&line["is_on"], &line["rows"]), (&true.into(), &2.into()));
    for absent in ["field.instance", "trace_id", "span_id", "request_id", "operation"] {
        assert_eq!(line.get(absent), None, "{line}");
    }
}

#[tokio::test]
async fn every_line_of_a_call_says_which_call() {
    let (log, written) = json(&LogSettings::default());
    let lines = Lines(Arc::clone(&log)).with_filter(log.levels.clone());
    let _installed = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines));
    let cx = call(&GET);
    cx.scope(async {
        tracing::info!("in the handler");
        tokio::task::yield_now().await;
        let inner = Context::current().unwrap();
        tokio::spawn(inner.scope(async { tracing::info!("in its task") })).await.unwrap();
        tracing::info!(operation = GET.name(), trace_id = "mine", "named");
    })
    .await;
    tracing::info!("outside");
    let lines = written.lines();
    assert_eq!(lines.len(), 4);
    for line in &lines[..3] {
        assert_eq!(line["trace_id"], "4b".repeat(16), "{line}");
        assert_eq!(line["span_id"], "a3".repeat(8));
        assert_eq!(line["request_id"], "r-1");
        assert_eq!(line["operation"], GET.name());
        assert_eq!(line.get("field.operation"), None);
    }
    assert_eq!(lines[2]["field.trace_id"], "mine");
    assert_eq!(lines[3].get("trace_id"), None);
}

#[test]
fn people_see_a_line_that_cannot_be_forged_and_which_call_it_was() {
    let (log, written) = log_as(&LogSettings::default(), Form::Pretty(Pretty { colours: false }));
    with(&log, || {
        call(&GET).enter(|| tracing::info!(user = "a b", n = 1, "said\n\u{1b}[31mred"));
        tracing::warn!(empty = "");
    });
    let text = written.text();
    let (first, second) = text.split_once(")\n").unwrap();
    assert!(
        first.ends_with(
            " INFO said\n      \\u{1b}[31mred user=\"a b\" n=1 \
             (/user.v1.UserService/GetUser 4b4b4b4b r-1"
        ),
        "{first}"
    );
    assert!(second.ends_with(" WARN empty=\"\"\n"), "{second}");
    let (log, written) = log_as(&LogSettings::default(), Form::Pretty(Pretty { colours: true }));
    with(&log, || tracing::error!("bad"));
    assert!(written.text().contains("\u{1b}[31mERROR\u{1b}[0m bad\n"), "{}", written.text());
}

#[test]
fn a_value_without_end_is_cut() {
    let long = "\u{e4}".repeat(1_000_000);
    let lines = said(&LogSettings::default(), || tracing::info!(long, "m"));
    let told = lines[0]["long"].as_str().unwrap();
    assert!(told.len() < 17_000 && told.ends_with("\u{e4}\u{2026} (cut)"), "{}", told.len());
}

#[test]
fn a_value_that_logs_while_it_is_logged_is_two_lines() {
    struct Loud;
    impl std::fmt::Debug for Loud {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            tracing::info!("inner");
            f.write_str("loud")
        }
    }
    // Only the subscriber of the process is asked within itself.
    let lines = said(&LogSettings::default(), || tracing::info!(value = ?Loud, "outer"));
    assert_eq!(lines.last().unwrap()["value"], "loud");
}

#[derive(Debug)]
#[expect(dead_code, reason = "what is looked at is how it is written")]
struct Login {
    user: String,
    password: String,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_secret_in_a_marked_field_is_nowhere_in_the_log(noise in any::<String>()) {
        let secret = format!("{noise}S3CR3T{noise}");
        let settings =
            LogSettings { redact: vec!["e-mail".to_owned()], ..LogSettings::default() };
        let say = || {
            let login = Login { user: "a".to_owned(), password: secret.clone() };
            let map = BTreeMap::from([("set-cookie", &secret)]);
            let span = tracing::info_span!(
                "s", password = secret, db.token = ?secret, late.secret = tracing::field::Empty
            );
            let _entered = span.enter();
            span.record("late.secret", secret.as_str());
            tracing::info!(customer.eMail = %secret, api_key = ?login, "one");
            tracing::info!(?login, headers = ?map, "two {login:?}");
            tracing::error!(body = serde_json::json!({"n": [{"Token": secret}]}).to_string());
            tracing::info!(secret = %Secret::new(secret.clone()), pin_token = 987_654_321_098_i64, "three");
        };
        let (log_json, written_json) = json(&settings);
        with(&log_json, say);
        let (log_pretty, written_pretty) =
            log_as(&settings, Form::Pretty(Pretty { colours: false }));
        with(&log_pretty, say);
        for text in [written_json.text(), written_pretty.text()] {
            prop_assert!(!text.contains("S3CR3T"), "{text}");
            // Longer than what the time of a line could be by chance.
            prop_assert!(!text.contains("987654321098"), "{text}");
        }
        let lines = written_json.lines();
        prop_assert_eq!(lines.len(), 4);
        prop_assert_eq!(&lines[0]["password"], "***");
        prop_assert_eq!(&lines[1]["login"], "Login { user: \"a\", password: *** }");
    }
}

#[test]
fn the_log_of_one_operation_can_be_louder_or_quieter_than_the_rest() {
    let operations = BTreeMap::from([
        (GET.name().to_owned(), "debug".to_owned()),
        ("/user.v1.UserService/*".to_owned(), "warn".to_owned()),
    ]);
    let settings = LogSettings { operations, ..LogSettings::default() };
    let say = || {
        tracing::debug!("debug");
        tracing::info!("info");
        tracing::warn!("warn");
    };
    let lines = said(&settings, || {
        call(&GET).enter(say);
        call(&LIST).enter(say);
        say();
    });
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line["operation"].as_str(), line["message"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(GET.name()), "debug"),
            (Some(GET.name()), "info"),
            (Some(GET.name()), "warn"),
            (Some(LIST.name()), "warn"),
            (None, "info"),
            (None, "warn"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_changed_while_running_runs_out() {
    let (log, written) = json(&LogSettings::default());
    with(&log, || {
        let say = || {
            tracing::debug!(target: "mine", "mine");
            call(&GET).enter(|| tracing::debug!("get"));
            tracing::debug!("debug");
        };
        let count = || {
            let before = written.lines().len();
            say();
            written.lines()[before..]
                .iter()
                .map(|line| line["message"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let now = Instant::now();
        let change = |filter: &str| LogChange { filter: filter.to_owned(), ..LogChange::default() };
        let pass = |change: LogChange| log.levels.pass(change, now);
        assert_eq!(count(), [""; 0]);
        pass(LogChange {
            operation: Some(GET.name().to_owned()),
            lasting: Some(Duration::from_secs(60)),
            ..change("debug")
        })
        .unwrap();
        assert_eq!(count(), ["get"]);
        pass(LogChange { target: Some("mine".to_owned()), ..change("debug") }).unwrap();
        assert_eq!(count(), ["mine", "get"]);
        let state = log.levels.state(now);
        assert_eq!(state["filter"], "info");
        assert_eq!(
            state["passing"],
            json!([
                {"filter": "debug", "operation": GET.name(), "left_seconds": 60.0},
                {"filter": "debug", "target": "mine", "left_seconds": 600.0},
            ])
        );
        // The settings change beneath.
        log.levels.set(Some("debug"), &BTreeMap::new()).unwrap();
        assert_eq!(count(), ["mine", "get", "debug"]);
        log.levels.set(Some("info"), &BTreeMap::new()).unwrap();
        log.levels.expire(now + Duration::from_secs(61));
        assert_eq!(count(), ["mine"]);
        log.levels.expire(now + Duration::from_secs(601));
        assert_eq!(count(), [""; 0]);
        pass(change("trace")).unwrap();
        assert_eq!(count(), ["mine", "get", "debug"]);
        log.levels.reset();
        assert_eq!(count(), [""; 0]);
    });
}

#[test]
fn a_change_that_cannot_be_read_changes_nothing() {
    let (log, _) = json(&LogSettings::default());
    let change = |filter: &str| LogChange { filter: filter.to_owned(), ..LogChange::default() };
    let table = [
        (change("loud"), "level: \"loud\" is no filter (\"loud\" is no level)"),
        (change("info,bia=loud"), "level: \"info,bia=loud\" is no filter"),
        (
            LogChange { operation: Some("GetUser".to_owned()), ..change("debug") },
            "operation: \"GetUser\" names no operation: write /user.v1.UserService/GetUser",
        ),
        (
            LogChange { target: Some("a=b".to_owned()), ..change("debug") },
            "target: expected a target and a level, bia::access and debug, found \"a=b\"",
        ),
        (
            LogChange { lasting: Some(Duration::from_secs(100_000)), ..change("debug") },
            "for: expected up to 24h, found 27h46m40s",
        ),
    ];
    for (change, expected) in table {
        let error = log.levels.pass(change, Instant::now()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    assert_eq!(log.levels.state(Instant::now())["passing"], json!([]));
}

#[test]
fn settings_of_the_log_that_cannot_be_used_are_refused_with_a_remedy() {
    let refused = |settings: LogSettings| check(&settings).unwrap_err().to_string();
    assert!(check(&LogSettings::default()).is_ok());
    let error = refused(LogSettings { filter: "info,bia=loud".to_owned(), ..Default::default() });
    assert!(error.starts_with("telemetry.logs.filter: \"info,bia=loud\" is no filter"), "{error}");
    assert!(error.ends_with(
        "write a level (error, warn, info, debug, trace) or targets with levels, info,bia=debug"
    ));
    let error = refused(LogSettings { filter: "inof".to_owned(), ..Default::default() });
    assert!(error.contains("\"inof\" is no level"), "{error}");
    let operations = |name: &str, filter: &str| LogSettings {
        operations: BTreeMap::from([(name.to_owned(), filter.to_owned())]),
        ..Default::default()
    };
    let error = refused(operations("GetUser", "debug"));
    assert!(
        error.starts_with("telemetry.logs.operations.GetUser: \"GetUser\" names no"),
        "{error}"
    );
    let error = refused(operations("/a.A/B", "loud"));
    assert!(
        error.starts_with("telemetry.logs.operations./a.A/B: \"loud\" is no filter"),
        "{error}"
    );
    let access = AccessSettings { exclude: vec!["x".to_owned()], ..Default::default() };
    let error = refused(LogSettings { access, ..Default::default() });
    assert!(error.starts_with("telemetry.logs.access.exclude: \"x\" names no"), "{error}");
}

#[test]
fn a_storm_of_one_line_is_told_and_counted_and_others_come_through() {
    let settings = LogSettings { repeat_limit: 5, ..LogSettings::default() };
    let (log, written) = json(&settings);
    with(&log, || {
        for attempt in 0..1000 {
            tracing::warn!(attempt, error = "refused", "cannot connect");
            if attempt % 100 == 0 {
                tracing::warn!(attempt, error = format!("reset {attempt}"), "cannot connect");
                tracing::info!(attempt, "tried");
            }
            tracing::info!(target: "bia::access", "answered");
        }
        log.sum_up(Instant::now(), true);
    });
    let lines = written.lines();
    let count = |message: &str, error: &str| {
        let is = |line: &&Value| {
            line["message"] == message && (error.is_empty() || line["error"] == error)
        };
        lines.iter().filter(is).count()
    };
    // A second may pass meanwhile, and then it is told some times more.
    assert!((5..500).contains(&count("cannot connect", "refused")));
    assert_eq!(count("cannot connect", "reset 700"), 1);
    assert_eq!((count("tried", ""), count("answered", "")), (10, 1000));
    let repeated = |line: &Value| line["repeated"].as_u64().unwrap_or_default();
    let summed: u64 = lines.iter().map(repeated).sum();
    assert_eq!(summed + count("cannot connect", "refused") as u64, 1000);
    assert_eq!(summed, log.repeat.held_back());
    let summary = lines.iter().find(|line| repeated(line) > 0).unwrap();
    let message = summary["message"].as_str().unwrap();
    assert!(message.starts_with("cannot connect (repeated "), "{message}");
    assert_eq!((&summary["level"], summary.get("operation")), (&"warn".into(), None));
}

#[test]
fn lines_are_counted_by_level() {
    let (log, _) = json(&LogSettings { filter: "trace".to_owned(), ..Default::default() });
    with(&log, || {
        for level in 0..5 {
            for _ in level..5 {
                match level {
                    0 => tracing::error!("e"),
                    1 => tracing::warn!("w"),
                    2 => tracing::info!("i"),
                    3 => tracing::debug!("d"),
                    _ => tracing::event!(Level::TRACE, "t"),
                }
            }
        }
    });
    assert_eq!(log.counts(), [5, 4, 3, 2, 1]);
}

//! A service as a user would write it, which tests start, send signals to, and look at the end of.

mod faces;

use std::time::Duration;

use bia::__codegen::{Facts, Handler, Reply, ServerCall};
use bia::{App, Error, Kind, Operation, Service};

#[derive(Default, serde::Deserialize, schemars::JsonSchema, garde::Validate)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[garde(dive)]
    child: Child,
}

/// What the child does.
#[derive(serde::Deserialize, schemars::JsonSchema, garde::Validate)]
#[serde(default, deny_unknown_fields)]
#[garde(allow_unvalidated)]
struct Child {
    /// What it says.
    #[garde(length(min = 1, max = 100))]
    greeting: String,
    password: bia::config::Secret,
    /// How long the first step of the start takes.
    #[serde(with = "bia::config::duration")]
    start: Duration,
    /// How long a step of the stop takes.
    #[serde(with = "bia::config::duration")]
    stop: Duration,
    /// Whether a step of the start fails.
    fail: bool,
}

impl Default for Child {
    fn default() -> Self {
        Self {
            greeting: "hello".to_owned(),
            password: bia::config::Secret::default(),
            start: Duration::ZERO,
            stop: Duration::ZERO,
            fail: false,
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), bia::Exit> {
    let config = bia::config::<Settings>().rules().schema().await?;
    let app = App::new("child", "1.2.3", &config)?;
    let settings = config.get();
    let (start, stop, fail) = (settings.child.start, settings.child.stop, settings.child.fail);
    let mut greeting = config.watch(|settings| settings.child.greeting.clone());
    tokio::spawn(async move {
        loop {
            let greeting = greeting.changed().await;
            say(&format!("greeting {greeting}"));
        }
    });
    app.check("always", || async { Ok(()) });
    app.serve(sleeper())
        .serve(faces::faces())
        .layer(faces::layer())
        .before_start("wait", Duration::from_secs(60), move || async move {
            say("starting");
            // sleeps: the work that a test interrupts.
            tokio::time::sleep(start).await;
            if fail { Err(Error::unavailable("NO_TABLE", "no table users")) } else { Ok(()) }
        })
        .before_stop("wait", Duration::from_secs(60), move || async move {
            say("stopping");
            // sleeps: the work that a test interrupts.
            tokio::time::sleep(stop).await;
            Ok::<_, Error>(())
        })
        .run()
        .await
}

/// Tells the test how far it is.
#[expect(clippy::print_stdout, reason = "what the test reads")]
fn say(what: &str) {
    println!("{what}");
}

/// `test.Sleeper/Sleep` takes the milliseconds that its message says.
fn sleeper() -> Service {
    static SLEEP: Operation = Operation::new("/test.Sleeper/Sleep", Kind::Unary);
    static FACTS: Facts = Facts::new("test.Sleeper", &[&SLEEP], &[]);
    struct Sleeper;
    impl Handler for Sleeper {
        fn call(&self, _: usize, call: ServerCall) -> Reply {
            call.unary(|_, ms: u64| async move {
                say("called");
                tracing::debug!(ms, password = "hunter2", "asleep");
                assert!(ms != u64::MAX, "told to: token=hunter2");
                // sleeps: the work that a test interrupts.
                tokio::time::sleep(Duration::from_millis(ms)).await;
                Ok(ms)
            })
        }
    }
    Service::new(&FACTS, Sleeper)
}

//! The example services as processes of their own, as people start them.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use super::fixture::collector::Collector;
use super::process::Process;

/// Both example services, on ports and in a folder of their own.
pub(super) struct Shop {
    pub(super) users: Process,
    pub(super) orders: Process,
    programs: PathBuf,
    settings: Vec<String>,
    folder: TempDir,
}

impl Shop {
    /// Starts both, which send what they measure to `collector`.
    pub(super) async fn open(collector: Option<&Collector>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = vec![
            "server.address=127.0.0.1:0".to_owned(),
            "admin.address=".to_owned(),
            format!("registry.local.path={}", folder.path().join("registry").display()),
            "stop.drain_delay=0s".to_owned(),
        ];
        settings.extend(collector.map(|to| format!("telemetry.otlp.endpoint={}", to.endpoint())));
        let programs = examples().await;
        let service = async |name: &str| {
            let mut command = command(&programs, name, &settings, &folder);
            let database = format!("sqlite://{}/{name}.db?mode=rwc", folder.path().display());
            let process = Process::start(command.args(["--set", &format!("data.url={database}")]));
            process.phase("ready").await;
            process
        };
        let users = service("user-service").await;
        let orders = service("order-service").await;
        Self { users, orders, programs, settings, folder }
    }

    /// What they did last is sent when they stop.
    pub(super) fn close(&self) {
        self.orders.signal("TERM");
        self.users.signal("TERM");
    }

    /// Another program of the examples, with the same settings.
    pub(super) fn program(&self, name: &str) -> Command {
        command(&self.programs, name, &self.settings, &self.folder)
    }
}

fn command(programs: &Path, name: &str, settings: &[String], folder: &TempDir) -> Command {
    let mut command = Command::new(programs.join(name));
    command.current_dir(folder.path()).kill_on_drop(true);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command
}

/// The folder of the examples' programs, built as the tests were.
async fn examples() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_fleet-node")).parent().unwrap().to_owned();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--package", "user-service", "--package", "order-service"]);
    build.args(["--package", "demo-client"]);
    // What cargo tells of this package would have others built anew.
    let told = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars().filter(|(name, _)| told(name)) {
        build.env_remove(name);
    }
    if folder.ends_with("release") {
        build.arg("--release");
    }
    let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().await.unwrap();
    assert!(built.success(), "the examples do not build");
    folder
}

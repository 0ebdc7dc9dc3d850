//! Room in a real PostgreSQL, for what a service keeps while a test runs it.
#![expect(clippy::print_stderr, reason = "what is not tested is said aloud")]

use std::process::Command;

/// A schema of its own, which goes with the test.
pub(super) struct Schema {
    server: String,
    name: String,
}

impl Schema {
    /// None, said aloud, where there is no PostgreSQL; where `CI` is set there must be one.
    pub(super) fn make(name: &str, test: &str) -> Option<Self> {
        let Ok(server) = std::env::var("BIA_POSTGRES_URL") else {
            let missing = "BIA_POSTGRES_URL; run cargo xtask servers install";
            assert!(std::env::var_os("CI").is_none(), "{test}: {missing}");
            eprintln!("SKIPPED {test}: {missing}");
            return None;
        };
        let schema = Self { server, name: format!("{name}_{}", std::process::id()) };
        schema.sql(&format!("CREATE SCHEMA {}", schema.name));
        Some(schema)
    }

    /// The server as a whole, for tests that make room themselves.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// The address by which everything goes into this schema.
    pub(super) fn url(&self) -> String {
        let sign = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{sign}options[search_path]={}", self.server, self.name)
    }

    /// What `psql` answers.
    pub(super) fn sql(&self, statement: &str) -> String {
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement, &self.server]);
        let output = psql.output().expect("psql is installed with PostgreSQL");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{statement}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// How many rows a table has.
    pub(super) fn rows(&self, table: &str) -> String {
        self.sql(&format!("SELECT count(*) FROM {}.{table}", self.name))
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.sql(&format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}

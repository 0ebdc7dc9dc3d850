//! `cargo xtask test`: every test, with the real servers it needs, and the truth about what could not run.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};

use crate::error::{About as _, Error, Result};
use crate::exec::{cargo, run, words};
use crate::root::{Cache, on_path, repository, variable};
use crate::servers::{self, Missing, Own, PARTS};
use crate::wait::Stopwatch;
use crate::{demo, r#gen, tidy, ui};

/// Names the programs that tests may do without even in CI, because their source may be gone tomorrow.
const MAY_BE_MISSING: &str = "BIA_MAY_BE_MISSING";

/// `cargo xtask test`: the checks that read the source, then every test.
///
/// # Errors
///
/// A check or a test failed; all of them ran all the same.
pub(crate) fn main() -> Result<()> {
    let mut failed = Vec::new();
    for (name, outcome) in [("tidy", tidy::main()), ("gen --check", r#gen::main(true))] {
        if let Err(error) = outcome {
            ui::say(error);
            failed.push(name);
        }
    }
    if let Err(error) = tests() {
        ui::say(error);
        failed.push("the tests");
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::new(format!("failed: {}", failed.join(", "))))
    }
}

/// Every test: in the crates' code and folders, and in their documentation.
///
/// The last line but the errors is `N passed, N failed, N skipped`.
fn tests() -> Result<()> {
    let watch = Stopwatch::start();
    let cache = Cache::open()?;
    let missing = servers::install(&cache, &PARTS.iter().collect::<Vec<_>>())?;
    let environment = Environment::start(&cache, &missing)?;
    let mut count = runner(&environment)?;
    count.add(documentation()?);
    if on_path("make").is_none() {
        count.skips.push("the profile of memory: make is missing; install it".to_owned());
        count.is_good &= !is_ci();
    }

    for name in &count.failures {
        ui::say(format_args!("FAILED {name}"));
    }
    for Missing { part, why } in &missing {
        ui::say(format_args!("{} is not on this machine: {why}", part.name));
    }
    if !count.skips.is_empty() {
        ui::say(format_args!("{} tests could not run:", count.skips.len()));
        for skip in &count.skips {
            ui::say(format_args!("  {skip}"));
        }
    }
    ui::say(format_args!("the tests took {}", watch.text()));
    let skipped = count.skips.len();
    ui::out(format_args!("{} passed, {} failed, {skipped} skipped", count.passed, count.failed));
    if count.is_good { Ok(()) } else { Err(Error::new("a test failed")) }
}

/// Whether what cannot run is an error.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|ci| ci == "true")
}

/// What the tests find in their environment; the servers end with it.
struct Environment {
    variables: Vec<(String, String)>,
    _servers: Vec<Own>,
}

impl Environment {
    fn start(cache: &Cache, missing: &[Missing]) -> Result<Self> {
        let (mut variables, mut servers) = (Vec::new(), Vec::new());
        for binary in PARTS.iter().flat_map(|part| part.binaries) {
            if let Some(path) = cache.find(binary) {
                variables.push((variable(binary), path.display().to_string()));
            }
        }
        let optional: Vec<&str> = missing
            .iter()
            .filter(|missing| missing.part.is_optional)
            .flat_map(|missing| missing.part.binaries.iter().copied())
            .collect();
        variables.push((MAY_BE_MISSING.to_owned(), optional.join(",")));
        if !missing.iter().any(|missing| missing.part.name == "postgres") {
            // One database for all tests; each makes its own schema or database in it.
            let postgres = Own::start(cache, "postgres")?;
            variables.extend(postgres.variables().iter().cloned());
            servers.push(postgres);
        }
        Ok(Self { variables, _servers: servers })
    }
}

/// What a run of tests came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
    /// Names of the tests that failed, where the runner tells them only long before its end.
    failures: Vec<String>,
    /// What tests said that could not run: `name: what is missing`.
    skips: Vec<String>,
    is_good: bool,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.failures.extend(other.failures);
        self.skips.extend(other.skips);
        self.is_good &= other.is_good;
    }
}

/// What tests turn on beside what is on: rules in CEL, and, where there is make, the feature whose C
/// code is built by it. Rust alone must do for the others.
pub(crate) fn features() -> [&'static str; 2] {
    let all = "bia-codegen/cel,codegen-fixture/cel,interop/heap";
    [
        "--features",
        if on_path("make").is_some() { all } else { "bia-codegen/cel,codegen-fixture/cel" },
    ]
}

/// nextest where it is installed, else cargo's own runner, which is slower and tells less.
fn runner(environment: &Environment) -> Result<Count> {
    // A test that starts the examples builds them, and must not be held up by that.
    demo::build()?;
    let has_nextest = crate::exec::output(cargo().args(["nextest", "--version"])).is_ok();
    let mut command = cargo();
    command.envs(environment.variables.iter().map(|(key, value)| (key, value)));
    if !has_nextest {
        command.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
        command.args(features());
        let (status, text) = tee(command.args(["--", "--show-output"]))?;
        return Ok(libtest(&text, status));
    }
    // A report of an earlier run must never be taken for this one's.
    let report = repository().join("target/nextest/default/junit.xml");
    if report.exists() {
        std::fs::remove_file(&report).about(|| format!("remove {}", report.display()))?;
    }
    let ended =
        run(command.args(["nextest", "run", "--workspace", "--no-fail-fast"]).args(features()));
    let text = std::fs::read_to_string(&report)
        .about(|| format!("read {}: did the tests compile", report.display()))?;
    let mut count = junit(&text);
    count.is_good = ended.is_ok();
    Ok(count)
}

fn documentation() -> Result<Count> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--doc", "--no-fail-fast"]).args(features());
    let (status, text) = tee(&mut command)?;
    Ok(libtest(&text, status))
}

/// Runs a command whose stdout is both seen and kept.
fn tee(command: &mut Command) -> Result<(ExitStatus, String)> {
    let about = format!("run `{}`", words(command));
    let mut child = command.stdout(Stdio::piped()).spawn().about(|| about.clone())?;
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.about(|| about.clone())?;
            ui::out(&line);
            text.push_str(&line);
            text.push('\n');
        }
    }
    Ok((child.wait().about(|| about.clone())?, text))
}

/// Reads what cargo's own runner prints.
fn libtest(text: &str, status: ExitStatus) -> Count {
    let mut count = Count { is_good: status.success(), ..Count::default() };
    for line in text.lines() {
        if let Some(result) = line.strip_prefix("test result: ") {
            count.passed += number_before(result, " passed");
            count.failed += number_before(result, " failed");
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|l| l.strip_suffix(" ... FAILED"))
        {
            count.failures.push(name.to_owned());
        } else if let Some(skip) = line.strip_prefix("SKIPPED ") {
            count.skips.push(skip.to_owned());
        }
    }
    count.set_skips_apart();
    count
}

/// Reads nextest's report.
fn junit(text: &str) -> Count {
    let mut count = Count { is_good: true, ..Count::default() };
    for case in text.split("<testcase ").skip(1) {
        let name = attribute(case, "name").unwrap_or_default();
        let suite = attribute(case, "classname").unwrap_or_default();
        if case.contains("<failure") || case.contains("<error") {
            count.failed += 1;
            count.failures.push(unescape(&format!("{suite} {name}")));
        } else {
            count.passed += 1;
        }
        let said =
            case.split("<system-err>").nth(1).and_then(|said| said.split("</system-err>").next());
        for line in said.unwrap_or_default().lines() {
            count.skips.extend(line.strip_prefix("SKIPPED ").map(unescape));
        }
    }
    count.set_skips_apart();
    count
}

impl Count {
    /// A test that says that it could not run ends like one that passed; it is not one.
    fn set_skips_apart(&mut self) {
        self.skips.sort();
        self.skips.dedup();
        self.passed = self.passed.saturating_sub(self.skips.len());
    }
}

fn number_before(text: &str, word: &str) -> usize {
    let before = text.split(word).next().unwrap_or_default();
    let digits = before.rsplit(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(&format!("{name}=\"")).nth(1)?.split('"').next()
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&apos;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::{Count, junit, libtest};

    #[test]
    fn a_test_that_could_not_run_is_named_and_counts_neither_way() {
        let text = "<testsuite>\
            <testcase name=\"a\" classname=\"x\" time=\"1\"></testcase>\n\
            <testcase name=\"b\" classname=\"x\"><system-err>hm\nSKIPPED b: no &lt;consul&gt;; run it\nbye</system-err></testcase>\n\
            <testcase name=\"c\" classname=\"x\"><failure type=\"t\"/><system-err>oh</system-err></testcase>\n\
            </testsuite>";
        let expected = Count {
            passed: 1,
            failed: 1,
            failures: vec!["x c".to_owned()],
            skips: vec!["b: no <consul>; run it".to_owned()],
            is_good: true,
        };
        assert_eq!(junit(text), expected);
    }

    #[test]
    fn cargo_s_own_runner_is_counted_over_all_its_binaries() {
        let text = "test a::b ... ok\nSKIPPED a::b: no consul\ntest a::c ... FAILED\n\
            test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured\n\
            test result: ok. 3 passed; 0 failed; 0 ignored\n";
        let expected = Count {
            passed: 14,
            failed: 1,
            failures: vec!["a::c".to_owned()],
            skips: vec!["a::b: no consul".to_owned()],
            is_good: false,
        };
        assert_eq!(libtest(text, ExitStatus::from_raw(256)), expected);
    }
}

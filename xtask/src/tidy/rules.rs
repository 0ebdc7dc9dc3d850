//! What may not stand in the tree, line by line.

use super::Finding;
use super::source::Source;

/// Non-test lines that no file may exceed.
const LONGEST: usize = 600;
/// What half of the files, and nine of ten, should not exceed.
const MEDIAN: usize = 150;
const NINE_OF_TEN: usize = 400;

/// A word that code may not use outside the places that are named.
struct Ban {
    rule: &'static str,
    words: &'static [&'static str],
    /// Beginnings of paths that the rule speaks about.
    inside: &'static [&'static str],
    /// Beginnings of paths that are exempt.
    except: &'static [&'static str],
    in_tests: bool,
    why: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        rule: "unfinished",
        words: &["todo!", "unimplemented!", "dbg!"],
        inside: &[""],
        except: &[],
        in_tests: true,
        why: "finish it, or answer with an error that says what is missing",
    },
    Ban {
        rule: "environment",
        words: &["env::var", "env::var_os", "env::vars", "env::vars_os"],
        inside: &["framework/src/", "examples/"],
        except: &["framework/src/config/", "framework/src/telemetry/"],
        in_tests: false,
        why: "only the configuration's source reads variables: make it a setting",
    },
    Ban {
        rule: "signals",
        words: &["tokio::signal", "signal::unix", "signal::ctrl_c"],
        inside: &["framework/src/"],
        except: &["framework/src/app"],
        in_tests: false,
        why: "only `app` knows signals",
    },
    Ban {
        rule: "accepting",
        words: &["TcpListener::bind", "UnixListener::bind", "listener.accept()"],
        inside: &["framework/src/"],
        // The admin port is beside the port for calls so that it answers when that one is full.
        except: &["framework/src/transport", "framework/src/testing", "framework/src/app/admin"],
        in_tests: false,
        why: "only `transport` accepts calls",
    },
    Ban {
        rule: "unbounded",
        words: &["unbounded_channel", "UnboundedSender", "mpsc::unbounded"],
        inside: &["framework/src/", "examples/", "codegen/src/"],
        except: &[],
        in_tests: false,
        why: "every channel is bounded",
    },
];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        if source.is_rust() && !source.is_generated() {
            findings.extend(BANS.iter().flat_map(|ban| banned(source, ban)));
            findings.extend(ignored(source));
            findings.extend(sleeps(source));
            findings.extend(too_long(source));
        }
        findings.extend(places(source));
        findings.extend(lints(source));
    }
    findings
}

fn banned(source: &Source, ban: &Ban) -> Vec<Finding> {
    let starts =
        |beginnings: &[&str]| beginnings.iter().any(|start| source.path.starts_with(start));
    if !starts(ban.inside) || starts(ban.except) {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = ban
        .words
        .iter()
        .flat_map(|word| source.find_word(word).map(move |at| (word, source.line(at))))
        .filter(|(_, line)| ban.in_tests || !source.is_test(*line))
        .map(|(word, line)| source.finding(line, ban.rule, format!("`{word}`: {}", ban.why)))
        .collect();
    findings.dedup_by_key(|finding| finding.line);
    findings
}

/// The one reason to ignore a test: it is the other process of a test that starts it.
const OTHER_PROCESS: &str = "#[ignore = \"runs in a process of its own\"]";

fn ignored(source: &Source) -> Vec<Finding> {
    let what = format!(
        "a test that cannot run says so aloud, and one that must not run is deleted; only `{OTHER_PROCESS}` may stand"
    );
    source
        .find_word("#[ignore")
        .filter(|at| !source.text.get(*at..).is_some_and(|rest| rest.starts_with(OTHER_PROCESS)))
        .map(|at| source.finding(source.line(at), "ignored test", what.clone()))
        .collect()
}

/// A test that sleeps is slow when all is well and wrong when the machine is busy.
fn sleeps(source: &Source) -> Vec<Finding> {
    let lines: Vec<&str> = source.text.lines().collect();
    let has_reason = |line: usize| {
        let above = (line.saturating_sub(3)..line).filter_map(|index| lines.get(index));
        above.into_iter().any(|text| text.contains("// sleeps:"))
    };
    ["sleep(", "sleep_until("]
        .iter()
        .flat_map(|word| source.find_word(word))
        .map(|at| (at, source.line(at)))
        .filter(|(at, line)| {
            source.is_test(*line) && !has_reason(*line) && !has_paused_clock(source, *at)
        })
        .map(|(_, line)| {
            let what = "a test sleeps: await the thing itself, pause the clock, or say why \
                        in a comment that begins with `// sleeps:`";
            source.finding(line, "sleep", what)
        })
        .collect()
}

/// Whether the function around `at` runs on a paused clock, where sleeping takes no time.
fn has_paused_clock(source: &Source, at: usize) -> bool {
    let before = source.code.get(..at).unwrap_or_default();
    let start = before.rfind("#[tokio::test").or_else(|| before.rfind("#[test]")).unwrap_or(0);
    let function = source.code.get(start..at).unwrap_or_default();
    function.contains("start_paused") || function.contains("pause()")
}

fn too_long(source: &Source) -> Option<Finding> {
    let length = source.length();
    (length > LONGEST).then(|| {
        let what =
            format!("{length} lines without tests; {LONGEST} is the limit, {MEDIAN} the aim");
        source.finding(LONGEST, "length", what)
    })
}

/// How long the files are, as one line to read.
pub(super) fn budget(sources: &[Source]) -> String {
    let mut lengths: Vec<usize> = sources
        .iter()
        .filter(|source| source.is_rust() && !source.is_generated())
        .map(Source::length)
        .filter(|length| *length > 0)
        .collect();
    lengths.sort_unstable();
    let at = |part: usize| {
        let index = lengths.len() * part / 10;
        lengths.get(index.min(lengths.len().saturating_sub(1))).copied().unwrap_or(0)
    };
    format!(
        "{} files: median {} lines (aim {MEDIAN}), nine of ten up to {} (aim {NINE_OF_TEN}), longest {}",
        lengths.len(),
        at(5),
        at(9),
        lengths.last().copied().unwrap_or(0)
    )
}

/// Hosts of package registries, and folders of one person's machine.
fn places(source: &Source) -> Vec<Finding> {
    // Put together here, so that this file does not name them.
    let hosts = [["crates", ".io"], ["pypi", ".org"], ["deb.debian", ".org"], ["npmjs", ".org"]]
        .map(|parts| parts.concat())
        .into_iter()
        .chain(
            [["proxy.golang", ".org"], ["static.rust-lang", ".org"]].map(|parts| parts.concat()),
        );
    let folders = ["home", "root", "work", "Users"].map(|name| format!("/{name}/"));
    // Cargo writes the address of its index into the lock file.
    let hosts: Vec<String> =
        if source.path.ends_with("Cargo.lock") { Vec::new() } else { hosts.collect() };
    let mut findings = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        if let Some(host) = hosts.iter().find(|host| line.contains(host.as_str())) {
            let what =
                format!("`{host}`: use the machine's own configuration of its package tools");
            findings.push(source.finding(index + 1, "registry host", what));
        }
        for folder in &folders {
            let is_absolute = line.match_indices(folder.as_str()).any(|(at, _)| {
                let before = line.get(..at).and_then(|before| before.chars().next_back());
                before.is_none_or(|letter| " \"'`=(:,[".contains(letter))
            });
            if is_absolute {
                let what = format!("`{folder}…` is a folder of one machine");
                findings.push(source.finding(index + 1, "machine path", what));
            }
        }
    }
    findings
}

/// Every crate takes the workspace's lints; what users copy sets its own.
fn lints(source: &Source) -> Option<Finding> {
    let is_member = source.path.ends_with("/Cargo.toml")
        && !["examples/", "templates/", "bench/", "fuzz/"]
            .iter()
            .any(|start| source.path.starts_with(start))
        && !source.path.contains("/fixtures/");
    let has_lints = source.text.replace(' ', "").contains("[lints]\nworkspace=true");
    (is_member && source.text.contains("[package]") && !has_lints)
        .then(|| source.finding(1, "lints", "the crate lacks `[lints] workspace = true`"))
}

impl Source {
    fn finding(&self, line: usize, rule: &'static str, what: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, rule, what: what.into() }
    }
}

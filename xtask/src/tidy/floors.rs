//! The architecture: which module of the framework may name which.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::source::Source;

const ROOT: &str = "framework/src/";

/// A module may name only modules of lower floors.
pub(super) const FLOORS: [&[&str]; 5] = [
    &[
        "error",
        "operation",
        "context",
        "metadata",
        "body",
        "algo",
        "pb",
        "json",
        "bind",
        "validate",
        "message",
        "media",
        "unknown",
    ],
    &["rules", "registry", "config", "health", "telemetry", "tls", "wire", "server"],
    &["middleware", "balance", "backend", "dispatch"],
    &["transport", "client"],
    &["app", "testing", "__codegen", "builtin", "macros", "prelude"],
];
/// On these floors the modules beside each other are strangers.
const STRANGERS: [usize; 2] = [2, 3];
/// In these modules the submodules beside each other are strangers too.
const STRANGER_PARTS: [&str; 2] = ["backend", "middleware"];

/// One module names another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edge {
    from: Vec<String>,
    to: Vec<String>,
    path: String,
    line: usize,
}

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let ours: Vec<&Source> =
        sources.iter().filter(|source| source.is_rust() && source.path.starts_with(ROOT)).collect();
    let exports = ours
        .iter()
        .find(|source| source.path == format!("{ROOT}lib.rs"))
        .map(|root| root_exports(root))
        .unwrap_or_default();
    let edges: Vec<Edge> = ours.iter().flat_map(|source| edges(source, &exports)).collect();
    let modules: BTreeSet<Vec<String>> =
        ours.iter().map(|source| module_of(&source.path)).collect();
    let is_module = |path: &[String]| {
        path.get(..2).is_some_and(|start| modules.iter().any(|module| module.starts_with(start)))
    };
    let mut findings: Vec<Finding> =
        edges.iter().filter_map(|edge| judge(edge, is_module(&edge.to))).collect();
    findings.extend(cycles(&edges));
    findings.extend(unplaced(&ours));
    findings
}

/// `error::tests` for `framework/src/error/tests.rs`; empty for `lib.rs`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.strip_prefix(ROOT).unwrap_or(path);
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// The folder in which the submodules of the file `path` lie, with a `/` at its end.
pub(super) fn module_folder(path: &str) -> String {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    match stem.rsplit_once('/') {
        Some((folder, "mod" | "lib" | "main")) => format!("{folder}/"),
        _ => format!("{stem}/"),
    }
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// `names_part`: whether the first two names of the target are a module, not an item of one.
fn judge(edge: &Edge, names_part: bool) -> Option<Finding> {
    let (from, to) = (edge.from.first()?, edge.to.first()?);
    let finding = |what: String| {
        Some(Finding { path: edge.path.clone(), line: edge.line, rule: "floors", what })
    };
    if from == to {
        let (Some(part), Some(other)) = (edge.from.get(1), edge.to.get(1)) else { return None };
        if STRANGER_PARTS.contains(&from.as_str()) && names_part && part != other {
            return finding(format!(
                "`{from}::{part}` names `{to}::{other}`: these are strangers to each other"
            ));
        }
        return None;
    }
    let (Some(below), Some(above)) = (floor(to), floor(from)) else {
        let unknown = if floor(to).is_none() { to } else { from };
        return finding(format!(
            "`{unknown}` stands on no floor: add it to xtask/src/tidy/floors.rs"
        ));
    };
    if below > above {
        return finding(format!("`{from}` (floor {above}) names `{to}` (floor {below})"));
    }
    if below == above && STRANGERS.contains(&above) {
        return finding(format!(
            "`{from}` names `{to}`: the modules of floor {above} are strangers to each other"
        ));
    }
    None
}

/// Modules of one floor may know each other, but not in a circle.
fn cycles(edges: &[Edge]) -> Vec<Finding> {
    let mut graph: BTreeMap<&str, BTreeMap<&str, &Edge>> = BTreeMap::new();
    for edge in edges {
        let (Some(from), Some(to)) = (edge.from.first(), edge.to.first()) else { continue };
        if from != to && floor(from).is_some() && floor(from) == floor(to) {
            graph.entry(from).or_default().entry(to).or_insert(edge);
        }
    }
    let mut findings = Vec::new();
    for (&from, targets) in &graph {
        for (&to, edge) in targets {
            if reaches(&graph, to, from) {
                findings.push(Finding {
                    path: edge.path.clone(),
                    line: edge.line,
                    rule: "cycle",
                    what: format!("`{from}` names `{to}`, which leads back to `{from}`"),
                });
            }
        }
    }
    findings
}

fn reaches(graph: &BTreeMap<&str, BTreeMap<&str, &Edge>>, start: &str, goal: &str) -> bool {
    let (mut open, mut seen) = (vec![start], BTreeSet::new());
    while let Some(module) = open.pop() {
        if module == goal {
            return true;
        }
        if seen.insert(module) {
            open.extend(graph.get(module).into_iter().flat_map(|targets| targets.keys()));
        }
    }
    false
}

/// A new module has to be given its floor before anybody names it.
fn unplaced(sources: &[&Source]) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    sources
        .iter()
        .filter_map(|source| {
            let module = module_of(&source.path).into_iter().next()?;
            (floor(&module).is_none() && seen.insert(module.clone())).then(|| Finding {
                path: source.path.clone(),
                line: 1,
                rule: "floors",
                what: format!("`{module}` stands on no floor: add it to xtask/src/tidy/floors.rs"),
            })
        })
        .collect()
}

/// Which module each name comes from that `lib.rs` re-exports: `Error` is `error`'s.
fn root_exports(root: &Source) -> BTreeMap<String, Vec<String>> {
    let mut exports = BTreeMap::new();
    for at in root.find_word("use") {
        let rest = root.code.get(at + 3..).unwrap_or_default();
        for path in tree(rest) {
            let path: Vec<String> =
                path.into_iter().filter(|part| part != "crate" && part != "self").collect();
            if let Some(name) = path.last().filter(|_| path.len() > 1) {
                exports.insert(name.clone(), path.clone());
            }
        }
    }
    exports
}

fn edges(source: &Source, exports: &BTreeMap<String, Vec<String>>) -> Vec<Edge> {
    let own = module_of(&source.path);
    // The root names everything: that is its work.
    if own.is_empty() {
        return Vec::new();
    }
    // The names of generated code are its contract, on whatever floor it stands.
    let is_contract = |to: &[String]| {
        source.is_generated() && to.first().is_some_and(|first| first == "__codegen")
    };
    let inline = inline_modules(&source.code);
    let mut edges = Vec::new();
    for start in ["crate::", "super::"] {
        for at in source.find_word(start) {
            let line = source.line(at);
            let is_inside_path = source.code.get(..at).is_some_and(|before| before.ends_with("::"));
            if is_inside_path || source.is_test(line) {
                continue;
            }
            let mut module = own.clone();
            module.extend(
                inline.iter().filter(|(span, _)| span.contains(&at)).map(|(_, name)| name.clone()),
            );
            for path in tree(source.code.get(at..).unwrap_or_default()) {
                let Some(mut to) = resolve(&module, &path) else { continue };
                // A function may be called as a module is: `config` names the module.
                let export = to.first().filter(|first| floor(first).is_none());
                if let Some(export) = export.and_then(|first| exports.get(first)) {
                    to.splice(..1, export.iter().cloned());
                }
                if !to.is_empty() && !is_contract(&to) {
                    edges.push(Edge { from: own.clone(), to, path: source.path.clone(), line });
                }
            }
        }
    }
    edges
}

/// A path as seen from the crate's root; nothing for one that leaves it or names the root itself.
fn resolve(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let mut base = match path.first()?.as_str() {
        "crate" => Vec::new(),
        _ => module.to_vec(),
    };
    let mut rest = path.iter().skip_while(|part| *part == "crate").peekable();
    while rest.next_if(|part| *part == "super").is_some() {
        base.pop()?;
    }
    base.extend(rest.filter(|part| *part != "self" && *part != "*").cloned());
    Some(base)
}

/// Where `mod name { … }` stands in the code.
fn inline_modules(code: &str) -> Vec<(std::ops::Range<usize>, String)> {
    let mut modules = Vec::new();
    for (at, _) in code.match_indices("mod ") {
        let rest = code.get(at + 4..).unwrap_or_default();
        let name: String = rest.chars().take_while(|letter| is_name(*letter)).collect();
        let Some(body) = rest.get(name.len()..).filter(|rest| rest.trim_start().starts_with('{'))
        else {
            continue;
        };
        let mut depth = 0_i32;
        let length = body.bytes().position(|byte| {
            depth += i32::from(byte == b'{') - i32::from(byte == b'}');
            byte == b'}' && depth == 0
        });
        let start = at + 4 + name.len();
        modules.push((start..start + length.unwrap_or(body.len()), name));
    }
    modules
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Every path of the use tree, or the one path, at the start of `code`.
fn tree(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    branch(code, &[], &mut paths);
    paths
}

/// Reads one branch, adds its paths, and gives what stands behind it.
fn branch<'a>(code: &'a str, prefix: &[String], paths: &mut Vec<Vec<String>>) -> &'a str {
    let mut path = prefix.to_vec();
    let mut rest = code.trim_start();
    loop {
        let length = rest.find(|letter| !is_name(letter) && letter != '*').unwrap_or(rest.len());
        let (name, behind) = rest.split_at(length);
        if !name.is_empty() {
            path.push(name.to_owned());
        }
        let Some(next) = behind.trim_start().strip_prefix("::").map(str::trim_start) else {
            paths.push(path);
            return behind;
        };
        if let Some(group) = next.strip_prefix('{') {
            let mut inside = group;
            loop {
                inside = branch(inside, &path, paths);
                // What stands between one branch and the next: `as Name`, a comma.
                let end = inside.find([',', '}']).unwrap_or(inside.len());
                match inside.get(end..end + 1) {
                    Some(",") => inside = inside.get(end + 1..).unwrap_or_default(),
                    _ => return inside.get(end + 1..).unwrap_or_default(),
                }
                if let Some(behind) = inside.trim_start().strip_prefix('}') {
                    return behind;
                }
            }
        }
        if !next.starts_with(|letter| is_name(letter) || letter == '*') {
            // A turbofish, or a qualified path: what came before is the path.
            paths.push(path);
            return next;
        }
        rest = next;
    }
}

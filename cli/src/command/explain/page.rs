//! The page of the reference: every reason of the framework, and every rule of protos.

use crate::command::proto::explained::{self, Explained, Of};

use super::catalogue::{Entry, TOPICS};

const HEAD: &str = "\
<!-- Written by `cargo xtask gen` from the catalogue of `bia explain`. Edit it in cli/src/command/explain/catalogue. -->

# Reasons

Every reason that the framework itself answers with or writes to the log: an error's machine-readable name. `bia explain
REASON` tells the same at the terminal, and the reasons of a project's own protos too. The
[rules](#rules-of-bia-proto-lint) and [changes](#changes-that-bia-proto-breaking-judges) that `bia proto` goes by stand
below them.

A status is that of HTTP, and what is behind it the code of gRPC that goes with it.
";

pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    for topic in TOPICS {
        page.push_str(&format!("\n## {}\n", topic.name));
        for entry in topic.entries {
            page.push_str(&told(entry));
        }
    }
    for (of, head) in [(Of::Lint, LINT), (Of::Breaking, BREAKING)] {
        page.push_str(head);
        for rule in explained::all().filter(|rule| rule.of == of) {
            page.push_str(&rule_told(&rule));
        }
    }
    page.push_str(BUF);
    for rule in explained::all().filter(|rule| rule.of == Of::Buf) {
        page.push_str(&format!("| `{}` | {} |\n", rule.id, rule.means));
    }
    page
}

const LINT: &str = "
## Rules of `bia proto lint`

`STANDARD` and `BIA` hold unless something else is said; `COMMENTS` on request. A comment above what breaks a rule leaves
it out, `// bia:lint:ignore RULE_ID the reason`, `bia:lint:ignore-file` for the whole file; and
`except = [\"RULE_ID\"]` in `[package.metadata.bia.lint]` of `Cargo.toml`, or `workspace.…`, for all.
";

const BREAKING: &str = "
## Changes that `bia proto breaking` judges

By category: `WIRE` and `JSON` break callers of that form, `HTTP`, `ERRORS`, `RULES` and `OPTIONS` what is promised
beside it, `SOURCE` Rust that names it. `--only` and `--except` choose among them.
";

const BUF: &str = "
## Rules of buf

Of `buf lint`, those that are not in this table have the same name here. Of what `buf breaking` refuses in `WIRE` and
`WIRE_JSON`, nothing passes `bia proto breaking`. In `WIRE` it refuses a map that is only renamed, since it calls the
entries after the field; on the wire nothing changes, and here that is `JSON_FIELD_NAME`.

| rule | here |
|---|---|
";

fn rule_told(rule: &Explained) -> String {
    let Explained { id, category, means, why, before, example, remedy, .. } = rule;
    let (reason, example) = match (rule.of, *example) {
        (Of::Breaking, "") => ("Who breaks", format!("From `{before}` to nothing")),
        (Of::Breaking, example) => ("Who breaks", format!("From `{before}` to `{example}`")),
        (_, example) => ("Why", format!("Broken by `{example}`")),
    };
    format!(
        "\n### `{id}`\n\n{category}: {means}.\n\n- {reason}: {why}\n- {example}\n- What to do: {remedy}\n"
    )
}

fn told(entry: &Entry) -> String {
    let Entry { reason, statuses, by, means, remedy, .. } = entry;
    let codes: Vec<String> =
        statuses.iter().map(|status| format!("{status} `{}`", entry.grpc(*status))).collect();
    format!(
        "\n### `{reason}`\n\n{}. {means}\n\nWho can do something about it: {}. What to do: {remedy}.\n",
        codes.join(", "),
        by.words()
    )
}

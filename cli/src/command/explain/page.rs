//! The page of the reference: every reason of the framework.

use super::catalogue::{Entry, TOPICS};

const HEAD: &str = "\
<!-- Written by `cargo xtask gen` from the catalogue of `bia explain`. Edit it in cli/src/command/explain/catalogue. -->

# Reasons

Every reason that the framework itself answers with or writes to the log: an error's machine-readable name. `bia explain
REASON` tells the same at the terminal, and the reasons of a project's own protos too.

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
    page
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

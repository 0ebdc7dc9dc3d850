//! What goes wrong with settings and where they come from.

use super::{By, Entry, entry};

pub(super) const ENTRIES: &[Entry] = &[
    entry(
        "CONFIG_INVALID",
        &[500],
        By::Operator,
        "Settings are wrong; the text has each with key, place and what is expected. At the start the exit code is 78, later the last good ones stay in force.",
        "correct them; `--check-config` tells all that is wrong at once",
    ),
    entry(
        "CONFIG_UNTRUSTED",
        &[500],
        By::Operator,
        "Settings are not signed as `config.trust` asks: no manifest, a signature of another key, a document that was changed, or an older version.",
        "sign them anew with `bia config sign`; the last good ones stay in force",
    ),
    entry(
        "CONFIG_UNREADABLE",
        &[503],
        By::Operator,
        "A manifest of settings or its signature cannot be read.",
        "check the file's rights and its size",
    ),
    entry(
        "CONSUL_KEYS_UNREADABLE",
        &[500],
        By::Operator,
        "What is under the keys of `config.consul.prefix` cannot be settings.",
        "let keys end with .yaml, .yml, .toml or .json, and hold text of at most 4 MiB",
    ),
    entry(
        "SOURCE_UNAVAILABLE",
        &[503],
        By::Operator,
        "A source of settings could not be read within `config.start_timeout`, so the service did not start.",
        "look at the source that it names, mostly Consul; the cause stands below",
    ),
    entry(
        "SOURCE_TIMEOUT",
        &[504],
        By::Operator,
        "A source of settings did not answer in time.",
        "look at the source that it names; what it said last stays in force",
    ),
    entry(
        "SOURCE_PANICKED",
        &[500],
        By::Author,
        "A source of settings panicked. What it said last stays in force.",
        "correct the source: it is one of your own, or report it",
    ),
    entry(
        "ROLLOUT_ALONE",
        &[503],
        By::Operator,
        "A change is to go out in steps, and the instances have no way to tell each other.",
        "set `config.consul.prefix`: the board is kept there",
    ),
    entry(
        "ROLLOUT_UNHEARD",
        &[504],
        By::Operator,
        "The board of a staged change did not answer in time.",
        "look at Consul; the change waits",
    ),
];

//! What only the admin port answers.

use super::{By, Entry, entry};

pub(super) const ENTRIES: &[Entry] = &[
    entry(
        "LOOPBACK_ONLY",
        &[403],
        By::Operator,
        "The page is told to this machine only, and the request came from another one, or through a proxy.",
        "ask from the machine itself (a tunnel, `kubectl port-forward`), or set `admin.token`",
    ),
    entry(
        "TOKEN_REQUIRED",
        &[401],
        By::Caller,
        "The admin port asks for its token.",
        "send `authorization: Bearer …` with the value of `admin.token`",
    ),
    entry(
        "HOST_UNKNOWN",
        &[403],
        By::Caller,
        "The admin port was called by a name that may be a trick on a browser.",
        "call it 127.0.0.1 or localhost, or set `admin.token`",
    ),
    entry(
        "CROSS_SITE",
        &[403],
        By::Caller,
        "A page of another site asked for an admin page in a browser.",
        "open the admin page itself",
    ),
    entry(
        "LOG_CHANGE_INVALID",
        &[400],
        By::Caller,
        "The change of levels at /log makes no sense.",
        "PUT /log?level=debug&operation=…&for=5m; DELETE takes it back",
    ),
    entry(
        "SECONDS_INVALID",
        &[400],
        By::Caller,
        "The length of a profile is no number, or too long.",
        "ask for `?seconds=30`",
    ),
    entry(
        "PROFILE_RUNNING",
        &[409],
        By::Caller,
        "A profile is being taken: one at a time.",
        "wait for it",
    ),
    entry(
        "PROFILE_FAILED",
        &[500],
        By::Operator,
        "A profile could not be taken; the text says why.",
        "see the text; in a container the profiler may not be allowed its timer",
    ),
    entry(
        "PROFILE_UNAVAILABLE",
        &[501],
        By::Author,
        "The program was built without that profile.",
        "add the feature `profiling` or `heap` to bia; for the latter also `bia::profile_heap!()`",
    ),
];

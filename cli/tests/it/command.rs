//! How tests run the command.
#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::path::Path;
use std::process::{Command, Output};

/// The command in `folder`; nothing of who runs the tests reaches it.
pub(crate) fn bia(folder: impl AsRef<Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bia"));
    command.current_dir(folder);
    // `OUT_DIR` is of whoever builds these tests: another build would take it for a change of its own.
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "BIA_ENV", "OUT_DIR"] {
        command.env_remove(name);
    }
    for name in ["HTTP_ADDR", "HTTP_TOKEN", "HTTP_TOKEN_FILE", "HTTP_SSL", "CACERT", "NAMESPACE"] {
        command.env_remove(format!("CONSUL_{name}"));
    }
    command
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs `bia` with `arguments` in `folder`.
pub(crate) fn run(folder: impl AsRef<Path>, arguments: &[&str]) -> Ran {
    bia(folder).args(arguments).output().unwrap().into()
}

//! `bia add`: being written.

use clap::Args;

use crate::error::{Error, Result};
use crate::shell::Shell;

#[derive(Debug, Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_arguments: &Arguments, _shell: &Shell) -> Result<()> {
    Err(Error::new("being written"))
}

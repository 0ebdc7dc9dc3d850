//! The command line that every service takes.

use std::path::PathBuf;

use crate::config::{Invalid, nearest};

/// What the command line asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) files: Vec<PathBuf>,
    pub(super) sets: Vec<String>,
    pub(super) check: bool,
    pub(super) print: bool,
    pub(super) schema: bool,
    pub(super) help: bool,
    pub(super) version: bool,
}

const KNOWN: [&str; 7] = [
    "--config",
    "--set",
    "--check-config",
    "--print-config",
    "--config-schema",
    "--help",
    "--version",
];

pub(super) const HELP: &str = "\
Settings come from, later over earlier: defaults, configs/app.yaml, configs/app.$BIA_ENV.yaml,
variables BIA_SECTION__KEY, --set.

  --config FILE      read this file, or each file of this folder, instead of those in configs/
                     (again for more layers)
  --set KEY=VALUE    set one setting: --set server.address=127.0.0.1:9000
  --check-config     say whether the settings are right, and exit
  --print-config     print the settings in force and where each came from, secrets masked, and exit
  --config-schema    print the JSON Schema of a file of settings, for editors, and exit
  --version          print name and version, and exit
  --help             print this, and exit";

impl Flags {
    /// Reads arguments, without the program's own name.
    pub(super) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, Invalid> {
        let mut flags = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (argument.as_str(), None),
            };
            let takes_value = matches!(name, "--config" | "--set");
            if value.is_some() && KNOWN.contains(&name) && !takes_value {
                return Err(Invalid::whole(name, "takes no value"));
            }
            let value = || {
                let expected = if name == "--set" { "KEY=VALUE" } else { "a file or a folder" };
                value
                    .or_else(|| arguments.next())
                    .ok_or_else(|| Invalid::whole(name, format!("expected {expected} after it")))
            };
            match name {
                "--config" => flags.files.push(value()?.into()),
                "--set" => flags.sets.push(value()?),
                "--check-config" => flags.check = true,
                "--print-config" => flags.print = true,
                "--config-schema" => flags.schema = true,
                "--help" | "-h" => flags.help = true,
                "--version" | "-V" => flags.version = true,
                _ => {
                    let what = match nearest(name, KNOWN) {
                        Some(meant) => format!("there is no such flag: did you mean {meant}?"),
                        None => "there is no such flag: --help lists those there are".to_owned(),
                    };
                    return Err(Invalid::whole(argument, what));
                }
            }
        }
        Ok(flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Flags, String> {
        Flags::parse(arguments.iter().map(|&argument| argument.to_owned()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn flags_are_read_in_both_spellings() {
        let flags =
            parse(&["--config", "a.yaml", "--config=b.yaml", "--set", "a.b=c=d", "--set=e=f"]);
        let expected = Flags {
            files: vec!["a.yaml".into(), "b.yaml".into()],
            sets: vec!["a.b=c=d".to_owned(), "e=f".to_owned()],
            ..Flags::default()
        };
        assert_eq!(flags, Ok(expected));
        assert!(parse(&["--check-config"]).unwrap().check);
        assert!(parse(&["-h"]).unwrap().help && parse(&["--version"]).unwrap().version);
    }

    #[test]
    fn what_is_no_flag_is_refused() {
        let table = [
            (&["--confg", "x"][..], "--confg: there is no such flag: did you mean --config?"),
            (&["serve"], "serve: there is no such flag: --help lists those there are"),
            (&["--config"], "--config: expected a file or a folder after it"),
            (&["--set"], "--set: expected KEY=VALUE after it"),
            (&["--print-config=yes"], "--print-config: takes no value"),
        ];
        for (arguments, expected) in table {
            assert_eq!(parse(arguments).unwrap_err(), expected);
        }
    }
}

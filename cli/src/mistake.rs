//! A mistake in the arguments, told as every other error is.

use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::error::Error;
use crate::shell::Shell;

/// Says what is wrong with the arguments, or shows the help that was asked for; what the process ends with.
pub(crate) fn end(mistake: &clap::Error, shell: &Shell) -> ExitCode {
    let text = mistake.render();
    let error = if mistake.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        shell.help(text.ansi());
        return ExitCode::from(Error::usage("").exit_code());
    } else if mistake.use_stderr() {
        told(&text.to_string())
    } else {
        // Help, or the version, was asked for.
        match shell.data(text.ansi().to_string().trim_end()) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => error,
        }
    };
    shell.error(&error);
    ExitCode::from(error.exit_code())
}

/// `text`, which is `error: …`, then `tip: …` and `Usage: …` each apart, in our form.
fn told(text: &str) -> Error {
    let mut parts = text.split("\n\n").map(str::trim);
    let what = parts.next().unwrap_or_default();
    let (mut tips, mut usage) = (Vec::new(), None);
    for part in parts {
        tips.extend(part.lines().filter_map(|line| line.trim().strip_prefix("tip: ")));
        usage = usage.or_else(|| part.strip_prefix("Usage: "));
    }
    let hint = match (tips.as_slice(), usage) {
        ([], None) => "`--help` tells more".to_owned(),
        ([], Some(usage)) => format!("it is `{usage}`; `--help` tells more"),
        (tips, _) => tips.join("; "),
    };
    Error::usage(quoted(what.strip_prefix("error: ").unwrap_or(what))).with_hint(quoted(&hint))
}

/// What is between apostrophes, between the marks that all other messages have.
fn quoted(text: &str) -> String {
    let mut parts = text.split(" '");
    let mut quoted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('\'') {
            Some((inside, rest)) if !rest.starts_with(char::is_alphanumeric) => {
                quoted.push_str(&format!(" `{inside}`{rest}"));
            }
            _ => quoted.push_str(&format!(" '{part}")),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::Cli;

    use super::*;

    fn of(arguments: &[&str]) -> (String, String) {
        let mistake = Cli::try_parse_from(arguments).expect_err("it is one");
        let error = told(&mistake.render().to_string());
        assert_eq!(error.exit_code(), 2);
        (error.to_string(), error.hint().unwrap_or_default().to_owned())
    }

    #[test]
    fn a_mistake_is_told_in_one_line_with_a_hint() {
        for (arguments, what, hint) in [
            (
                &["bia", "sevices"][..],
                "unrecognized subcommand `sevices`",
                "a similar subcommand exists: `services`",
            ),
            (
                &["bia", "new", "x", "--registr", "local"],
                "unexpected argument `--registr` found",
                "a similar argument exists: `--registry`",
            ),
            (
                &["bia", "add", "service"],
                "the following required arguments were not provided:\n  <NAME>",
                "it is `bia add service <NAME>`; `--help` tells more",
            ),
            (
                &["bia", "new", "x", "--registry", "it's"],
                "invalid value 'it's' for `--registry <KIND>`\n  [possible values: local, consul, none]",
                "`--help` tells more",
            ),
        ] {
            assert_eq!(of(arguments), (what.to_owned(), hint.to_owned()));
        }
    }
}

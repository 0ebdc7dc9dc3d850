//! What a contributor and CI run: `cargo xtask VERB`.
//!
//! Standard library only wherever that is practical: this is the first thing that is built on a bare
//! machine, and it must be there in seconds.

mod book;
mod ci;
mod demo;
mod effects;
mod error;
mod exec;
mod first_call;
mod fuzz;
mod r#gen;
mod images;
mod net;
mod reference;
mod root;
mod servers;
mod suite;
mod tidy;
mod ui;
mod wait;

use std::process::ExitCode;

use crate::error::{Error, Result};

const USAGE: &str = "\
cargo xtask VERB

  demo [--once] [--consul]   two services that find each other, with calls through both
  test                       every test with the real servers it needs; says what could not run
  ci                         all that must hold before a change lands, the cheap checks first
  gen [--check]              the generated code that is checked in; or what of it is stale
  tidy                       the rules that no compiler knows: floors, lengths, forbidden words
  book                       the book as mdBook makes it, into target/book; its links are checked
  images                     images as `bia deploy docker` has them built, and run; needs root
  bench [--help] [ARG…]      what a call costs, beside its peers; a workspace of its own
  first-call                 how long it takes from `bia new` to the first call that is answered
  fuzz [--seconds N] [TARGET…]  feeds what reads strangers' bytes with any, 20 s each
  servers install [PART…]    the real servers and clients that the tests talk to
  servers start KIND [NAME]  one of them on free ports; prints its addresses
  servers stop NAME | list

Exit code: 0 when all is well, 1 when something failed, 2 when the command line makes no sense.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::say(format_args!("error: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            ui::out(USAGE);
            Ok(())
        }
        ["bench", rest @ ..] => bench(rest),
        ["book"] => book::main(),
        ["ci"] => ci::main(),
        ["demo", rest @ ..] => demo::main(rest),
        ["first-call"] => first_call::main(),
        ["fuzz", rest @ ..] => fuzz::main(rest),
        ["gen"] => r#gen::main(false),
        ["gen", "--check"] => r#gen::main(true),
        ["images"] => images::main(),
        ["servers", rest @ ..] => servers::main(rest),
        ["test"] => suite::main(),
        ["tidy"] => tidy::main(),
        words => Err(Error::usage(format!(
            "`cargo xtask {}` makes no sense\n\n{USAGE}",
            words.join(" ")
        ))),
    }
}

/// The peers of the measurements must not weigh on our lock file: they have a workspace of their own.
fn bench(arguments: &[&str]) -> Result<()> {
    let mut command = exec::cargo();
    command.args(["run", "--release", "--manifest-path", "bench/Cargo.toml", "--"]);
    exec::run(command.args(arguments))
}

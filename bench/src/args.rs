//! The command line.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::peer::Peer;
use crate::plan::{Effort, Part};

pub const USAGE: &str = "\
bia-bench [--quick | --full] [OPTION…]
  --quick        less than a minute without instructions (default)
  --full         some five minutes
  --only PART    server, client, stream, gzip, json or instructions; again for more
  --peer PEER    bia, tonic, hyper, bia-json or axum; again for more
  --rounds N     instead of the mode's
  --span MS      of each measurement, instead of the mode's
  --json FILE    also writes the figures there; - is standard output, instead of the table
  --gate         fails when a target is missed or the figures are too noisy to tell

bia-bench serve PEER [--gzip] [--core N]              a server alone, until standard input ends
bia-bench call PEER ADDRESS [--core N]                a client alone, by orders from standard input
bia-bench inside [--gate]                             what parts cost that every call goes through
bia-bench codec [--gate]                              what JSON costs to write and read, beside pbjson
bia-bench call PEER ADDRESS --calls N [--in-flight N] a client that makes so many calls

Exit code: 0 measured, 1 could not measure, 2 the command line makes no sense, 3 a target was missed.";

/// What is asked for.
#[derive(Debug, PartialEq)]
pub enum Command {
    Help,
    Measure(Measure),
    Inside {
        gate: bool,
    },
    Codec {
        gate: bool,
    },
    Serve {
        peer: Peer,
        gzip: bool,
        core: Option<usize>,
    },
    Call {
        peer: Peer,
        address: SocketAddr,
        calls: Option<u32>,
        in_flight: u32,
        core: Option<usize>,
    },
}

/// What is measured.
#[derive(Debug, PartialEq)]
pub struct Measure {
    pub effort: Effort,
    /// Empty: all.
    pub parts: Vec<Part>,
    pub peers: Vec<Peer>,
    pub json: Option<PathBuf>,
    pub gate: bool,
}

/// Reads the command line.
///
/// # Errors
///
/// What makes no sense about it.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut words: VecDeque<String> = arguments.into_iter().collect();
    match words.front().map(String::as_str) {
        Some("serve") => {
            words.pop_front();
            serve(&mut words)
        }
        Some("call") => {
            words.pop_front();
            call(&mut words)
        }
        Some("inside") => {
            words.pop_front();
            Ok(Command::Inside { gate: gate(&mut words)? })
        }
        Some("codec") => {
            words.pop_front();
            Ok(Command::Codec { gate: gate(&mut words)? })
        }
        _ => measure(&mut words),
    }
}

/// The only word that may follow: whether it fails when a target is missed.
fn gate(words: &mut VecDeque<String>) -> Result<bool, String> {
    let mut gate = false;
    while let Some(word) = words.pop_front() {
        match word.as_str() {
            "--gate" => gate = true,
            _ => return Err(unknown(&word)),
        }
    }
    Ok(gate)
}

fn measure(words: &mut VecDeque<String>) -> Result<Command, String> {
    let mut asked = Measure {
        effort: Effort::QUICK,
        parts: Vec::new(),
        peers: Vec::new(),
        json: None,
        gate: false,
    };
    let (mut rounds, mut span) = (None, None);
    while let Some(word) = words.pop_front() {
        match word.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--quick" => asked.effort = Effort::QUICK,
            "--full" => asked.effort = Effort::FULL,
            "--gate" => asked.gate = true,
            "--only" => asked.parts.push(value(words, &word)?),
            "--peer" => asked.peers.push(value(words, &word)?),
            "--rounds" => rounds = Some(value(words, &word)?),
            "--span" => span = Some(Duration::from_millis(value(words, &word)?)),
            "--json" => asked.json = Some(value(words, &word)?),
            _ => return Err(unknown(&word)),
        }
    }
    asked.effort.rounds = rounds.unwrap_or(asked.effort.rounds);
    asked.effort.span = span.unwrap_or(asked.effort.span);
    if asked.effort.rounds == 0 || asked.effort.span.is_zero() {
        return Err("--rounds and --span must be at least 1".to_owned());
    }
    Ok(Command::Measure(asked))
}

fn serve(words: &mut VecDeque<String>) -> Result<Command, String> {
    let peer = value(words, "serve")?;
    let (mut gzip, mut core) = (false, None);
    while let Some(word) = words.pop_front() {
        match word.as_str() {
            "--gzip" => gzip = true,
            "--core" => core = Some(value(words, &word)?),
            _ => return Err(unknown(&word)),
        }
    }
    Ok(Command::Serve { peer, gzip, core })
}

fn call(words: &mut VecDeque<String>) -> Result<Command, String> {
    let (peer, address) = (value(words, "call")?, value(words, "call PEER")?);
    let (mut calls, mut in_flight, mut core) = (None, 1, None);
    while let Some(word) = words.pop_front() {
        match word.as_str() {
            "--in-flight" => in_flight = value(words, &word)?,
            "--calls" => calls = Some(value(words, &word)?),
            "--core" => core = Some(value(words, &word)?),
            _ => return Err(unknown(&word)),
        }
    }
    Ok(Command::Call { peer, address, calls, in_flight, core })
}

fn value<T: FromStr<Err: ToString>>(words: &mut VecDeque<String>, of: &str) -> Result<T, String> {
    let word = words.pop_front().ok_or_else(|| format!("{of} needs a value"))?;
    word.parse().map_err(|error: T::Err| format!("{of} {word}: {}", error.to_string()))
}

fn unknown(word: &str) -> String {
    format!("{word} makes no sense here")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_change_the_mode_whatever_their_order() {
        let one = parsed("--rounds 3 --full --only gzip --only server").unwrap();
        let Command::Measure(asked) = one else { panic!("{one:?}") };
        assert_eq!(asked.effort, Effort { rounds: 3, ..Effort::FULL });
        assert_eq!(asked.parts, [Part::Gzip, Part::Server]);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let table = [
            ("--onyl server", "--onyl makes no sense here"),
            ("--only servr", "--only servr: \"servr\" is not a part"),
            ("--rounds", "--rounds needs a value"),
            ("--rounds 0", "must be at least 1"),
            ("serve grpc", "is not one of"),
        ];
        for (line, expected) in table {
            let said = parsed(line).unwrap_err();
            assert!(said.contains(expected), "{line}: {said}");
        }
    }
}

//! Codes of gRPC, statuses of HTTP, exit codes.

use bia::Code;

use super::answer::Answer;
use super::catalogue;

/// What ends a service or this command: code, meaning, remedy.
const EXITS: [(u16, &str, &str); 9] = [
    (
        0,
        "All went well. A service that was told to stop ended in order, also if calls had to be cut.",
        "",
    ),
    (
        1,
        "Something failed: a service's port was taken, a server or a hook of its own failed. Of `bia`: something failed, or a check found something.",
        "the last lines say what; a service tells the causes below each other",
    ),
    (
        2,
        "Of `bia`: the arguments make no sense.",
        "`bia help` and `bia COMMAND --help` say what there is",
    ),
    (
        78,
        "The settings of a service are wrong (EX_CONFIG of sysexits.h). Key, place and what is expected are printed. Starting again changes nothing.",
        "correct the settings; `--check-config` tells all that is wrong at once, and `bia doctor` looks too",
    ),
    (101, "A Rust program panicked in `main`.", "the panic is printed with its place"),
    (127, "The program could not be started.", "check that it was built, and for this machine"),
    (
        130,
        "Ended at once by Ctrl-C: by the second one of a service, which does not wait for calls any more, or by one of `bia`.",
        "",
    ),
    (
        137,
        "Killed by SIGKILL: by the kernel for want of memory, or by an orchestrator that would not wait any longer.",
        "see the kernel's log for the former; for the latter, let `stop.timeout` be shorter than the patience of whoever stops it (Kubernetes: terminationGracePeriodSeconds)",
    ),
    (143, "Ended at once by a second SIGTERM.", ""),
];

/// What each code of gRPC means between services on Bia.
fn meaning(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::Ok => ("The call succeeded.", ""),
        Code::Cancelled => (
            "Whoever called gave up before the answer was there.",
            "nothing, if callers may; else their deadlines are too short",
        ),
        Code::Unknown => (
            "It failed, and nobody said in words of gRPC how: an error of another library, or an HTTP status that gRPC has no code for (402, 410, 422).",
            "look at the reason and the HTTP code of the error, and at the service's log",
        ),
        Code::InvalidArgument => (
            "The request can never work as it is, whatever the state of things.",
            "correct the request; the details name the fields",
        ),
        Code::DeadlineExceeded => (
            "The time was up. The call may have been processed all the same.",
            "see in the trace where the time went",
        ),
        Code::NotFound => ("What was asked for is not there.", ""),
        Code::AlreadyExists => ("What was to be made is there already.", ""),
        Code::PermissionDenied => (
            "It is known who calls, and this one may not.",
            "have the scope given to the caller that the metadata names",
        ),
        Code::ResourceExhausted => (
            "Too much: a limit on calls, a quota, or a message that is larger than one side reads.",
            "ask less, later (the error may say when), or in pages",
        ),
        Code::FailedPrecondition => (
            "The state of things does not allow it; trying again changes nothing until somebody changes that.",
            "",
        ),
        Code::Aborted => (
            "Somebody else got in between. Beginning the whole anew may work.",
            "read what is there now, and try again from there",
        ),
        Code::OutOfRange => ("It goes past the end of what there is.", ""),
        Code::Unimplemented => (
            "There is no such method, or the service does not have it yet.",
            "compare the protos of both sides; `bia routes` shows what a service has",
        ),
        Code::Internal => (
            "Something in the service is broken.",
            "find the call in the service's log by its trace",
        ),
        Code::Unavailable => (
            "Not now: nobody is there, the connection broke, or the service stops. Trying again may help, and channels do so by themselves where no server can have processed the call.",
            "`bia services` shows who is there",
        ),
        Code::DataLoss => ("Data is lost or broken for good.", ""),
        Code::Unauthenticated => {
            ("It is not known who calls.", "send what the service's authenticator asks for")
        }
    }
}

/// What is known of a code, by its name or number.
pub(super) fn of(wanted: &str) -> Vec<Answer> {
    let number: Option<u16> = wanted.parse().ok();
    let grpc = Code::ALL
        .into_iter()
        .filter(|code| code.name() == wanted || number == Some(code.number().into()));
    let exits = EXITS.iter().filter(|(code, _, _)| number == Some(*code));
    let status = number.filter(|it| (400..600).contains(it)).and_then(status);
    grpc.map(of_grpc).chain(status).chain(exits.map(of_exit)).collect()
}

/// What may have been meant by a number of which nothing is known; none of what is no number.
pub(super) fn hint(wanted: &str) -> Option<String> {
    let is_number = !wanted.is_empty() && wanted.chars().all(|c| c.is_ascii_digit());
    is_number.then(|| match wanted.parse::<u16>() {
        Ok(100..=399) => {
            "an HTTP status below 400 is no failure; those from 400 to 599 are explained".to_owned()
        }
        Ok(400..=599) => {
            "the framework answers with no such status; `bia explain --list` shows those that it does"
                .to_owned()
        }
        _ => {
            let exits: Vec<String> = EXITS.iter().map(|(code, ..)| code.to_string()).collect();
            format!(
                "numbers are codes of gRPC (0 to 16), statuses of HTTP (400 to 599) and exit codes ({})",
                exits.join(", ")
            )
        }
    })
}

fn of_grpc(code: Code) -> Answer {
    let (means, remedy) = meaning(code);
    Answer {
        kind: "grpc",
        name: format!("{} ({})", code.name(), code.number()),
        of: "gRPC".to_owned(),
        codes: vec![(code.to_http(), code.name())],
        means: means.to_owned(),
        remedy: remedy.to_owned(),
        see: reasons(|_, grpc| grpc == code),
        ..Answer::default()
    }
}

/// None of a status that nothing is known of.
fn status(status: u16) -> Option<Answer> {
    let code = Code::from_http(status);
    let see = reasons(|of, _| of == status);
    if see.is_empty() && code == Code::Unknown {
        return None;
    }
    let (means, remedy) = meaning(code);
    let means = match code {
        Code::Unknown => {
            "gRPC has no code for it: between services on Bia the status travels beside the code."
        }
        _ => means,
    };
    Some(Answer {
        kind: "http",
        name: status.to_string(),
        of: "HTTP".to_owned(),
        codes: vec![(status, code.name())],
        means: means.to_owned(),
        remedy: if code == Code::Unknown { String::new() } else { remedy.to_owned() },
        see,
        ..Answer::default()
    })
}

fn of_exit((code, means, remedy): &(u16, &str, &str)) -> Answer {
    Answer {
        kind: "exit",
        name: code.to_string(),
        of: "processes".to_owned(),
        means: (*means).to_owned(),
        remedy: (*remedy).to_owned(),
        ..Answer::default()
    }
}

/// The reasons of the framework that come with a code.
fn reasons(is_wanted: impl Fn(u16, Code) -> bool) -> Vec<String> {
    catalogue::all()
        .filter(|it| it.statuses.iter().any(|status| is_wanted(*status, it.grpc(*status))))
        .map(|it| it.reason.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(wanted: &str) -> Vec<(&'static str, String)> {
        of(wanted).into_iter().map(|it| (it.kind, it.name)).collect()
    }

    #[test]
    fn a_code_is_known_by_name_and_by_number() {
        let unavailable = ("grpc", "UNAVAILABLE (14)".to_owned());
        assert_eq!(told("UNAVAILABLE"), std::slice::from_ref(&unavailable));
        assert_eq!(told("14"), [unavailable]);
        assert_eq!(told("78"), [("exit", "78".to_owned())]);
        let one = [("grpc", "CANCELLED (1)".to_owned()), ("exit", "1".to_owned())];
        assert_eq!(told("1"), one);
        assert_eq!(told("413"), [("http", "413".to_owned())]);
        assert_eq!(told("NOPE"), []);
        assert_eq!(told("599"), []);
    }

    #[test]
    fn a_code_leads_to_the_reasons_that_come_with_it() {
        let answers = of("503");
        let see = &answers.first().expect("it is known").see;
        assert!(see.contains(&"NODE_NOT_FOUND".to_owned()), "{see:?}");
    }
}

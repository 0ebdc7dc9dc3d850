//! The tour of the README, done with curl against both services, line by line as it stands there.

use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;

use super::process::LIMIT;
use super::shop::Shop;

/// What follows this line in the README is a block of commands and of what they print, where `…`
/// stands for anything.
const MARK: &str = "<!-- run as it stands by interop/tests/fleet/tour.rs -->";

#[tokio::test]
async fn the_tour_of_the_readme_is_what_curl_prints() {
    let shop = Shop::open(None).await;
    let (at_users, at_orders) = (shop.users.address("api").await, shop.orders.address("api").await);

    let steps = steps(include_str!("../../../README.md"));
    assert!(steps.len() >= 5, "{steps:?}");
    for (shown, expected) in steps {
        let command =
            shown.replace("localhost:8000", &at_users).replace("localhost:8100", &at_orders);
        let mut run = Command::new("sh");
        run.args(["-c", &command]).stdin(Stdio::null()).kill_on_drop(true);
        let output = timeout(LIMIT, run.output()).await.unwrap().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            matches(&expected, printed.trim_end()),
            "{shown}\nprints {printed}\nnot {expected}"
        );
    }
    shop.close();
}

/// Each command of the tour with what it is said to print.
fn steps(readme: &str) -> Vec<(String, String)> {
    // The README marks its tour, and a block follows the mark.
    let (_, tour) = readme.split_once(MARK).unwrap();
    let block = tour.split("```").nth(1).unwrap();
    let lines = block.lines().skip(1);
    let mut steps: Vec<(String, String)> = Vec::new();
    for line in lines {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push((command.to_owned(), String::new())),
            (None, Some((command, printed))) if printed.is_empty() && command.ends_with('\\') => {
                command.pop();
                command.push_str(line.trim_start());
            }
            (None, Some((_, printed))) => {
                if !printed.is_empty() {
                    printed.push('\n');
                }
                printed.push_str(line);
            }
            (None, None) => panic!("the tour begins with a command, not with {line:?}"),
        }
    }
    steps
}

/// Whether a text is as `pattern` says, where `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut last = "";
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = part;
    }
    // What stands behind the last `…` is the end.
    rest.is_empty() || (pattern.contains('…') && last.is_empty())
}

#[test]
fn a_shown_text_may_leave_things_out() {
    assert!(matches("a…c", "abbbc") && matches("…", "x") && matches("a", "a"));
    assert!(!matches("a…c", "abcd") && !matches("a", "ab") && !matches("b…", "ab"));
}

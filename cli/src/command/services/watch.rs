//! Goes on looking, and shows what has changed.

use std::io::IsTerminal as _;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::error::Result;
use crate::remote::Registry;
use crate::shell::{Look, Shell};

use super::look::{Looker, Seen};
use super::show;

/// How often the folder of the local registry is read.
const LOCAL: Duration = Duration::from_millis(250);
/// How often a registry that is a service of its own is asked, for each of the services in it.
const FAR: Duration = Duration::from_secs(1);

/// Shows who is there after each change, until nobody reads it any more.
///
/// # Errors
///
/// The registry cannot be asked at the start; later that is shown, and it is asked again.
pub(super) async fn run(mut looker: Looker, is_json: bool, shell: &Shell) -> Result<()> {
    let every = match looker.registry() {
        Registry::Local(_) => LOCAL,
        Registry::Consul(_) => FAR,
    };
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let is_terminal = std::io::stdout().is_terminal() && !is_json;
    let mut last: Option<Seen> = None;
    let mut shown = String::new();
    loop {
        ticks.tick().await;
        let seen = match (looker.look().await, &last) {
            (Ok(seen), _) => seen,
            (Err(error), Some(last)) => Seen { error: Some(error.to_string()), ..last.clone() },
            (Err(error), None) => return Err(error),
        };
        let text = match is_json {
            true => seen.document().to_string(),
            false => page(&seen, shell.width()),
        };
        // How long instances are up changes too, and only a person wants to see that.
        let is_news = if is_terminal { text != shown } else { last.as_ref() != Some(&seen) };
        if is_news {
            match is_terminal {
                true => shell.page(&text)?,
                false => shell.data(&text)?,
            }
            shown = text;
        }
        last = Some(seen);
    }
}

fn page(seen: &Seen, width: usize) -> String {
    let mut services: Vec<&str> = seen.instances.iter().map(|it| it.service.as_str()).collect();
    services.dedup();
    let head = format!(
        "{}: {} instances of {} services",
        seen.registry,
        seen.instances.len(),
        services.len()
    );
    let mut text = Look::Faint.paint(head);
    if let Some(error) = &seen.error {
        text.push_str(&format!("\n{}", Look::Bad.paint(error)));
    }
    if !seen.instances.is_empty() {
        text.push_str(&format!("\n\n{}", show::table(seen, width)));
    }
    text
}

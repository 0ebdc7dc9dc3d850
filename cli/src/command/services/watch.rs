//! Goes on looking, and shows what has changed.

use std::io::IsTerminal as _;

use tokio::time::sleep_until;

use crate::error::Result;
use crate::shell::{Look, Shell, wrap};

use super::look::Seen;
use super::looker::Looker;
use super::show;

/// Shows who is there after each change, until nobody reads it any more.
///
/// # Errors
///
/// No registry can be asked at the start; later that is shown, and it is asked again.
pub(super) async fn run(mut looker: Looker, is_json: bool, shell: &Shell) -> Result<()> {
    let is_terminal = std::io::stdout().is_terminal() && !is_json;
    let mut last: Option<Seen> = None;
    let mut shown = String::new();
    loop {
        let seen = looker.look().await?;
        let text = match is_json {
            true => seen.document().to_string(),
            false => page(&seen, shell.columns()),
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
        sleep_until(looker.due()).await;
    }
}

fn page(seen: &Seen, width: Option<usize>) -> String {
    let mut services: Vec<&str> = seen.instances.iter().map(|it| it.service.as_str()).collect();
    services.dedup();
    let places: Vec<&str> = seen.registries.iter().map(|it| it.registry.as_str()).collect();
    let head = format!(
        "{}: {} of {}",
        places.join(", "),
        counted(seen.instances.len(), "instance"),
        counted(services.len(), "service")
    );
    let lines = |text: &str, look: Look| -> Vec<String> {
        let lines = wrap(text, width.unwrap_or(usize::MAX));
        lines.into_iter().map(|line| look.paint(line)).collect()
    };
    let mut text = lines(&head, Look::Faint);
    for error in seen.registries.iter().filter_map(|it| it.error.as_ref()) {
        text.extend(lines(error, Look::Bad));
    }
    let mut text = text.join("\n");
    if !seen.instances.is_empty() {
        text.push_str(&format!("\n\n{}", show::table(seen, width)));
    }
    text
}

fn counted(count: usize, what: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {what}{many}")
}

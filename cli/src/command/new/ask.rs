//! What a person at the terminal is asked.

use clap::ValueEnum;
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, Select};

use crate::error::{Error, Result};
use crate::scaffold::{Database, Name, Registry};
use crate::shell::Shell;

use super::Wish;

/// A name, until it is one.
pub(super) fn name(what: &str, proposed: Option<String>, shell: &Shell) -> Result<String> {
    let theme = ColorfulTheme::default();
    let mut input =
        Input::<String>::with_theme(&theme).with_prompt(what).validate_with(|text: &String| {
            Name::new(text).map(drop).map_err(|error| match error.hint() {
                Some(hint) => format!("{error}; {hint}"),
                None => error.to_string(),
            })
        });
    if let Some(proposed) = proposed {
        input = input.default(proposed);
    }
    shell.ask(|| input.interact_text())
}

/// The services that a workspace begins with.
pub(super) fn first_service(shell: &Shell) -> Result<Vec<String>> {
    let theme = ColorfulTheme::default();
    let input = Input::<String>::with_theme(&theme)
        .with_prompt("A first service (nothing for none)")
        .allow_empty(true)
        .validate_with(|text: &String| match text.as_str() {
            "" => Ok(()),
            text => Name::new(text).map(drop).map_err(|error| error.to_string()),
        });
    let name = shell.ask(|| input.interact_text())?;
    Ok(if name.is_empty() { Vec::new() } else { vec![name] })
}

/// What was not said of a service.
pub(super) fn parts(wish: &mut Wish, shell: &Shell) -> Result<()> {
    if wish.registry.is_none() {
        wish.registry = Some(one_of("Where is it found?", Registry::default(), shell)?);
    }
    if wish.database.is_none() {
        let proposed = if wish.from.is_some() { Database::None } else { Database::default() };
        wish.database = Some(one_of("Where does it keep data?", proposed, shell)?);
    }
    Ok(())
}

fn one_of<T: ValueEnum + PartialEq + Copy>(
    question: &str,
    proposed: T,
    shell: &Shell,
) -> Result<T> {
    let all = T::value_variants();
    let shown = all.iter().filter_map(ValueEnum::to_possible_value).map(|value| {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        format!("{:<9} {help}", value.get_name())
    });
    let theme = ColorfulTheme::default();
    let select = Select::with_theme(&theme)
        .with_prompt(question)
        .items(shown.collect::<Vec<_>>())
        .default(all.iter().position(|it| *it == proposed).unwrap_or(0));
    let chosen = shell.ask(|| select.interact_opt())?.and_then(|chosen| all.get(chosen).copied());
    // Escape.
    chosen.ok_or_else(|| Error::interrupted("nothing was chosen, and nothing was written"))
}

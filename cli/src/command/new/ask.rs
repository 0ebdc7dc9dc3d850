//! What a person at the terminal is asked.

use clap::ValueEnum;
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, Select};

use crate::error::{Error, Result};
use crate::scaffold::{Database, Name, Registry};

use super::Wish;

/// A name, until it is one.
pub(super) fn name(what: &str, proposed: Option<String>) -> Result<String> {
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
    input.interact_text().map_err(gone)
}

/// The services that a workspace begins with.
pub(super) fn first_service() -> Result<Vec<String>> {
    let name = Input::<String>::with_theme(&ColorfulTheme::default())
        .with_prompt("A first service (nothing for none)")
        .allow_empty(true)
        .validate_with(|text: &String| match text.as_str() {
            "" => Ok(()),
            text => Name::new(text).map(drop).map_err(|error| error.to_string()),
        })
        .interact_text()
        .map_err(gone)?;
    Ok(if name.is_empty() { Vec::new() } else { vec![name] })
}

/// What was not said of a service.
pub(super) fn parts(wish: &mut Wish) -> Result<()> {
    if wish.registry.is_none() {
        wish.registry = Some(one_of("Where is it found?", Registry::default())?);
    }
    if wish.database.is_none() {
        let proposed = if wish.from.is_some() { Database::None } else { Database::default() };
        wish.database = Some(one_of("Where does it keep data?", proposed)?);
    }
    Ok(())
}

fn one_of<T: ValueEnum + PartialEq + Copy>(question: &str, proposed: T) -> Result<T> {
    let all = T::value_variants();
    let shown = all.iter().filter_map(ValueEnum::to_possible_value).map(|value| {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        format!("{:<9} {help}", value.get_name())
    });
    let chosen = Select::with_theme(&ColorfulTheme::default())
        .with_prompt(question)
        .items(shown.collect::<Vec<_>>())
        .default(all.iter().position(|it| *it == proposed).unwrap_or(0))
        .interact()
        .map_err(gone)?;
    Ok(all.get(chosen).copied().unwrap_or(proposed))
}

/// Whoever was asked has gone away.
fn gone(error: dialoguer::Error) -> Error {
    let dialoguer::Error::IO(error) = error;
    match error.kind() {
        std::io::ErrorKind::Interrupted => Error::interrupted("interrupted; nothing was written"),
        _ => Error::new(format!("cannot ask: {error}"))
            .with_hint("say it in the arguments; `--yes` takes the defaults"),
    }
}

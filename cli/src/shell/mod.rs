//! The only place that prints: data to stdout, talk to stderr.

mod progress;
mod table;

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::cli::{Colour, Talk};
use crate::error::{Error, Result};

pub(crate) use progress::Progress;
pub(crate) use table::Table;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// How wide a line is where nobody tells.
const WIDTH: usize = 100;

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Plain,
    Good,
    Bad,
    Warn,
    Faint,
    Bold,
}

impl Look {
    pub(crate) fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => GOOD,
            Self::Bad => BAD,
            Self::Warn => WARN,
            Self::Faint => FAINT,
            Self::Bold => BOLD,
        }
    }

    /// `text` in this look; where there is no colour, what is printed has none.
    pub(crate) fn paint(self, text: impl Display) -> String {
        let style = self.style();
        format!("{style}{text}{style:#}")
    }
}

/// How this run speaks with whoever started it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shell {
    colour: ColorChoice,
    is_quiet: bool,
    /// Whether talk goes to a person: only then there is progress.
    talks_to_terminal: bool,
    /// Whether data goes to a terminal, which has a width.
    shows_on_terminal: bool,
    /// Whether questions can be asked.
    can_ask: bool,
}

impl Shell {
    pub(crate) fn new(talk: &Talk) -> Self {
        let colour = match talk.color {
            Colour::Auto => ColorChoice::Auto,
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
        };
        let talks_to_terminal = io::stderr().is_terminal();
        Self {
            colour,
            is_quiet: talk.quiet,
            talks_to_terminal,
            shows_on_terminal: io::stdout().is_terminal(),
            can_ask: talks_to_terminal && io::stdin().is_terminal() && !talk.quiet,
        }
    }

    /// The same, saying nothing but errors: for a command that tells in its own words what it does.
    pub(crate) fn quieter(&self) -> Self {
        Self { is_quiet: true, ..*self }
    }

    /// Prints data, what a script may read; `--quiet` does not hold it back.
    ///
    /// # Errors
    ///
    /// Nobody reads it any more, or it cannot be written.
    pub(crate) fn data(&self, text: impl Display) -> Result<()> {
        let mut out = AutoStream::new(io::stdout().lock(), self.colour);
        writeln!(out, "{text}")?;
        out.flush()?;
        Ok(())
    }

    /// Shows data in place of what is on the terminal.
    ///
    /// # Errors
    ///
    /// Those of [`data`](Self::data).
    pub(crate) fn page(&self, text: impl Display) -> Result<()> {
        dialoguer::console::Term::stdout().clear_screen()?;
        self.data(text)
    }

    /// Says something.
    pub(crate) fn say(&self, text: impl Display) {
        if !self.is_quiet {
            self.print(text);
        }
    }

    /// Says what was done, with what it was done to: `     Created src/main.rs`.
    pub(crate) fn status(&self, verb: &str, what: impl Display) {
        self.say(format_args!("{GOOD}{verb:>12}{GOOD:#} {what}"));
    }

    pub(crate) fn warn(&self, text: impl Display) {
        self.say(format_args!("{WARN}warning{WARN:#}: {text}"));
    }

    pub(crate) fn hint(&self, text: impl Display) {
        self.say(format_args!("  {HINT}hint{HINT:#}: {text}"));
    }

    /// Says what ended the command, even if it is to be quiet.
    pub(crate) fn error(&self, error: &Error) {
        if error.is_silent() {
            return;
        }
        self.print(format_args!("{BAD}error{BAD:#}: {error}"));
        if let Some(hint) = error.hint() {
            self.print(format_args!("  {HINT}hint{HINT:#}: {hint}"));
        }
    }

    /// Talk about work that takes long; silent where nobody watches.
    pub(crate) fn progress(&self, verb: &str) -> Progress {
        Progress::new(verb, self.talks_to_terminal && !self.is_quiet)
    }

    /// Whether a person is there who can answer.
    pub(crate) fn can_ask(&self) -> bool {
        self.can_ask
    }

    /// Whether it says nothing but errors.
    pub(crate) fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// How many columns data has.
    pub(crate) fn width(&self) -> usize {
        self.columns().unwrap_or(WIDTH)
    }

    /// How many columns the terminal has that data goes to; none where it goes elsewhere, and lines
    /// must stay whole.
    pub(crate) fn columns(&self) -> Option<usize> {
        self.shows_on_terminal.then(width).flatten()
    }

    /// Whether what is printed as data has colours.
    pub(crate) fn is_colourful(&self) -> bool {
        match self.colour {
            ColorChoice::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            choice => choice != ColorChoice::Never,
        }
    }

    fn print(&self, text: impl Display) {
        let mut err = AutoStream::new(io::stderr().lock(), self.colour);
        // There is nobody left to tell that it cannot be told.
        drop(writeln!(err, "{text}"));
    }
}

/// The width of the terminal, as it is now.
fn width() -> Option<usize> {
    let (_, columns) = dialoguer::console::Term::stdout().size_checked()?;
    Some(columns.into())
}

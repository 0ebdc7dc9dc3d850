//! The only place that prints: data to stdout, talk to stderr.

mod progress;
mod question;
mod table;
mod wrap;

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use anstream::adapter::strip_str;
use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use dialoguer::console::{self, Term};

use crate::cli::{Colour, Talk};
use crate::error::{Error, Result};

pub(crate) use progress::Progress;
pub(crate) use table::Table;
pub(crate) use wrap::{GAP, columns, fit, wrap};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// How far in what belongs below something stands.
const MARGIN: usize = 2;

/// How wide a line of prose is where nobody tells, and help at most.
pub(crate) const WIDTH: usize = 100;

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
    /// Whether talk goes to a terminal that can take it back: only then there is progress.
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
        // Questions ask there.
        if colour != ColorChoice::Auto {
            console::set_colors_enabled_stderr(colour != ColorChoice::Never);
        }
        // One that is dumb cannot take back what it has shown.
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let talks_to_terminal = io::stderr().is_terminal() && !is_dumb;
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
        Term::stdout().clear_screen()?;
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
        self.say(Self::prose(format!("{WARN}warning{WARN:#}: {text}")));
    }

    pub(crate) fn hint(&self, text: impl Display) {
        self.say(Self::prose(format!("  {HINT}hint{HINT:#}: {text}")));
    }

    /// Says what ended the command, even if it is to be quiet.
    pub(crate) fn error(&self, error: &Error) {
        if error.is_silent() {
            return;
        }
        if error.is_interrupt() {
            self.leave_line();
        }
        self.print(Self::prose(format!("{BAD}error{BAD:#}: {error}")));
        if let Some(hint) = error.hint() {
            self.print(Self::prose(format!("  {HINT}hint{HINT:#}: {hint}")));
        }
    }

    /// Leaves the line on which a terminal has shown `^C`.
    pub(crate) fn leave_line(&self) {
        if io::stderr().is_terminal() {
            self.print("");
        }
    }

    /// Shows help that nobody asked for, since too little was said.
    pub(crate) fn help(&self, text: impl Display) {
        self.print(text.to_string().trim_end());
    }

    /// Talk about work that takes long; silent where nobody watches.
    pub(crate) fn progress(&self, verb: &str) -> Progress {
        if !self.talks_to_terminal || self.is_quiet {
            return Progress::hidden();
        }
        let label = format!("{HINT}{verb:>12}{HINT:#}");
        Progress::new(match self.choice(&io::stderr()) {
            ColorChoice::Never => strip_str(&label).to_string(),
            _ => label,
        })
    }

    /// Whether a person is there who can answer.
    pub(crate) fn can_ask(&self) -> bool {
        self.can_ask
    }

    /// Whether it says nothing but errors.
    pub(crate) fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// How many columns prose has.
    pub(crate) fn width(&self) -> usize {
        self.columns().unwrap_or(WIDTH)
    }

    /// How many columns the terminal has that data goes to; none where it goes elsewhere, and lines
    /// must stay whole.
    pub(crate) fn columns(&self) -> Option<usize> {
        self.shows_on_terminal.then(|| width(&Term::stdout())).flatten()
    }

    /// Whether what is printed as data has colours.
    pub(crate) fn is_colourful(&self) -> bool {
        self.choice(&io::stdout()) != ColorChoice::Never
    }

    fn choice(&self, stream: &impl RawStream) -> ColorChoice {
        match self.colour {
            ColorChoice::Auto => AutoStream::choice(stream),
            choice => choice,
        }
    }

    /// Words that fit the terminal; whole where there is none.
    fn prose(text: String) -> String {
        match width(&Term::stderr()).filter(|_| io::stderr().is_terminal()) {
            Some(width) => fit(&text, width),
            None => text,
        }
    }

    fn print(&self, text: impl Display) {
        let mut err = AutoStream::new(io::stderr().lock(), self.colour);
        // There is nobody left to tell that it cannot be told.
        drop(writeln!(err, "{text}"));
    }
}

/// The width of a terminal, as it is now.
fn width(terminal: &Term) -> Option<usize> {
    let (_, columns) = terminal.size_checked()?;
    Some(columns.into())
}

//! Why code could not be generated, in words for whoever reads a failed build.

use std::error::Error as StdError;
use std::fmt;

/// Why code could not be generated: one or several problems, each with its place and a remedy
/// where there is one.
///
/// `Debug` prints what `Display` does, because that is what `main() -> Result` of a build script
/// shows.
pub struct Error {
    problems: Vec<Problem>,
    topic: Topic,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What an [`Error`] is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// Files that cannot be read, are not protobuf, or name what is not there.
    Source,
    /// Names that are the same in Rust, or cannot be names there.
    Names,
    /// How methods are called over HTTP.
    Http,
    /// What is said of methods and errors by the options of this framework.
    Options,
    /// The rules that messages keep, `buf.validate`.
    Rules,
    /// The code that is made, and anything else.
    #[default]
    Code,
}

/// One of the problems of an [`Error`], taken apart for a tool that shows it in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report<'a> {
    /// The file as the user can open it.
    pub file: Option<&'a str>,
    /// Line and column, from 1.
    pub position: Option<(usize, usize)>,
    /// What is wrong.
    pub message: &'a str,
    /// What to do about it.
    pub remedy: Option<&'a str>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) place: Option<Place>,
    pub(crate) message: String,
    pub(crate) remedy: Option<String>,
}

/// Where: a file as the user can open it, and line and column from 1 where they are known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) position: Option<(usize, usize)>,
}

impl Error {
    /// An error of an emitter's own.
    pub fn new(message: impl Into<String>) -> Self {
        Problem::new(message).into()
    }

    /// Adds what the user can do about it, replacing what was said.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> Self {
        if let Some(problem) = self.problems.last_mut() {
            problem.remedy = Some(remedy.into());
        }
        self
    }

    /// Replaces the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What all of its problems are about.
    #[must_use]
    pub fn topic(&self) -> Topic {
        self.topic
    }

    /// Its problems, at least one.
    pub fn reports(&self) -> impl Iterator<Item = Report<'_>> {
        self.problems.iter().map(|problem| Report {
            file: problem.place.as_ref().map(|place| place.file.as_str()),
            position: problem.place.as_ref().and_then(|place| place.position),
            message: &problem.message,
            remedy: problem.remedy.as_deref(),
        })
    }

    /// Says what it is about, unless that was said closer to it.
    pub(crate) fn about(self, topic: Topic) -> Self {
        if self.topic == Topic::Code { Self { topic, ..self } } else { self }
    }

    /// All of `problems`, or `Ok` if there are none.
    pub(crate) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        Err(Self { problems, topic: Topic::default(), source: None })
    }
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into(), remedy: None }
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem], topic: Topic::default(), source: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        match self.position {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n  help: {remedy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.problems.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "\n  because: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

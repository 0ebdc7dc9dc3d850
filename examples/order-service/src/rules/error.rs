use std::error::Error as StdError;
use std::fmt;

/// The outcome of a rule.
pub type Result<T, E = OrderError> = std::result::Result<T, E>;

/// An error of another layer.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Why a rule refused, or could not do its work.
#[derive(Debug)]
pub enum OrderError {
    /// There is no order of this id.
    NotFound { id: String },
    /// There is no user of this id.
    UserNotFound { id: String },
    /// The user may not order for the time being.
    UserSuspended { id: String },
    /// What the caller sent breaks rules: all of them that it breaks.
    Invalid(Violations),
    /// The page token is not ours, or of another list.
    PageToken,
    /// The customers cannot be asked.
    Customers(Cause),
    /// The data cannot be had.
    Data(DataError),
}

/// Why data cannot be had.
#[derive(Debug)]
pub enum DataError {
    /// Not now: another try may do.
    Unavailable(Cause),
    /// A fault of ours.
    Broken(Cause),
}

impl From<Violations> for OrderError {
    fn from(violations: Violations) -> Self {
        Self::Invalid(violations)
    }
}

impl From<DataError> for OrderError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}
/// What is wrong with a request: each field that is, and why.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Violations(Vec<(String, String)>);

impl Violations {
    /// Notes that `field` breaks a rule, unless it `holds`.
    pub fn check(&mut self, field: &str, holds: bool, rule: &str) {
        if !holds {
            self.0.push((field.to_owned(), rule.to_owned()));
        }
    }

    /// Good if nothing is wrong.
    pub fn into_result(self) -> std::result::Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// Field and broken rule, in the order they were found; a field may come more than once.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(field, rule)| (field.as_str(), rule.as_str()))
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (field, rule)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{field} {rule}")?;
        }
        Ok(())
    }
}

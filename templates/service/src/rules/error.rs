use std::error::Error as StdError;

/// The outcome of a rule.
pub type Result<T, E = GadgetError> = std::result::Result<T, E>;

/// Why a rule refused, or could not do its work.
#[derive(Debug)]
pub enum GadgetError {
    /// There is none of this id.
    NotFound { id: String },
    /// Another has the name.
    NameTaken { name: String },
    /// The name is nothing but space.
    NameEmpty,
    /// The page token is not ours.
    PageToken,
    /// The data cannot be had.
    Data(DataError),
}

/// Why data cannot be had.
#[derive(Debug)]
pub enum DataError {
    // @if database
    /// Not now: another try may do.
    Unavailable(Box<dyn StdError + Send + Sync>),
    // @end
    /// A fault of ours.
    Broken(Box<dyn StdError + Send + Sync>),
}

impl From<DataError> for GadgetError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

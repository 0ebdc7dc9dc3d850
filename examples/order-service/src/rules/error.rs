use std::error::Error as StdError;

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

impl From<DataError> for OrderError {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

//! The log: what is written of each event, and how.

mod format;
mod request_id;

pub(super) use self::format::Json;
pub(crate) use self::request_id::REQUEST_ID;
pub(super) use self::request_id::request_id;

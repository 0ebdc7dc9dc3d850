//! The log: what is written of each event, and how.

mod format;
#[cfg_attr(not(test), expect(dead_code, reason = "what observes a call takes it up"))]
mod request_id;

pub(super) use self::format::Json;

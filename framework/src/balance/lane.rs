//! Lanes: a change that is tried by calls of its own.
//!
//! An instance whose metadata has [`LANE`](crate::registry::LANE) is in that lane; a call whose metadata has [`LANE_HEADER`] is too. It goes
//! to the lane's instances of each service that has some there, and of all others to those in no lane. As
//! the header begins with `x-md-global-`, it travels the whole chain of calls, also through services of
//! Kratos. Calls in no lane never go to an instance that is in one.

use http::HeaderMap;

/// The header that puts a call, and all that it causes, in a lane.
pub const LANE_HEADER: &str = "x-md-global-lane";

/// Whether a header can carry a name as it is: a word of printable ASCII.
pub(crate) fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The lane of a call.
pub(crate) fn of_call(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(LANE_HEADER).map(http::HeaderValue::as_bytes)
}

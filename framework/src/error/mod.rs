//! What can go wrong in a call, in four fields that every face can carry.
//!
//! An [`Error`] has an HTTP-style `code`, a machine-readable `reason`, a human `message` and string
//! `metadata`, as Kratos has it, and a `source` that is logged and never leaves the process. Only
//! the `wire` module knows how one looks on a wire.

mod code;
pub mod details;
mod reason;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};

use crate::json::Json;

use details::{Detail, RetryInfo};

pub use code::Code;
pub use reason::Reason;

/// The outcome of anything that a call can fail in.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A boxed error of any kind, as tower and hyper hand it around.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// Why a call failed.
///
/// ```
/// let error = bia::Error::not_found("USER_NOT_FOUND", "no user 7").with("id", "7");
/// assert_eq!((error.code(), error.reason()), (404, "USER_NOT_FOUND"));
/// assert_eq!(error.grpc_code(), bia::Code::NotFound);
/// ```
///
/// Comparing two errors compares what travels: code, reason, message, metadata and details.
pub struct Error(Box<Fields>);

struct Fields {
    code: u16,
    grpc: Option<Code>,
    reason: Cow<'static, str>,
    message: Cow<'static, str>,
    /// What the message is made of, anew with each entry of the metadata.
    template: Option<&'static str>,
    metadata: BTreeMap<String, String>,
    details: Vec<Detail>,
    source: Option<BoxError>,
    /// What a handler answers beside an error.
    trailers: Option<Box<http::HeaderMap>>,
    /// The caller sent what cannot be read: no fault of ours, whatever code the protocol has for it.
    by_caller: bool,
}

/// The reason of an error that nobody named: a panic, an I/O failure, an error of another library.
pub const UNKNOWN: &str = "UNKNOWN";

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $name(reason: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
                Self::new($code, reason, message)
            }
        )*
    };
}

impl Error {
    /// Makes an error of an HTTP status `code`.
    ///
    /// A code outside 400..=599 cannot say what went wrong on every face and becomes 500.
    #[must_use]
    pub fn new(
        code: u16,
        reason: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let code = if (400..=599).contains(&code) { code } else { 500 };
        Self(Box::new(Fields {
            code,
            grpc: None,
            reason: reason.into(),
            message: message.into(),
            template: None,
            metadata: BTreeMap::new(),
            details: Vec::new(),
            source: None,
            trailers: None,
            by_caller: false,
        }))
    }

    constructors! {
        /// 400: the caller sent something that can never work.
        bad_request = 400;
        /// 401: the caller did not say who it is.
        unauthorized = 401;
        /// 403: the caller may not do this.
        forbidden = 403;
        /// 404: what was asked for is not there.
        not_found = 404;
        /// 409: the state of things does not allow it, now.
        conflict = 409;
        /// 412: a condition that the caller named does not hold.
        precondition_failed = 412;
        /// 429: the caller asks too much or too often.
        too_many_requests = 429;
        /// 499: the caller went away.
        client_closed = 499;
        /// 500: a fault of ours.
        internal = 500;
        /// 501: there is no such thing here.
        unimplemented = 501;
        /// 503: not now; another instance or another time may do.
        unavailable = 503;
        /// 504: the time was up.
        deadline_exceeded = 504;
    }

    /// Makes the error that a gRPC status code says, keeping the code where HTTP has none for it.
    #[must_use]
    pub fn from_grpc(
        code: Code,
        reason: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut error = Self::new(code.to_http(), reason, message);
        error.0.grpc = (Code::from_http(error.0.code) != code).then_some(code);
        error
    }

    /// Makes the error that a proto names. What its message names in braces, [`with`](Self::with) fills in.
    #[must_use]
    pub fn of_reason(reason: &'static Reason) -> Self {
        let mut error = Self::new(reason.code(), reason.name(), reason.message());
        let grpc = reason.grpc_code();
        error.0.grpc = (Code::from_http(error.0.code) != grpc).then_some(grpc);
        error.0.template = Some(reason.message());
        error
    }

    /// Makes the error of another library into one of ours: 500, reason [`UNKNOWN`], and a message
    /// that tells nothing; `source` is for the log.
    ///
    /// If `source` is an [`Error`], or was made from one, that one comes back whole.
    #[must_use]
    pub fn from_source(source: impl Into<BoxError>) -> Self {
        match source.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => {
                Self::internal(UNKNOWN, "unknown request error").with_boxed_source(source)
            }
        }
    }

    /// Adds an entry to the metadata that travels with the error, replacing one of the same key.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        self.0.metadata.insert(key.into(), value.to_string());
        if let Some(template) = self.0.template {
            self.0.message = reason::fill(template, &self.0.metadata);
        }
        self
    }

    /// Replaces what a person is told.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self.0.template = None;
        self
    }

    /// Adds a detail, behind those that are there: one of [`details`], or any message that this
    /// framework's generator made.
    ///
    /// All of an error has to fit into the 8 KiB that gRPC clients take: over gRPC, details that have
    /// no room are left out, and lists of violations cut.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "the error owns it from here on")]
    pub fn with_detail<T: prost::Name + Json + Default>(mut self, detail: T) -> Self {
        self.0.details.push(Detail::new(&detail));
        self
    }

    /// Adds a detail whose type is not known here, behind those that are there. Over HTTP its bytes
    /// are told in base64.
    #[must_use]
    pub fn with_any(mut self, detail: prost_types::Any) -> Self {
        self.0.details.push(detail.into());
        self
    }

    /// Says that the call is not worth trying again before `delay` has passed, replacing what was
    /// said: a [`RetryInfo`], and on HTTP the header `retry-after` too, in whole seconds (RFC 9110, 10.2.3).
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.0.details.retain(|detail| detail.decode::<RetryInfo>().is_none());
        self.with_detail(RetryInfo::after(delay))
    }

    /// Replaces the cause, which is logged and never leaves the process.
    #[must_use]
    pub fn with_source(self, source: impl Into<BoxError>) -> Self {
        self.with_boxed_source(source.into())
    }

    fn with_boxed_source(mut self, source: BoxError) -> Self {
        self.0.source = Some(source);
        self
    }

    /// The HTTP status that says what kind of failure this is: 400..=599.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.0.code
    }

    /// The gRPC status code: the one it came with, or the one of [`Error::code`] in the table of [`Code`].
    #[must_use]
    pub fn grpc_code(&self) -> Code {
        self.0.grpc.unwrap_or_else(|| Code::from_http(self.0.code))
    }

    /// The machine-readable name of the failure, `USER_NOT_FOUND`; empty if the peer gave none.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What else travels with the error.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.0.metadata
    }

    /// The first detail that is a `T`: `error.detail::<BadRequest>()`.
    #[must_use]
    pub fn detail<T: prost::Name + Json + Default>(&self) -> Option<T> {
        self.0.details.iter().find_map(Detail::decode)
    }

    /// What else is told beside the four fields.
    #[must_use]
    pub fn details(&self) -> &[Detail] {
        &self.0.details
    }

    /// How long to wait before trying again, if whoever failed says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.detail::<RetryInfo>()?.delay()
    }

    /// Whether this is the failure that `code` and `reason` name, as Kratos compares errors.
    #[must_use]
    pub fn is(&self, code: u16, reason: &str) -> bool {
        self.0.code == code && self.0.reason == reason
    }

    /// Adds trailers that go out with the error.
    pub(crate) fn with_trailers(mut self, trailers: http::HeaderMap) -> Self {
        self.0.trailers = Some(Box::new(trailers));
        self
    }

    /// Adds one more.
    pub(crate) fn add_trailer(&mut self, name: HeaderName, value: HeaderValue) {
        self.0.trailers.get_or_insert_default().insert(name, value);
    }

    /// Says that the caller brought it about, whatever the code.
    pub(crate) fn by_caller(mut self) -> Self {
        self.0.by_caller = true;
        self
    }

    /// Whether it is a fault of this service, which its operator must hear of.
    pub(crate) fn is_own_fault(&self) -> bool {
        self.0.code >= 500 && !matches!(self.0.code, 501 | 503 | 504 | 505) && !self.0.by_caller
    }

    pub(crate) fn trailers(&self) -> Option<&http::HeaderMap> {
        self.0.trailers.as_deref()
    }

    /// Sets an HTTP code that the peer told beside its gRPC code.
    pub(crate) fn with_code(mut self, code: u16) -> Self {
        if (400..=599).contains(&code) {
            self.0.grpc = Some(self.grpc_code()).filter(|grpc| Code::from_http(code) != *grpc);
            self.0.code = code;
        }
        self
    }

    /// Adds what a peer told beside the four fields.
    pub(crate) fn with_told(mut self, details: impl IntoIterator<Item = Detail>) -> Self {
        self.0.details.extend(details);
        self
    }

    /// Replaces reason and metadata with what the peer told in an `ErrorInfo`.
    pub(crate) fn with_info(
        mut self,
        reason: String,
        metadata: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        self.0.reason = reason.into();
        self.0.metadata = metadata.into_iter().collect();
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.reason(), self.message()) {
            ("", message) => write!(f, "{}: {message}", self.0.code),
            (reason, "") => write!(f, "{} {reason}", self.0.code),
            (reason, message) => write!(f, "{} {reason}: {message}", self.0.code),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fields { code, reason, message, metadata, details, source, .. } = &*self.0;
        let mut fields = f.debug_struct("Error");
        fields.field("code", code).field("reason", reason).field("message", message);
        fields.field("metadata", metadata);
        if !details.is_empty() {
            fields.field("details", details);
        }
        fields.field("source", source).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.0.code == other.0.code
            && self.grpc_code() == other.grpc_code()
            && self.0.reason == other.0.reason
            && self.0.message == other.0.message
            && self.0.metadata == other.0.metadata
            && self.0.details == other.0.details
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests;

//! What messages are written and read by.

use super::any::Types;

/// How messages are written and read.
///
/// The default is what Kratos writes and reads: values that are their defaults are written, what is
/// unknown is ignored. The rest is the default of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// What is written of fields that are not set.
    pub defaults: Defaults,
    /// What fields are called; both names are read.
    pub names: FieldNames,
    /// How enums are written; both ways are read.
    pub enums: Enums,
    /// How integers of 64 bits are written; both ways are read.
    pub int64: Int64,
    /// What happens to names that the proto does not have.
    pub unknown: Unknown,
    /// See [`with_depth`](Self::with_depth).
    pub(super) depth: u16,
    /// See [`with_types`](Self::with_types).
    pub(super) types: Types,
}

/// What is written of fields that are not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Defaults {
    /// Nothing: as short as can be, and the default of the specification.
    Omitted,
    /// The values of numbers, texts, enums, lists and maps. Of what knows whether it is set, nothing:
    /// messages, `optional` and members of a `oneof`.
    Written,
    /// As [`Written`](Self::Written), and `null` for messages that are not set, and for what proto2
    /// calls optional. This is what Kratos writes, so that its readers find every key.
    #[default]
    WrittenWithNull,
}

/// What fields are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldNames {
    /// `createdAt`, or what `json_name` says.
    #[default]
    Json,
    /// `created_at`.
    Proto,
}

/// How enums are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enums {
    /// `"STATUS_ACTIVE"`; a number that has no name is written as it is.
    #[default]
    Names,
    /// `1`.
    Numbers,
}

/// How integers of 64 bits are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Int64 {
    /// `"9007199254740993"`: what JavaScript keeps exact.
    #[default]
    Texts,
    /// `9007199254740993`: what JavaScript rounds beyond 2^53.
    Numbers,
}

/// What happens to names that the proto does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// Fields are skipped, and so are enum values of an unknown name.
    #[default]
    Ignored,
    /// They are errors, which is the default of the specification.
    Refused,
}

/// The default of [`Options::with_depth`], which is also what prost allows in binary.
const DEPTH: u16 = 100;

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The same as the default, for constants.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            defaults: Defaults::WrittenWithNull,
            names: FieldNames::Json,
            enums: Enums::Names,
            int64: Int64::Texts,
            unknown: Unknown::Ignored,
            depth: DEPTH,
            types: Types::new(&[]),
        }
    }

    /// Replaces what is written of fields that are not set.
    #[must_use]
    pub const fn with_defaults(mut self, defaults: Defaults) -> Self {
        self.defaults = defaults;
        self
    }

    /// Replaces what fields are called.
    #[must_use]
    pub const fn with_names(mut self, names: FieldNames) -> Self {
        self.names = names;
        self
    }

    /// Replaces how enums are written.
    #[must_use]
    pub const fn with_enums(mut self, enums: Enums) -> Self {
        self.enums = enums;
        self
    }

    /// Replaces how integers of 64 bits are written.
    #[must_use]
    pub const fn with_int64(mut self, int64: Int64) -> Self {
        self.int64 = int64;
        self
    }

    /// Replaces what happens to names that the proto does not have.
    #[must_use]
    pub const fn with_unknown(mut self, unknown: Unknown) -> Self {
        self.unknown = unknown;
        self
    }

    /// Replaces how many messages may be within one another; 100 by default. A text is not read
    /// beyond 128 levels of objects and lists, whatever is said here.
    #[must_use]
    pub const fn with_depth(mut self, depth: u16) -> Self {
        self.depth = depth;
        self
    }

    /// Replaces the types that an `Any` may hold, beside those of `google.protobuf`; none by default.
    #[must_use]
    pub const fn with_types(mut self, types: Types) -> Self {
        self.types = types;
        self
    }

    /// The same for what is within a message; none at the limit.
    #[inline]
    pub(super) fn deeper(&self) -> Option<Self> {
        Some(Self { depth: self.depth.checked_sub(1)?, ..*self })
    }
}

/// What is said of messages that lie too deep.
pub(super) const TOO_DEEP: &str = "messages are nested too deep";

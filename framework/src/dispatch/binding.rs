/// One way to call a method over HTTP, as the proto's `google.api.http` says it.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The method's place in `Facts::operations`.
    pub method: usize,
    /// `GET`, what a `custom` says, or `*` for any.
    pub verb: &'static str,
    /// The template as the proto has it.
    pub template: &'static str,
    /// What lies between the slashes of the path.
    pub segments: &'static [Segment],
    /// What stands behind the last `:` of the path.
    pub suffix: Option<&'static str>,
    /// The fields that the path tells.
    pub variables: &'static [Variable],
    /// What of the request is the body.
    pub body: Part,
    /// The name in the proto of the field that is the body, if one is: what a query does not tell.
    pub body_field: Option<&'static str>,
    /// What of the reply is the body; never [`Part::None`].
    pub response: Part,
}

/// A part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// This, and nothing else.
    Literal(&'static str),
    /// `*`: one part.
    One,
    /// `**`: all parts that are left, also none.
    Rest,
}

/// A field that is told in the path.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// The field's path by its names in the proto: `user.id`.
    pub field: &'static str,
    /// The first of the segments that are its value.
    pub from: usize,
    /// The one behind the last.
    pub to: usize,
}

/// What of a message is a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Nothing.
    None,
    /// All of it.
    Whole,
    /// One field, by its number.
    Field(u32),
}

impl Part {
    /// The number of the field that it is, if it is one.
    pub(crate) fn field(self) -> Option<u32> {
        match self {
            Self::None | Self::Whole => None,
            Self::Field(field) => Some(field),
        }
    }
}

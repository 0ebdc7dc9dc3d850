//! Where something of a descriptor is in its file.

use prost_reflect::FileDescriptor;

/// Where something is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: String,
    /// Line and column from 1, where they are known.
    pub(crate) position: Option<(usize, usize)>,
}

/// Line and column, from 1, of what `path` leads to in a file, or of what that is in.
pub(crate) fn position_of(file: &FileDescriptor, path: &[i32]) -> Option<(usize, usize)> {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let places = info.map(|info| info.location.as_slice()).unwrap_or_default();
    let find = |path: &[i32]| {
        let place = places.iter().find(|place| place.path == path)?;
        let [line, column, ..] = place.span.as_slice() else { return None };
        Some((usize::try_from(*line).ok()? + 1, usize::try_from(*column).ok()? + 1))
    };
    (1..=path.len()).rev().find_map(|length| find(path.get(..length)?))
}

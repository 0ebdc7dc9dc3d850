//! What the system refused, in the words of whoever asked for it.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::Error;
use crate::paths::shown;

/// That something could not be done to `path`, where it was to be and not where it was prepared; with what
/// to do about it.
pub(super) fn failure(what: &str, path: &Path, cause: &io::Error) -> Error {
    let error = Error::new(format!("cannot {what} {}: {}", shown(path), reason(cause)));
    match hint(path, cause.kind()) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// What the system said, without the name of the file that was only prepared, which `tempfile` adds.
fn reason(cause: &io::Error) -> String {
    let text = cause.to_string();
    text.split_once(" at path \"").map_or(text.as_str(), |(reason, _)| reason).to_owned()
}

fn hint(path: &Path, kind: ErrorKind) -> Option<String> {
    // The innermost that is there: what is to be made below it depends on it.
    let there = path.ancestors().find(|it| it.exists()).map(shown);
    let there =
        there.filter(|it| !it.is_empty()).unwrap_or_else(|| "the current folder".to_owned());
    Some(match kind {
        ErrorKind::PermissionDenied => format!(
            "nothing was written: {there} belongs to somebody else or is write-protected; `ls -ld` tells whose it is, or take another place"
        ),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            format!("nothing was written: make room on the disk of {there}, and try again")
        }
        ErrorKind::ReadOnlyFilesystem => {
            format!("nothing was written: the disk of {there} can only be read; take another place")
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            format!("nothing was written: {there} is in the way; move it, or take another place")
        }
        ErrorKind::IsADirectory | ErrorKind::DirectoryNotEmpty => {
            format!(
                "nothing was written: there is a folder {there}; move it, or take another place"
            )
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_place_and_the_reason_once_and_what_to_do() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("services/new/main.rs");
        for (code, reason, remedy) in [
            (13, "Permission denied", "belongs to somebody else"),
            (28, "No space left on device", "make room"),
            (122, "quota", "make room"),
            (30, "Read-only file system", "can only be read"),
            (17, "File exists", "is in the way"),
            (20, "Not a directory", "is in the way"),
            (21, "Is a directory", "there is a folder"),
        ] {
            let error = failure("write", &path, &io::Error::from_raw_os_error(code));
            let (told, hint) = (error.to_string(), error.hint().unwrap_or_default());
            assert!(told.starts_with(&format!("cannot write {}: ", path.display())), "{told}");
            assert_eq!(told.matches(reason).count(), 1, "{told}");
            assert!(hint.contains(remedy) && hint.contains("nothing was written"), "{hint}");
            assert!(hint.contains(&folder.path().display().to_string()), "{hint}");
        }
        assert_eq!(failure("write", &path, &io::Error::other("odd")).hint(), None);
    }

    #[test]
    fn the_name_of_a_file_that_was_only_prepared_is_not_told() {
        let nowhere = Path::new("/nowhere/at/all");
        let cause =
            tempfile::Builder::new().prefix(".bia-").tempfile_in(nowhere).expect_err("none");
        assert!(cause.to_string().contains(".bia-"), "{cause}");
        let told = failure("write", Path::new("src/main.rs"), &cause).to_string();
        assert_eq!(told, "cannot write src/main.rs: No such file or directory (os error 2)");
    }
}

//! What of the settings should not lie in a file that becomes part of an image.

use std::path::{Path, PathBuf};

use bia::config::{Secrets, Setting, Tree};

use crate::error::{About as _, Error, Result};

/// The settings in `files` of the crate in `folder` that hold a secret themselves, not a placeholder.
///
/// # Errors
///
/// A file cannot be read.
pub(super) fn written(folder: &Path, files: &[PathBuf]) -> Result<Vec<String>> {
    let mut tree = Tree::new();
    for file in files {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).about(|| format!("read {}", path.display()))?;
        tree.add_file(&path, &text).map_err(|it| Error::new(it.to_string()))?;
    }
    let all = tree.settings();
    Ok(all.iter().filter(|it| is_written(it)).map(|it| it.key().to_owned()).collect())
}

fn is_written(setting: &Setting) -> bool {
    let text = setting.text(Secrets::Revealed).trim_matches(['"', '\'']);
    let is_said =
        !matches!(text, "" | "null" | "~" | "[]" | "{}" | "true" | "false") && !text.contains("${");
    // Where a secret lies is none.
    let is_named = setting.is_secret() && !setting.key().ends_with("_file");
    is_said && (is_named || has_password(text))
}

/// Whether it is an address with a password in it.
pub(super) fn has_password(url: &str) -> bool {
    let authority = url.split_once("://").and_then(|(_, rest)| rest.split('/').next());
    let user = authority.and_then(|it| it.rsplit_once('@')).map(|(user, _)| user);
    user.is_some_and(|it| it.contains(':'))
}

//! Proves that formatting lost nothing.

use bia_codegen::parse;

use crate::error::{Error, Result};
use crate::protofile::{Kind, tokens};

/// Every token that means something and every comment, in their order; comments without what
/// indentation makes of them.
pub(super) fn meaning(text: &str) -> Vec<(Kind, String)> {
    tokens(text)
        .into_iter()
        .filter(|token| token.kind != Kind::Space)
        .map(|token| {
            let text = if token.kind.is_comment() {
                token.text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
            } else {
                token.text.to_owned()
            };
            (token.kind, text)
        })
        .collect()
}

/// # Errors
///
/// `after` says something else than `before`: then it is a fault of this command.
pub(super) fn check(path: &str, before: &str, after: &str) -> Result<()> {
    let mut parsed = [parse(path, before)?, parse(path, after)?];
    for file in &mut parsed {
        file.source_code_info = None;
    }
    let [was, is] = parsed;
    if meaning(before) != meaning(after) || was != is {
        return Err(Error::new(format!(
            "cannot format {path}: what came out would say something else, so nothing was written"
        ))
        .with_hint("this is a fault of bia; please tell about it, with the file"));
    }
    Ok(())
}

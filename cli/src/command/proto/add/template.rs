//! The text of a new proto.

use crate::command::proto::lint::names::{lower_snake, upper_snake};

use super::names::Names;

const EMPTY: &str = include_str!("empty.proto.in");
const STANDARD: &str = include_str!("standard.proto.in");

/// A service without methods.
pub(super) fn empty(names: &Names) -> String {
    fill(EMPTY, names)
}

/// A service that makes, gets, lists, changes and deletes what it is for.
pub(super) fn standard(names: &Names) -> String {
    fill(STANDARD, names)
}

fn fill(text: &str, names: &Names) -> String {
    let thing = names.field();
    // As prose has it: `shop item`, `shop items`.
    let one = thing.replace('_', " ");
    let many = lower_snake(&names.many());
    let article = if one.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    [
        ("<package>", names.package.as_str()),
        ("<version>", &names.version),
        ("<Service>", &names.service()),
        ("<Thing>", &names.thing),
        ("<Things>", &names.many()),
        ("<THING>", &upper_snake(&names.thing)),
        ("<thing>", &thing),
        ("<things>", &many),
        ("<one>", &one),
        ("<many>", &many.replace('_', " ")),
        ("<a>", article),
        ("<A>", if article == "an" { "An" } else { "A" }),
    ]
    .iter()
    .fold(text.to_owned(), |text, (mark, name)| text.replace(mark, name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::command::proto::{format, lint};

    use super::*;

    #[test]
    fn what_is_written_is_formatted_breaks_no_rule_and_becomes_code() {
        for path in ["proto/shop/v1/shop.proto", "proto/a/b/v2beta1/order_entry.proto"] {
            let names = Names::of(Path::new(path), None).expect("they can be");
            for text in [standard(&names), empty(&names)] {
                assert!(!text.contains('<') || !text.contains("<Thing"), "{text}");
                assert_eq!(format::format(path, &text).expect("it is protobuf"), text);
                let folder = tempfile::TempDir::new().expect("a folder");
                let file = folder.path().join(path);
                std::fs::create_dir_all(file.parent().expect("it has one")).expect("made");
                std::fs::write(&file, text).expect("written");
                assert_eq!(lint::lint(&[&file]), Vec::<String>::new());
                bia_codegen::Compiler::new()
                    .file(&file)
                    .generate()
                    .expect("code can be made of it");
            }
        }
    }
}

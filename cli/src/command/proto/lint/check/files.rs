//! The file itself: its name, its syntax, its package.

use std::path::Path;

use crate::command::proto::lint::{names, rule};
use crate::protofile::{Kind, read, tokens};

use super::Check;

/// Field numbers of `FileDescriptorProto`.
const PACKAGE: i32 = 2;

impl Check<'_> {
    pub(super) fn package(&mut self) {
        let stem = self.path.file_stem().and_then(|it| it.to_str()).unwrap_or_default().to_owned();
        if !names::is_lower_snake(&stem) {
            let better = names::lower_snake(&stem);
            let text = format!("the file {stem}.proto is not called lower_snake_case");
            self.found_with(
                rule::FILE_LOWER_SNAKE_CASE,
                &[],
                text,
                Some(format!("call it {better}.proto")),
            );
        }
        if !says_syntax(&self.path) {
            self.found(rule::SYNTAX_SPECIFIED, &[], "no syntax is said, which means proto2");
        }
        let package = self.file.package_name().to_owned();
        if package.is_empty() {
            return self.found(rule::PACKAGE_DEFINED, &[], "the file has no package");
        }
        let parts: Vec<&str> = package.split('.').collect();
        if !parts.iter().all(|part| names::is_lower_snake(part)) {
            let better: Vec<String> = parts.iter().map(|part| names::lower_snake(part)).collect();
            let text = format!("the package {package} is not called lower_snake.case");
            let remedy = format!("call it {}, before anybody uses it", better.join("."));
            self.found_with(rule::PACKAGE_LOWER_SNAKE_CASE, &[PACKAGE], text, Some(remedy));
        }
        if parts.last().and_then(|part| names::version(part)).is_none() {
            let text = format!("the package {package} does not end in a version");
            let remedy = format!("call it {package}.v1, so that a v2 can stand beside it");
            self.found_with(rule::PACKAGE_VERSION_SUFFIX, &[PACKAGE], text, Some(remedy));
        }
        self.folder(&package);
        if names::version(parts.last().copied().unwrap_or_default()) == Some(true) {
            self.stability(&package);
        }
    }

    fn folder(&mut self, package: &str) {
        let wanted = package.replace('.', "/");
        let whole = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let folder = whole.parent().map(Path::to_owned).unwrap_or_default();
        if !folder.ends_with(&wanted) {
            let text = format!("the package {package} is not in a folder {wanted}");
            let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let remedy = format!("move the file to {wanted}/{name}, below proto for example");
            self.found_with(rule::PACKAGE_DIRECTORY_MATCH, &[PACKAGE], text, Some(remedy));
        }
    }

    fn stability(&mut self, package: &str) {
        const IMPORTS: i32 = 3;
        let imports: Vec<_> = self.file.dependencies().collect();
        for (index, import) in imports.into_iter().enumerate() {
            let name = import.package_name();
            let last = name.rsplit('.').next().unwrap_or_default();
            if names::version(last) == Some(false) {
                let text = format!("{package} is stable and imports {name}, which is not");
                let path = [IMPORTS, i32::try_from(index).unwrap_or(i32::MAX)];
                self.found(rule::STABLE_PACKAGE_NO_IMPORT_UNSTABLE, &path, text);
            }
        }
    }
}

/// Whether the text begins with it; descriptors do not tell proto2 that is said from none.
fn says_syntax(path: &Path) -> bool {
    let text = read(path).unwrap_or_default();
    let means = |kind: Kind| kind != Kind::Space && !kind.is_comment();
    tokens(&text).iter().find(|token| means(token.kind)).is_some_and(|token| token.text == "syntax")
}

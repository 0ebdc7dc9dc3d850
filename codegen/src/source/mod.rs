//! From paths of `.proto` files to checked descriptors: finds files and imports, and parses them.

mod diagnose;
mod roots;
mod scan;
pub(crate) mod vendored;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use prost::encoding::{DecodeContext, decode_key, skip_field};
use prost_reflect::{DescriptorPool, FileDescriptor};
use prost_types::FileDescriptorProto;
use protox::file::{File, FileResolver, GoogleFileResolver};

use crate::error::{Error, Place, Problem, Topic};

/// Every file that takes part, parsed and checked against each other.
#[derive(Debug)]
pub(crate) struct Sources {
    /// Files in an order in which each stands behind what it imports.
    pub(crate) files: Vec<SourceFile>,
    /// The same files with everything that they say of each other.
    pub(crate) pool: DescriptorPool,
    /// What was read from disk, as the user can open it.
    pub(crate) read: Vec<PathBuf>,
}

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    pub(crate) descriptor: FileDescriptorProto,
    /// The descriptor with every option of the file, also those that are extensions, and without
    /// places and comments.
    pub(crate) encoded: Vec<u8>,
    /// Whether the user named it, and not only another file.
    pub(crate) named: bool,
    /// As the user can open it; its import name if it is none of the user's.
    pub(crate) path: String,
    /// Where it was read from; none if it is carried, or was told by others.
    pub(crate) read: Option<PathBuf>,
}

impl SourceFile {
    /// The place of what the descriptor's `path` leads to, or of what it is in.
    pub(crate) fn place(&self, path: &[i32]) -> Place {
        let info = self.descriptor.source_code_info.as_ref();
        let locations = info.map(|info| info.location.as_slice()).unwrap_or_default();
        let find = |path: &[i32]| {
            let location = locations.iter().find(|location| location.path == path)?;
            let [line, column, ..] = location.span.as_slice() else { return None };
            Some((usize::try_from(*line).ok()? + 1, usize::try_from(*column).ok()? + 1))
        };
        let position = (1..=path.len()).rev().find_map(|length| find(&path[..length]));
        Place { file: self.path.clone(), position }
    }
}

impl Sources {
    /// Reads `files` and all that they import.
    pub(crate) fn load(files: &[PathBuf], includes: &[PathBuf]) -> Result<Self, Error> {
        let named = roots::find(files, includes)?;
        let library = Library { roots: named.roots, opened: Rc::default(), refused: Rc::default() };
        let (opened, refused) = (Rc::clone(&library.opened), Rc::clone(&library.refused));
        let roots = library.roots.clone();

        let mut compiler = protox::Compiler::with_file_resolver(library);
        compiler.include_imports(true).include_source_info(true);
        for (name, path) in &named.files {
            if let Err(error) = compiler.open_file(name) {
                let refused = refused.borrow_mut().take();
                return Err(
                    refused.unwrap_or_else(|| diagnose::explain(&error, &opened.borrow(), &roots))
                );
            }
            roots::check_shadow(name, path.as_deref(), &opened.borrow())?;
        }

        let opened = opened.borrow();
        let pool = compiler.descriptor_pool();
        let files = pool.files().map(|file| SourceFile {
            descriptor: file.file_descriptor_proto().clone(),
            encoded: without_places(&file.encode_to_vec()),
            named: named.files.iter().any(|(name, _)| name == file.name()),
            path: shown(file.name(), &opened),
            read: opened.get(file.name()).and_then(|file| file.path.clone()),
        });
        let read = opened.values().filter_map(|file| file.path.clone()).collect();
        let files = files.collect();
        Ok(Self { files, pool, read })
    }

    /// The files of a pool, of which those called `named` are wanted.
    pub(crate) fn of(pool: &DescriptorPool, named: &[&str]) -> Self {
        let (mut files, mut seen) = (Vec::new(), BTreeSet::new());
        for file in pool.files() {
            add_behind_imports(&file, named, &mut seen, &mut files);
        }
        Self { files, pool: pool.clone(), read: Vec::new() }
    }
}

/// Adds a file once, behind what it imports.
fn add_behind_imports(
    file: &FileDescriptor,
    named: &[&str],
    seen: &mut BTreeSet<String>,
    files: &mut Vec<SourceFile>,
) {
    if !seen.insert(file.name().to_owned()) {
        return;
    }
    for import in file.dependencies() {
        add_behind_imports(&import, named, seen, files);
    }
    files.push(SourceFile {
        descriptor: file.file_descriptor_proto().clone(),
        encoded: without_places(&file.encode_to_vec()),
        named: named.contains(&file.name()),
        path: file.name().to_owned(),
        read: None,
    });
}

/// Reads one file by itself, without what it imports.
pub(crate) fn parse(path: &str, text: &str) -> Result<FileDescriptorProto, Error> {
    refuse(text, path).map_err(|error| error.about(Topic::Source))?;
    let read = File::from_source(path, text);
    read.map(|file| file.file_descriptor_proto().clone()).map_err(|error| {
        let file = Opened { path: Some(PathBuf::from(path)), text: text.to_owned() };
        let opened = OpenedFiles::from([(path.to_owned(), file)]);
        diagnose::explain(&error, &opened, &[]).about(Topic::Source)
    })
}

/// Refuses what the parser cannot take, of the file that is shown as `path`.
fn refuse(text: &str, path: &str) -> Result<(), Error> {
    let place =
        |offset| Place { file: path.to_owned(), position: Some(diagnose::position(text, offset)) };
    let scan = scan::scan(text);
    if let Some((edition, offset)) = scan.edition {
        let message = format!("protobuf editions are not supported: edition = \"{edition}\"");
        let problem = Problem::new(message).at(place(offset)).remedy(
            "write syntax = \"proto3\"; in its place (the library that messages are made with, prost, \
             knows no editions; features.* options have to go too)",
        );
        return Err(problem.into());
    }
    if let Some(offset) = scan.too_deep {
        let message = format!("brackets nest more than {} deep", scan::MAX_DEPTH);
        return Err(Problem::new(message).at(place(offset)).into());
    }
    Ok(())
}

/// A file that was opened under an import name.
#[derive(Debug)]
struct Opened {
    path: Option<PathBuf>,
    text: String,
}

type OpenedFiles = BTreeMap<String, Opened>;

/// The file of an import name as the user can open it.
fn shown(name: &str, opened: &OpenedFiles) -> String {
    let path = opened.get(name).and_then(|file| file.path.as_ref());
    path.map_or_else(|| name.to_owned(), |path| path.display().to_string())
}

/// Where files are looked for: the roots in turn, what this crate carries, the well-known types.
#[derive(Debug)]
struct Library {
    roots: Vec<PathBuf>,
    opened: Rc<RefCell<OpenedFiles>>,
    /// An error of our own, which the compiler cannot hand back whole.
    refused: Rc<RefCell<Option<Error>>>,
}

impl Library {
    fn refuse(&self, error: Error) -> protox::Error {
        let text = error.to_string();
        *self.refused.borrow_mut() = Some(error);
        protox::Error::new(text)
    }

    fn read(&self, name: &str) -> Result<Option<Opened>, Error> {
        for root in &self.roots {
            let path = roots::clean(&root.join(name));
            match fs::read(&path) {
                Ok(bytes) => {
                    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&path, &error))?;
                    return Ok(Some(Opened { path: Some(path), text }));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(
                        Error::new(format!("cannot read {}", path.display())).with_source(error)
                    );
                }
            }
        }
        Ok(vendored::find(name).map(|text| Opened { path: None, text: text.to_owned() }))
    }
}

impl FileResolver for Library {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let Some(file) = self.read(name).map_err(|error| self.refuse(error))? else {
            return GoogleFileResolver::new().open_file(name);
        };
        let (path, text) = (file.path.clone(), file.text.clone());
        self.opened.borrow_mut().insert(name.to_owned(), file);
        let shown = path.map_or_else(|| name.to_owned(), |path| path.display().to_string());
        refuse(&text, &shown).map_err(|error| self.refuse(error))?;
        File::from_source(name, &text)
    }
}

fn not_utf8(path: &Path, error: &std::string::FromUtf8Error) -> Error {
    let valid = error.utf8_error().valid_up_to();
    let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
    let place = Place {
        file: path.display().to_string(),
        position: Some(diagnose::position(&before, before.len())),
    };
    Problem::new("the file is not UTF-8 from here on").at(place).into()
}

/// An encoded `FileDescriptorProto` without its `source_code_info`: most of its bytes, for nobody.
fn without_places(encoded: &[u8]) -> Vec<u8> {
    const SOURCE_CODE_INFO: u32 = 9;
    let (mut kept, mut rest) = (Vec::with_capacity(encoded.len()), encoded);
    while !rest.is_empty() {
        let field = rest;
        let read = decode_key(&mut rest).and_then(|(tag, wire_type)| {
            skip_field(wire_type, tag, &mut rest, DecodeContext::default()).map(|()| tag)
        });
        match read {
            Ok(SOURCE_CODE_INFO) => {}
            Ok(_) => kept.extend_from_slice(&field[..field.len() - rest.len()]),
            // Never, since it was just encoded; what cannot be read is kept as it is.
            Err(_) => return encoded.to_vec(),
        }
    }
    kept
}

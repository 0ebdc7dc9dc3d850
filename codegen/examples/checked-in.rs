//! Makes the generated code that is checked in to this repository; `cargo xtask gen` runs it.
//!
//! With `--check` it writes nothing, shows what differs, and fails if anything does.
#![expect(clippy::print_stdout, reason = "says what it did and what differs")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use bia_codegen::{Compiler, Emit, Error, Model, Output};
use prost::Message;
use prost_types::FileDescriptorSet;

/// The messages of the framework.
fn messages() -> Compiler {
    Compiler::new()
        .files([
            "proto/google/rpc/error_details.proto",
            "proto/google/rpc/status.proto",
            "proto/grpc/health/v1/health.proto",
            "proto/grpc/reflection/v1/reflection.proto",
            "proto/grpc/reflection/v1alpha/reflection.proto",
        ])
        .services(false)
        .faces(true)
        .runtime("crate")
        .emit(RichErrors)
        .prost("::prost", "::prost_types")
}

/// Describes the details of errors, for tools that ask what an `Any` in one is.
struct RichErrors;

impl Emit for RichErrors {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        let details = ["google/protobuf/duration.proto", "google/rpc/error_details.proto"];
        let files = details.iter().filter_map(|name| model.pool.get_file_by_name(name));
        let files = files.map(|file| {
            let mut file = file.file_descriptor_proto().clone();
            file.source_code_info = None;
            file
        });
        let set = FileDescriptorSet { file: files.collect() };
        output.add_file("google.rpc.bin", set.encode_to_vec());
        Ok(())
    }
}

/// The services that the framework answers itself.
fn services() -> Compiler {
    let outside = ["google.rpc", "grpc.health.v1", "grpc.reflection.v1", "grpc.reflection.v1alpha"];
    let services = Compiler::new()
        .files([
            "proto/grpc/health/v1/health.proto",
            "proto/grpc/reflection/v1/reflection.proto",
            "proto/grpc/reflection/v1alpha/reflection.proto",
        ])
        .messages(false)
        .clients(false)
        .openapi(false)
        .runtime("crate");
    outside.into_iter().fold(services, |compiler, package| {
        let path = format!("crate::pb::{}", package.replace('.', "::"));
        compiler.extern_path(format!(".{package}"), path)
    })
}

/// What the generator's own tests read beside the code.
fn expected() -> Compiler {
    Compiler::new().file("codegen/tests/protos/user/v1/user.proto").mocks(true)
}

/// The same of options of methods, errors and fields.
fn options() -> Compiler {
    let files = ["errors", "reason", "shop"];
    Compiler::new().files(files.map(|name| format!("codegen/tests/protos/shop/v1/{name}.proto")))
}

fn main() -> Result<ExitCode, Error> {
    let check = std::env::args().any(|argument| argument == "--check");
    let mut stale = 0;
    let folders = [
        ("framework/src/pb/generated", messages()),
        ("framework/src/builtin/generated", services()),
        ("codegen/tests/expected", expected()),
        ("codegen/tests/expected-options", options()),
    ];
    for (folder, compiler) in folders {
        if check {
            stale += compare(Path::new(folder), &compiler.generate()?);
        } else {
            compiler.out_dir(folder).compile()?;
            println!("generated {folder}");
        }
    }
    if stale > 0 {
        println!("{stale} generated files are stale: run cargo xtask gen");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows where the files in `folder` differ from `fresh`, and says how many do.
fn compare(folder: &Path, fresh: &BTreeMap<String, Vec<u8>>) -> usize {
    let mut stale = 0;
    for (name, contents) in fresh {
        let path = folder.join(name);
        let found = fs::read(&path).unwrap_or_default();
        if found != *contents {
            stale += 1;
            println!("{}:{}", path.display(), difference(&found, contents));
        }
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_name().to_str().is_some_and(|name| fresh.contains_key(name)) {
            stale += 1;
            println!("{}: nothing generates this file any more", entry.path().display());
        }
    }
    stale
}

/// The first line that differs, as it is and as it should be.
fn difference(found: &[u8], fresh: &[u8]) -> String {
    let (Ok(found), Ok(fresh)) = (str::from_utf8(found), str::from_utf8(fresh)) else {
        return format!(" {} bytes that should be {} others", found.len(), fresh.len());
    };
    let (mut found, mut fresh) = (found.lines(), fresh.lines());
    for line in 1.. {
        match (found.next(), fresh.next()) {
            (None, None) => break,
            (left, right) if left == right => {}
            (left, right) => {
                let (left, right) = (left.unwrap_or("(the end)"), right.unwrap_or("(the end)"));
                return format!("{line}:\n- {left}\n+ {right}");
            }
        }
    }
    " line endings differ".to_owned()
}

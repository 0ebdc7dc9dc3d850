//! Generates Bia services, clients and messages from `.proto` files, without protoc.
//!
//! In `build.rs`:
//!
//! ```no_run
//! fn main() -> Result<(), bia_codegen::Error> {
//!     bia_codegen::compile(&["proto/user/v1/user.proto"])
//! }
//! ```
//!
//! and in the crate, `bia::include_protos!();`, which brings `user::v1` with its messages, the trait
//! `UserService` to implement, `user_service(..)` that makes what an app serves out of it, and
//! `UserServiceClient`. [`Compiler`] has what else can be set.
//!
//! The way is: sources → descriptors → [`Model`] → emitters ([`Emit`]) → files. Imports are looked
//! for beside the files, then among the protos that this crate carries: `google/api` annotations,
//! `google/rpc`, gRPC health and reflection, and the well-known types.
//!
//! What it cannot do: protobuf editions (`edition = "2023";`) are refused, since the message
//! library has no support for them; `proto2` and `proto3` are whole.

mod compiler;
mod emit;
mod error;
mod model;
mod output;
mod source;

pub use compiler::Compiler;
pub use emit::Emit;
pub use error::{Error, Report, Topic};
pub use model::{
    AuthRule, Docs, Enum, EnumValue, ErrorRule, Field, HttpBody, HttpRule, Idempotency,
    JsonDefaults, JsonRules, Kind, Message, Method, MethodRules, Model, Oneof, Package, RetryRule,
    Segment, Service, Shape, Template, Value, Variable,
};
pub use output::Output;

use std::path::Path;

/// Compiles `files` into cargo's `OUT_DIR`, for a `build.rs`.
///
/// Paths are relative to the folder of the crate's `Cargo.toml`, where cargo runs build scripts.
/// The folder that imports are relative to is found from each file's `package`:
/// `proto/user/v1/user.proto` with `package user.v1;` is below `proto`. Cargo is told to run the
/// script again when one of the files or of their imports changes.
///
/// # Errors
///
/// A file that cannot be read or is not right, with `file:line:col`; an import that is not found;
/// names that clash in Rust; and no `OUT_DIR`, outside of a build script.
pub fn compile(files: &[impl AsRef<Path>]) -> Result<(), Error> {
    Compiler::new().files(files).compile()
}

/// Reads the text of one file by itself, without what it imports, and hands back what it says, with
/// places and comments: for tools that work on text.
///
/// `path` is what errors call the file.
///
/// # Errors
///
/// It is not protobuf, with `file:line:col`; an edition; brackets that nest too deep.
pub fn parse(path: &str, text: &str) -> Result<prost_types::FileDescriptorProto, Error> {
    source::parse(path, text)
}

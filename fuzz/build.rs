//! Generates the service that is fed, which has a field of each kind and a rule of each kind.

fn main() -> Result<(), bia_codegen::Error> {
    bia_codegen::Compiler::new()
        .file("../interop/proto/transcoding/v1/transcoding.proto")
        .include("../interop/proto")
        .compile()
}

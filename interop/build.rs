//! Generates the service of gRPC's interoperability tests twice, by ours and by tonic's generator, the services of
//! the fleets, the messages of protobuf's conformance tests, and messages with every rule.

use std::error::Error;
use std::path::PathBuf;

const FILE: &str = "proto/grpc/testing/test.proto";
const FLEET: &str = "proto/fleet/v1/fleet.proto";
const FILES: &str = "proto/files/v1/files.proto";
const RULES: &str = "proto/rules/every/v1/every.proto";
const TRANSCODING: &str = "proto/transcoding/v1/transcoding.proto";
/// What errors carry is in no file that the service names.
const DETAILS: &str = "google/rpc/error_details.proto";
const CONFORMANCE: [&str; 3] =
    ["conformance.proto", "test_messages_proto2.proto", "test_messages_proto3.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    bia_codegen::compile(&[FILE, FLEET, FILES, RULES, TRANSCODING])?;
    bia_codegen::Compiler::new()
        .files(CONFORMANCE.map(|file| format!("proto/conformance/{file}")))
        .unknown_fields(true)
        .out_dir(out.join("keeping"))
        .compile()?;

    // For who transcodes by descriptors. Encoded by the compiler: in prost's types the options are lost.
    let descriptors = protox::Compiler::new(["proto", "../proto"])?
        .include_imports(true)
        .open_files([TRANSCODING, DETAILS])?
        .encode_file_descriptor_set();
    std::fs::write(out.join("transcoding.binpb"), descriptors)?;

    let out = out.join("tonic");
    std::fs::create_dir_all(&out)?;
    let descriptors = protox::compile([FILE], ["proto"])?;
    tonic_prost_build::configure().out_dir(out).compile_fds(descriptors)?;
    Ok(())
}

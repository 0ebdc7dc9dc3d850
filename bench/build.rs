//! Generates what a user of each peer would have generated.

use std::error::Error;
use std::path::PathBuf;

const ECHO: &str = "proto/bench/v1/echo.proto";

fn main() -> Result<(), Box<dyn Error>> {
    bia_codegen::Compiler::new().file(ECHO).compile()?;
    // Both name their files after the package.
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let (folder, json) = (out.join("tonic"), out.join("pbjson"));
    std::fs::create_dir_all(&json)?;
    std::fs::create_dir_all(&folder)?;
    let descriptors = protox::compile([ECHO], ["proto", "../proto"])?;
    let encoded = prost::Message::encode_to_vec(&descriptors);
    let mut pbjson = pbjson_build::Builder::new();
    pbjson.out_dir(json).register_descriptors(&encoded)?.build(&[".bench.v1"])?;
    tonic_prost_build::configure().out_dir(folder).compile_fds(descriptors)?;
    Ok(())
}

//! Generates what a user of each peer would have generated.

use std::error::Error;
use std::path::PathBuf;

const ECHO: &str = "proto/bench/v1/echo.proto";

fn main() -> Result<(), Box<dyn Error>> {
    bia_codegen::Compiler::new().file(ECHO).compile()?;
    // Both name their files after the package.
    let folder = PathBuf::from(std::env::var("OUT_DIR")?).join("tonic");
    std::fs::create_dir_all(&folder)?;
    let descriptors = protox::compile([ECHO], ["proto", "../proto"])?;
    tonic_prost_build::configure().out_dir(folder).compile_fds(descriptors)?;
    Ok(())
}

//! Generates the service of gRPC's interoperability tests twice, by ours and by tonic's generator, and the services of
//! the fleets.

use std::error::Error;
use std::path::PathBuf;

const FILE: &str = "proto/grpc/testing/test.proto";
const FLEET: &str = "proto/fleet/v1/fleet.proto";

fn main() -> Result<(), Box<dyn Error>> {
    bia_codegen::compile(&[FILE, FLEET])?;

    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("tonic");
    std::fs::create_dir_all(&out)?;
    let descriptors = protox::compile([FILE], ["proto"])?;
    tonic_prost_build::configure().out_dir(out).compile_fds(descriptors)?;
    Ok(())
}

fn main() -> Result<(), bia_codegen::Error> {
    // @if database
    // The binary carries the migrations: a new one makes a new binary.
    println!("cargo:rerun-if-changed=migrations");
    // @end
    // @if http
    // @if sample
    bia_codegen::compile(&["proto/sample/v1/sample.proto"])
    // @else
    //| bia_codegen::compile(&["@proto@"])
    // @end
    // @else
    // @if sample
    //| bia_codegen::Compiler::new().file("proto/sample/v1/sample.proto").openapi(false).compile()
    // @else
    //| bia_codegen::Compiler::new().file("@proto@").openapi(false).compile()
    // @end
    // @end
}

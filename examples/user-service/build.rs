fn main() -> Result<(), bia_codegen::Error> {
    bia_codegen::compile(&["../proto/user/v1/user.proto"])
}

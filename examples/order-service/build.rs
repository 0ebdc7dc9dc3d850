fn main() -> Result<(), bia_codegen::Error> {
    // user-service's proto for its client, and for a mock of it in tests.
    bia_codegen::Compiler::new()
        .files(["../proto/order/v1/order.proto", "../proto/user/v1/user.proto"])
        .mocks(true)
        .compile()
}

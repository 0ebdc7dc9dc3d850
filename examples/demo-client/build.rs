fn main() -> Result<(), bia_codegen::Error> {
    bia_codegen::compile(&["../proto/order/v1/order.proto", "../proto/user/v1/user.proto"])
}

//! The macros that bring generated code into a crate.

/// Brings in all that `build.rs` generated, each package in its module: `user.v1` is `user::v1`.
///
/// ```text
/// mod api {
///     bia::include_protos!();
/// }
/// use api::user::v1::{User, UserService};
/// ```
///
/// The code is what `bia_codegen::compile` put into cargo's `OUT_DIR`. It compiles only with a framework
/// of the version it was generated for.
#[macro_export]
macro_rules! include_protos {
    () => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/bia.rs"));
    };
}

/// Brings in the code of one package, into the module where it stands.
///
/// ```text
/// pub mod user {
///     pub mod v1 {
///         bia::include_proto!("user.v1");
///     }
/// }
/// ```
///
/// Types of other packages are named relative to this one, so the modules around it have to be
/// those of its name as soon as it uses any; [`include_protos!`](crate::include_protos) makes them.
#[macro_export]
macro_rules! include_proto {
    ($package:literal) => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/", $package, ".rs"));
    };
}

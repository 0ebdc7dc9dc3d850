//! The macros that bring code into a crate: what was generated, and what only a program may choose.

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

/// Has the program allocate with jemalloc and keep account of it, for `/debug/pprof/heap`.
///
/// It stands once in a program, at the top of `main.rs`, because a program has one allocator:
///
/// ```ignore
/// bia::profile_heap!();
/// ```
///
/// Of every 512 KiB that are allocated, on average, one allocation's stack is noted: a few microseconds
/// each, and some megabytes for what is noted. Only what Rust allocates is seen, not what a C library
/// does. The variable `_RJEM_MALLOC_CONF` changes it without a new build: `prof_active:false`.
#[cfg(feature = "heap")]
#[macro_export]
macro_rules! profile_heap {
    () => {
        #[global_allocator]
        static BIA_ALLOCATOR: $crate::__codegen::Jemalloc = $crate::__codegen::Jemalloc;

        /// Where jemalloc looks for its settings: a pointer to a text that ends with a zero.
        #[unsafe(export_name = "_rjem_malloc_conf")]
        pub static BIA_ALLOCATOR_SETTINGS: &'static [u8; 45] =
            b"prof:true,prof_active:true,lg_prof_sample:19\0";
    };
}

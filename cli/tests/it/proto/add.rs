use crate::command::run;

use super::{folder, read, write};

const MANIFEST: &str = "[package]\nname = \"shop-service\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
    [workspace]\n[dependencies]\nbia = \"0.1\"\n[build-dependencies]\nbia-codegen = \"0.1\"\n";

#[test]
fn a_new_proto_is_named_in_the_build_script_and_breaks_no_rule() {
    let folder = folder(&[
        ("Cargo.toml", MANIFEST),
        ("src/main.rs", "fn main() {}\n"),
        (
            "build.rs",
            "// keep\nfn main() -> Result<(), bia_codegen::Error> {\n    bia_codegen::compile(&[\"proto/user/v1/user.proto\"])\n}\n",
        ),
        ("proto/user/v1/user.proto", "syntax = \"proto3\";\n\npackage user.v1;\n"),
    ]);
    let ran = run(folder.path(), &["proto", "add", "proto/shop/v1/shop.proto"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(ran.err.contains("Created proto/shop/v1/shop.proto"), "{}", ran.err);
    let text = read(folder.path(), "proto/shop/v1/shop.proto");
    assert!(text.contains("package shop.v1;") && text.contains("service ShopService {"), "{text}");
    assert!(text.contains("get: \"/v1/shops/{id}\"") && text.contains("SHOP_NOT_FOUND"), "{text}");
    let script = read(folder.path(), "build.rs");
    let named = "compile(&[\"proto/user/v1/user.proto\", \"proto/shop/v1/shop.proto\"])";
    assert!(script.starts_with("// keep\n") && script.contains(named), "{script}");

    let ran = run(folder.path(), &["proto", "lint"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let ran = run(folder.path(), &["proto", "format", "--check"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn what_is_there_stays_unless_it_is_forced() {
    let folder = folder(&[("proto/shop/v1/shop.proto", "// mine\n")]);
    let arguments = ["proto", "add", "proto/shop/v1/shop.proto"];
    let ran = run(folder.path(), &arguments);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("proto/shop/v1/shop.proto is there already"), "{}", ran.err);
    assert_eq!(read(folder.path(), "proto/shop/v1/shop.proto"), "// mine\n");
    let ran = run(folder.path(), &[&arguments[..], &["--force", "--dry-run"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(read(folder.path(), "proto/shop/v1/shop.proto"), "// mine\n");
    let ran = run(folder.path(), &[&arguments[..], &["--force", "--empty"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(read(folder.path(), "proto/shop/v1/shop.proto").ends_with("service ShopService {}\n"));
    assert!(ran.err.contains("no build.rs compiles it yet"), "{}", ran.err);
}

#[test]
fn names_that_cannot_be_are_refused_and_nothing_is_written() {
    let folder = folder(&[]);
    for (arguments, why) in [
        (&["proto/shop/v1/type.proto"][..], "type is a keyword"),
        (&["proto/shop.proto"], "tells no package"),
        (&["proto/shop/v1/shop"], "does not end in .proto"),
        (&["proto/shop/v1/shop.proto", "--service", "enum"], "cannot be the name of a service"),
    ] {
        let ran = run(folder.path(), &[&["proto", "add"], arguments].concat());
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains(why) && ran.err.contains("hint"), "{}", ran.err);
    }
    write(
        folder.path(),
        "proto/shop/v1/old.proto",
        "syntax = \"proto3\";\npackage shop.v1;\nmessage Shop {}\n",
    );
    let ran = run(folder.path(), &["proto", "add", "proto/shop/v1/shop.proto"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("proto/shop/v1/old.proto has a Shop already"), "{}", ran.err);
    assert!(!folder.path().join("proto/shop/v1/shop.proto").exists());
}

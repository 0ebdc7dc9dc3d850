//! Messages that keep the fields which they do not know. That they do, `codegen/fixture` shows.

use bia_codegen::Compiler;

use super::{Protos, text};

const PROTO: &str = "syntax = \"proto3\";
package a;
import \"google/protobuf/duration.proto\";
message Point { int32 x = 1; int32 y = 16; }
message Shape {
  oneof kind { Point at = 1; int32 size = 2; }
  oneof how { bool filled = 3; google.protobuf.Duration drawn = 4; }
}
message Nothing {}
";

fn compiler(protos: &Protos) -> Compiler {
    Compiler::new().file(protos.path("a.proto")).services(false).unknown_fields(true)
}

fn code() -> String {
    let files = compiler(&Protos::new(&[("a.proto", PROTO)])).generate().expect("right");
    text(&files, "a.rs").to_owned()
}

#[test]
fn a_message_has_a_field_more_and_prost_s_trait_by_the_framework() {
    let code = code();
    let point = r#"
#[derive(Clone, PartialEq, Eq, Hash, ::bia::__codegen::keeping::Message)]
#[prost(prost_path = "::bia::__codegen::keeping")]
#[allow(warnings, unused, missing_docs, clippy::all, clippy::pedantic, reason = "made")]
pub struct Point {
    #[prost(int32, tag = "1")]
    pub x: i32,
    #[prost(int32, tag = "16")]
    pub y: i32,
    /// What this message was sent and does not know, written again as it came.
    #[prost(group, required, tag = "536870912")]
    pub unknown_fields: ::bia::__codegen::UnknownFields,
}
"#;
    assert!(code.contains(point), "{code}");
    let read = "
        match tag {
            1u32 | 16u32 => {
                ::bia::__codegen::keeping::Message::merge_field(
                    self,
                    tag,
                    wire_type,
                    buf,
                    ctx,
                )
            }
            _ => {
                ::bia::__codegen::prost::Message::merge_field(
                    &mut self.unknown_fields,
";
    assert!(code.contains(read), "{code}");
    assert_eq!(code.matches("impl ::bia::__codegen::prost::Message for ").count(), 3);
}

#[test]
fn only_what_holds_messages_is_no_longer_copied_for_free() {
    let code = code();
    let oneof = |name: &str| {
        let end = code.find(&format!("pub enum {name}")).expect("it is there");
        let start = code[..end].rfind("#[derive(").expect("it is derived");
        code[start..end].contains("Copy")
    };
    assert!(!oneof("Kind"));
    // Messages of google.protobuf are elsewhere, but nobody here knows what they hold.
    assert!(!oneof("How"));
    assert!(!code.contains("impl ::bia::__codegen::prost::Message for ::"), "{code}");
}

#[test]
fn a_name_that_is_taken_gets_a_line_behind_it() {
    for taken in ["bool unknown_fields = 1;", "oneof unknown_fields { bool other = 1; }"] {
        let proto = format!("syntax = \"proto3\"; message M {{ {taken} }}");
        let files = compiler(&Protos::new(&[("a.proto", &proto)])).generate().expect("right");
        let code = text(&files, "_.rs");
        assert!(code.contains("pub unknown_fields_: ::bia::__codegen::UnknownFields"), "{code}");
    }
}

#[test]
fn the_prost_of_somebody_else_keeps_nothing_and_is_refused() {
    let protos = Protos::new(&[("a.proto", PROTO)]);
    let error = compiler(&protos).prost("::prost", "::prost_types").generate();
    assert_eq!(
        error.expect_err("two prosts").to_string(),
        "unknown fields are kept by the framework's prost, and ::prost may be another\n  \
         help: say one of Compiler::prost and Compiler::unknown_fields"
    );
}

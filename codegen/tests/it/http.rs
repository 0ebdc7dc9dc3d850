//! `google.api.http`: what is wrong with it fails the build, all of it at once and with its place.

use crate::{Protos, text};

const HEAD: &str = r#"syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
import "google/protobuf/timestamp.proto";
"#;

const MESSAGES: &str = r"
message Item { string id = 1; Inner inner = 2; repeated string tags = 3; map<string, string> labels = 4;
  google.protobuf.Timestamp at = 5; string page_size = 6; }
message Inner { string id = 1; repeated Inner more = 2; }
";

fn shop(methods: &[&str]) -> Protos {
    let rpcs: String = methods
        .iter()
        .enumerate()
        .map(|(place, rule)| {
            format!("  rpc M{place}(Item) returns (Item) {{ option (google.api.http) = {{ {rule} }}; }}\n")
        })
        .collect();
    Protos::new(&[("shop.proto", &format!("{HEAD}service Shop {{\n{rpcs}}}\n{MESSAGES}"))])
}

#[test]
fn every_verb_body_and_additional_binding_is_in_the_code() {
    let protos = shop(&[
        r#"get: "/v1/items/{id}" additional_bindings { get: "/v1/items" } additional_bindings { custom { kind: "HEAD" path: "/v1/items" } }"#,
        r#"put: "/v1/items/{inner.id}" body: "inner""#,
        r#"post: "/v1/items:search" body: "*" response_body: "tags""#,
        r#"delete: "/v1/{id=items/*/parts/**}:purge""#,
        r#"patch: "/v1/at/{at}" body: "labels""#,
        r#"custom { kind: "*" path: "/v1/any" }"#,
        r#"body: "*""#,
        r#"get: """#,
    ]);
    let files = protos.generate(&["shop.proto"]).unwrap();
    let code: String = text(&files, "shop.v1.rs").split_whitespace().collect::<Vec<_>>().join(" ");
    let has = |text: &str| assert!(code.contains(text), "{text}\n{code}");
    has(r#"verb: "GET", template: "/v1/items/{id}""#);
    has(r#"verb: "HEAD", template: "/v1/items""#);
    has(r#"verb: "PUT", template: "/v1/items/{inner.id}""#);
    has(r#"Variable { field: "inner.id", from: 2usize, to: 3usize, }"#);
    has("body: ::bia::__codegen::Part::Field(2u32)");
    has("response: ::bia::__codegen::Part::Field(3u32)");
    has(r#"verb: "DELETE", template: "/v1/{id=items/*/parts/**}:purge""#);
    has(r#"suffix: ::core::option::Option::Some("purge")"#);
    has(r#"verb: "*", template: "/v1/any""#);
    has(r#"verb: "GET", template: "/shop.v1.Shop/M7""#);
    assert!(!code.contains(r#"template: "/shop.v1.Shop/M6""#), "as if there were no rule\n{code}");
}

#[test]
fn all_that_is_wrong_with_rules_is_told_at_once_with_its_place() {
    let table = [
        (r#"get: "/v1/{nope}""#, "shop.v1.Item has no field nope"),
        (r#"get: "/v1/{pageSize}""#, "shop.v1.Item has no field pageSize; it is written page_size"),
        (r#"get: "/v1/{tags}""#, "tags leads to tags, which is repeated"),
        (r#"get: "/v1/{labels}""#, "labels leads to the map labels"),
        (r#"get: "/v1/{inner}""#, "inner is a whole message (shop.v1.Inner)"),
        (r#"get: "/v1/{id.x}""#, "id of id.x has no fields"),
        (r#"get: "/v1/{inner.more.id}""#, "inner.more.id leads to more, which is repeated"),
        (r#"get: "/v1/{id}/{id}/a""#, "tells id twice"),
        (r#"get: "/v1/{id=**}/more""#, "nothing can follow it"),
        (r#"get: "v1/items""#, "a path begins with /"),
        (r#"post: "/v1/b" body: "nope""#, "the body cannot be \"nope\""),
        (r#"post: "/v1/c" body: "inner.id""#, "the body cannot be \"inner.id\""),
        (r#"post: "/v1/d/{id}" body: "id""#, "id is told by the path and by the body"),
        (r#"get: "/v1/e" response_body: "nope""#, "the response_body cannot be \"nope\""),
        (r#"custom { kind: "" path: "/v1/f" }"#, "\"\" is no method of HTTP"),
        (r#"custom { kind: "A B" path: "/v1/f" }"#, "\"A B\" is no method of HTTP"),
        (
            r#"get: "/v1/g" additional_bindings { get: "/v1/h" additional_bindings { get: "/v1/i" } }"#,
            "an additional binding has additional bindings of its own",
        ),
    ];
    let rules: Vec<_> = table.iter().map(|(rule, _)| *rule).collect();
    let error = shop(&rules).error(&["shop.proto"]);
    for (place, (rule, expected)) in table.iter().enumerate() {
        let line = error.lines().find(|line| line.contains(&format!("shop.v1.Shop.M{place}:")));
        let line = line.unwrap_or_else(|| panic!("nothing of {rule}:\n{error}"));
        assert!(line.contains(expected), "{rule}: {line}");
        assert!(line.starts_with(&format!("shop.proto:{}:", place + 6)), "{rule}: {line}");
    }
}

#[test]
fn two_bindings_that_a_request_fits_both_of_are_refused_with_both_places() {
    let error = shop(&[
        r#"get: "/v1/items/{id}""#,
        r#"get: "/v1/items/{page_size}""#,
        r#"get: "/v1/{id=items/*}:do" additional_bindings { get: "/v1/items/*:do" }"#,
        r#"post: "/shop.v1.Shop/M4" body: "*""#,
        "",
    ])
    .error(&["shop.proto"]);
    assert!(
        error.contains(
            "shop.proto:7:3: GET /v1/items/{page_size} calls shop.v1.Shop.M1, and /v1/items/{id} \
             calls shop.v1.Shop.M0 (shop.proto:6:3): a request fits both\n  help: change one"
        ),
        "{error}"
    );
    assert!(error.contains("GET /v1/items/*:do calls shop.v1.Shop.M2"), "{error}");
    assert!(error.contains("POST /shop.v1.Shop/M4 calls shop.v1.Shop.M4"), "{error}");
    assert_eq!(error.matches("a request fits both").count(), 3, "{error}");
}

#[test]
fn a_service_that_is_only_called_may_have_the_paths_of_ones_own() {
    let of = |package: &str| {
        format!("{HEAD}service Shop {{ rpc Get(Item) returns (Item) {{ option (google.api.http) = {{ get: \"/v1/items/{{id}}\" }}; }} }}\n{MESSAGES}")
            .replace("shop.v1", package)
    };
    let protos = Protos::new(&[("shop.proto", &of("shop.v1")), ("stock.proto", &of("stock.v1"))]);
    protos.generate(&["shop.proto", "stock.proto"]).unwrap();
    // Those of one package are one API.
    let more = of("shop.v1").replace("service Shop", "service More").replace(MESSAGES, "");
    let more =
        more.replace("import \"google/protobuf/timestamp.proto\";", "import \"shop.proto\";");
    let protos = Protos::new(&[("shop.proto", &of("shop.v1")), ("more.proto", &more)]);
    let error = protos.error(&["shop.proto", "more.proto"]);
    assert!(error.contains("a request fits both"), "{error}");
}

#[test]
fn bindings_that_only_overlap_are_no_conflict() {
    let protos = shop(&[
        r#"get: "/v1/items/{id}""#,
        r#"get: "/v1/items/special""#,
        r#"get: "/v1/{id=**}""#,
        r#"put: "/v1/items/{id}""#,
        r#"get: "/v1/items/{id}:do""#,
        r#"custom { kind: "*" path: "/v1/items/{id}" }"#,
    ]);
    protos.generate(&["shop.proto"]).unwrap();
}

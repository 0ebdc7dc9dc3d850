//! What the documents of services say.

use bia_codegen::Compiler;
use serde_json::{Value, json};

use super::{Protos, text};

/// The document of a service `S` in a proto3 file of package `a.v1` with this text.
fn document(proto: &str) -> Value {
    let head = "syntax = \"proto3\";\npackage a.v1;\n\
                import \"google/api/annotations.proto\";\nimport \"google/api/field_behavior.proto\";\n\
                import \"google/api/httpbody.proto\";\nimport \"google/protobuf/any.proto\";\n\
                import \"google/protobuf/duration.proto\";\nimport \"google/protobuf/empty.proto\";\n\
                import \"google/protobuf/field_mask.proto\";\nimport \"google/protobuf/struct.proto\";\n\
                import \"google/protobuf/timestamp.proto\";\nimport \"google/protobuf/wrappers.proto\";\n";
    let protos = Protos::new(&[("a/v1/a.proto", &format!("{head}{proto}"))]);
    let files = protos.generate(&["a/v1/a.proto"]).expect("the proto is right");
    assert_eq!(
        text(&files, "openapi.json").replace("\"a.v1.S\"", ""),
        text(&files, "a.v1.S.openapi.json").replace("\"a.v1.S\"", ""),
    );
    serde_json::from_str(text(&files, "openapi.json")).expect("it is JSON")
}

/// The schema of the message `M` with these fields.
fn schema(fields: &str) -> Value {
    let text = format!(
        "service S {{ rpc Get(M) returns (M); }}\nmessage M {{ {fields} }}\n\
         enum E {{ E_ZERO = 0; E_ONE = 1; }}"
    );
    document(&text)["components"]["schemas"]["a.v1.M"].take()
}

/// The names of an operation's parameters with where they are.
fn parameters(operation: &Value) -> Vec<String> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.map(|one| format!("{} {}", one["in"], one["name"]).replace('"', "")).collect()
}

#[test]
fn fields_have_the_types_that_they_have_in_json() {
    let properties = schema(
        "bool truth = 1; int32 small = 2; uint32 natural = 3; sint64 large = 4; fixed64 huge = 5; \
         float some_ratio = 6; string name = 7; bytes raw = 8; E kind = 9; repeated string tags = 10; \
         map<int32, E> kinds = 11; google.protobuf.NullValue nothing = 12; \
         string other = 13 [json_name = \"Anders\"];",
    )["properties"]
        .take();
    let expected = json!({
        "truth": {"type": "boolean"},
        "small": {"type": "integer", "format": "int32", "minimum": -2147483648, "maximum": 2147483647},
        "natural": {"type": "integer", "format": "uint32", "minimum": 0, "maximum": 4294967295u32},
        "large": {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"},
        "huge": {"type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$"},
        "someRatio": {"anyOf": [
            {"type": "number", "format": "float"},
            {"enum": ["NaN", "Infinity", "-Infinity"]},
        ]},
        "name": {"type": "string"},
        "raw": {"type": "string", "format": "byte", "contentEncoding": "base64"},
        "kind": {"$ref": "#/components/schemas/a.v1.E"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "kinds": {
            "type": "object",
            "propertyNames": {"pattern": "^-?[0-9]+$"},
            "additionalProperties": {"$ref": "#/components/schemas/a.v1.E"},
        },
        "nothing": {"type": "null"},
        "Anders": {"type": "string"},
    });
    assert_eq!(properties, expected);
}

#[test]
fn well_known_types_have_their_own_forms_and_may_be_null() {
    let properties = schema(
        "google.protobuf.Timestamp at = 1; google.protobuf.Int64Value count = 2; \
         google.protobuf.Struct any = 3; google.protobuf.Value value = 4; M again = 5; \
         repeated google.protobuf.StringValue names = 6; google.protobuf.ListValue list = 7; \
         google.protobuf.Empty empty = 8;",
    )["properties"]
        .take();
    assert_eq!(properties["at"], json!({"type": ["string", "null"], "format": "date-time"}));
    assert_eq!(properties["count"]["type"], json!(["string", "null"]));
    assert_eq!(properties["any"]["type"], json!(["object", "null"]));
    assert_eq!(properties["value"].get("type"), None);
    assert_eq!(
        properties["again"],
        json!({"anyOf": [{"$ref": "#/components/schemas/a.v1.M"}, {"type": "null"}]})
    );
    assert_eq!(properties["names"]["items"], json!({"type": "string"}));
    assert_eq!(properties["list"]["type"], json!(["array", "null"]));
}

#[test]
fn of_a_oneof_at_most_one_field_is_there() {
    let schema =
        schema("oneof way { string by_name = 1; M by_self = 2; } optional string alone = 3;");
    let choices = schema["allOf"].as_array().expect("the oneof");
    assert_eq!((choices.len(), &choices[0]["title"]), (1, &json!("way")));
    assert_eq!(choices[0]["oneOf"][0], json!({"required": ["byName"]}));
    assert_eq!(choices[0]["oneOf"].as_array().map(Vec::len), Some(3));
    let member = json!({"$ref": "#/components/schemas/a.v1.M"});
    assert_eq!(schema["properties"]["bySelf"], member);
}

#[test]
fn comments_become_descriptions_and_examples() {
    let document = document(
        "service S {\n  // Fetches one. Quickly.\n  //\n  // Or not.\n  rpc Get(M) returns (M);\n}\n\
         // Something.\nmessage M {\n  // Its name.\n  // Example: \"Ada\"\n  string name = 1;\n  E e = 2;\n}\n\
         // What it is.\nenum E {\n  // Not told.\n  E_ZERO = 0;\n  E_ONE = 1; // Told.\n}",
    );
    let operation = &document["paths"]["/a.v1.S/Get"]["post"];
    assert_eq!(operation["summary"], "Fetches one");
    assert_eq!(operation["description"], "Fetches one. Quickly.\n\nOr not.");
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["a.v1.M"]["description"], "Something.");
    assert_eq!(
        schemas["a.v1.M"]["properties"]["name"],
        json!({"type": "string", "description": "Its name.", "examples": ["Ada"]})
    );
    assert_eq!(
        schemas["a.v1.E"],
        json!({
            "type": "string",
            "description": "What it is.\n\n- `E_ZERO`: Not told.\n- `E_ONE`: Told.",
            "enum": ["E_ZERO", "E_ONE"],
        })
    );
}

#[test]
fn behaviours_of_fields_say_who_tells_them() {
    let schema = schema(
        "string id = 1 [(google.api.field_behavior) = OUTPUT_ONLY]; \
         string secret = 2 [(google.api.field_behavior) = INPUT_ONLY]; \
         string name = 3 [(google.api.field_behavior) = REQUIRED, (google.api.field_behavior) = IMMUTABLE]; \
         string old = 4 [deprecated = true];",
    );
    let properties = &schema["properties"];
    assert_eq!(properties["id"], json!({"type": "string", "readOnly": true}));
    assert_eq!(properties["secret"], json!({"type": "string", "writeOnly": true}));
    assert_eq!(properties["name"], json!({"type": "string", "x-immutable": true}));
    assert_eq!(properties["old"], json!({"type": "string", "deprecated": true}));
    assert_eq!(schema["required"], json!(["name"]));
}

#[test]
fn what_is_not_in_path_and_body_is_in_the_query_by_its_name_in_json() {
    let document = document(
        "service S { rpc Get(M) returns (M) { option (google.api.http) = { get: \"/v1/{inner.the_id}\" }; }\n\
         rpc Put(M) returns (M) { option (google.api.http) = { put: \"/v1/{id}\" body: \"inner\" }; } }\n\
         message M { string id = 1; Inner inner = 2; repeated E kinds = 3; map<string, int64> labels = 4; \
         M again = 5; repeated Inner many = 6; google.protobuf.Struct any = 7; \
         string ours = 8 [(google.api.field_behavior) = OUTPUT_ONLY]; google.protobuf.FieldMask mask = 9; }\n\
         message Inner { string the_id = 1; google.protobuf.Timestamp created_at = 2; M back = 3; }\n\
         enum E { E_ZERO = 0; }",
    );
    // What a message leads back to is told once.
    let get = &document["paths"]["/v1/{inner.theId}"]["get"];
    let expected = [
        "path inner.theId",
        "query id",
        "query inner.createdAt",
        "query kinds",
        "query labels",
        "query any",
        "query mask",
    ];
    assert_eq!(parameters(get), expected);
    let labels = &get["parameters"][4];
    assert_eq!((&labels["style"], &labels["explode"]), (&json!("deepObject"), &json!(true)));
    let put = &document["paths"]["/v1/{inner.theId}"]["put"];
    // One path has one name for its part.
    let expected = ["path inner.theId", "query kinds", "query labels", "query any", "query mask"];
    assert_eq!(parameters(put), expected);
    let body = &put["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(*body, json!({"$ref": "#/components/schemas/a.v1.Inner"}));
}

#[test]
fn what_the_path_tells_is_not_asked_for_in_the_body() {
    let document = document(
        "service S { rpc Put(M) returns (M) { option (google.api.http) = { put: \"/v1/{id}\" body: \"*\" }; } }\n\
         message M { string id = 1 [(google.api.field_behavior) = REQUIRED]; string name = 2; }",
    );
    let content = &document["paths"]["/v1/{id}"]["put"]["requestBody"]["content"];
    let expected = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    assert_eq!(content["application/json"]["schema"], expected);
    assert_eq!(content["application/x-www-form-urlencoded"]["schema"], expected);
}

#[test]
fn paths_of_many_parts_have_a_parameter_for_each_part() {
    let document = document(
        "service S { rpc Get(M) returns (M) { option (google.api.http) = { \
         get: \"/v1/{name=shelves/*/books/*}:read\" \
         additional_bindings { get: \"/v2/{name=**}\" } \
         additional_bindings { custom: { kind: \"FETCH\" path: \"/v1/{name=shelves/*/books/*}:read\" } } }; } }\n\
         message M { string name = 1; }",
    );
    let item = &document["paths"]["/v1/shelves/{shelf}/books/{book}:read"];
    assert_eq!(parameters(&item["get"]), ["path shelf", "path book"]);
    assert_eq!(
        item["get"]["parameters"][0]["description"],
        "A part of `name`: `shelves/{shelf}/books/{book}`."
    );
    assert_eq!(item["x-additionalOperations"]["FETCH"]["operationId"], "S_Get_3");
    let rest = &document["paths"]["/v2/{name}"]["get"];
    assert_eq!(rest["operationId"], "S_Get_2");
    assert_eq!(rest["parameters"][0]["schema"].get("minLength"), None);
}

#[test]
fn streams_are_told_in_every_form_and_sockets_apart() {
    let document = document(
        "service S { rpc Watch(M) returns (stream M); rpc Talk(stream M) returns (stream M); \
         rpc Download(M) returns (google.api.HttpBody); \
         rpc Upload(google.api.HttpBody) returns (google.protobuf.Empty); }\n\
         message M { string name = 1; }",
    );
    let reference = json!({"$ref": "#/components/schemas/a.v1.M"});
    let watch = &document["paths"]["/a.v1.S/Watch"]["post"]["responses"]["200"]["content"];
    assert_eq!(watch["application/json"]["schema"]["items"], reference);
    assert_eq!(watch["text/event-stream"]["x-itemSchema"], reference);
    assert_eq!(watch["application/x-ndjson"]["x-itemSchema"], reference);
    let talk = &document["paths"]["/a.v1.S/Talk"];
    assert_eq!(talk["x-websocket"]["sends"], reference);
    assert_eq!(talk.as_object().map(serde_json::Map::len), Some(1));
    let download = &document["paths"]["/a.v1.S/Download"]["post"]["responses"]["200"]["content"];
    assert_eq!(*download, json!({"*/*": {"schema": {}}}));
    let upload = &document["paths"]["/a.v1.S/Upload"]["post"]["requestBody"]["content"];
    assert_eq!(*upload, json!({"*/*": {"schema": {}}}));
}

#[test]
fn files_come_as_bodies_and_as_parts_of_forms() {
    let document = document(
        "service S { rpc Upload(stream google.api.HttpBody) returns (M); rpc Send(M) returns (M); }\n\
         message M { string name = 1; bytes content = 2; repeated google.api.HttpBody files = 3; M back = 4; }",
    );
    let upload = &document["paths"]["/a.v1.S/Upload"]["post"]["requestBody"]["content"];
    assert_eq!(*upload, json!({"*/*": {"schema": {}}}));
    let send = &document["paths"]["/a.v1.S/Send"]["post"]["requestBody"]["content"];
    let file = json!({"contentMediaType": "application/octet-stream"});
    assert_eq!(
        send["multipart/form-data"]["schema"]["properties"],
        json!({
            "name": {"type": "string"},
            "content": file,
            "files": {"type": "array", "items": file},
        })
    );
}

#[test]
fn a_field_can_be_the_whole_answer() {
    let document = document(
        "service S { rpc Get(M) returns (M) { option (google.api.http) = { get: \"/v1\" response_body: \"names\" }; } }\n\
         message M { repeated string names = 1; }",
    );
    let content = &document["paths"]["/v1"]["get"]["responses"]["200"]["content"];
    let names = json!({"type": "array", "items": {"type": "string"}});
    assert_eq!(content["application/json"]["schema"], names);
    assert_eq!(content.get("application/proto"), None);
}

#[test]
fn services_of_one_name_have_operations_of_two() {
    let proto = |package: &str| {
        format!(
            "syntax = \"proto3\";\npackage {package};\nmessage M {{}}\n\
             service S {{ rpc Get(M) returns (M); }}"
        )
    };
    let protos = Protos::new(&[("a.proto", &proto("a.v1")), ("b.proto", &proto("b.v2"))]);
    let files = protos.generate(&["a.proto", "b.proto"]).expect("right");
    let all: Value = serde_json::from_str(text(&files, "openapi.json")).expect("JSON");
    assert_eq!(all["info"], json!({"title": "a.v1.S, b.v2.S", "version": "v2"}));
    assert_eq!(all["paths"]["/a.v1.S/Get"]["post"]["operationId"], "a.v1.S_Get");
    assert_eq!(all["paths"]["/b.v2.S/Get"]["post"]["operationId"], "b.v2.S_Get");
}

#[test]
fn no_document_is_made_where_none_is_wanted() {
    let protos = Protos::new(&[(
        "a.proto",
        "syntax = \"proto3\";\npackage a;\nmessage M {}\nservice S { rpc Get(M) returns (M); }",
    )]);
    let compiler = Compiler::new().file(protos.path("a.proto")).openapi(false);
    let files = compiler.generate().expect("right");
    assert!(files.keys().all(|name| !name.ends_with(".json")));
    assert!(!text(&files, "a.rs").contains("OPENAPI"));
}

#[test]
fn errors_of_a_method_are_told_with_what_they_look_like() {
    let document = document(
        "import \"bia/options.proto\";\n\
         service S { rpc Get(M) returns (M) { option (bia.method) = { \
         errors: [\"M_NOT_FOUND\", \"M_GONE\"] auth: { required: true scopes: [\"read\"] } }; } }\n\
         message M { string id = 1; }\n\
         enum MError { option (bia.errors) = { code: 500 }; M_UNSPECIFIED = 0;\n\
         // There is none.\n\
         M_NOT_FOUND = 1 [(bia.error) = { code: 404 message: \"no {id}\" details: \"google.rpc.ResourceInfo\" }];\n\
         M_GONE = 2 [(bia.error) = { code: 410 }]; }",
    );
    let get = &document["paths"]["/a.v1.S/Get"]["post"];
    let missing = &get["responses"]["404"];
    assert_eq!(missing["description"], "`M_NOT_FOUND`: There is none.");
    assert_eq!(
        missing["content"]["application/json"]["examples"]["M_NOT_FOUND"]["value"],
        json!({
            "code": 404,
            "reason": "M_NOT_FOUND",
            "message": "no {id}",
            "metadata": {"id": "{id}"},
            "details": [{"@type": "type.googleapis.com/google.rpc.ResourceInfo"}],
        })
    );
    assert_eq!(get["responses"]["410"]["description"], "`M_GONE`");
    assert_eq!(get["responses"]["401"]["$ref"], "#/components/responses/Unauthorized");
    assert_eq!(get["security"], json!([{"bearer": ["read"]}]));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[test]
fn rules_of_validation_become_those_of_the_schema_where_it_has_words_for_them() {
    let document = document(
        "import \"buf/validate/validate.proto\";\n\
         service S { rpc Get(M) returns (M) { option (google.api.http) = { get: \"/v1/{id}\" }; } }\n\
         message M {\n\
         string id = 1 [(buf.validate.field).string.uuid = true];\n\
         string name = 2 [(buf.validate.field).string = {min_len: 1, max_len: 100, example: \"Ada\"}];\n\
         optional string mail = 3 [(buf.validate.field).string.email = true];\n\
         int32 age = 4 [(buf.validate.field).int32 = {gte: 0, lt: 150}];\n\
         int64 count = 5 [(buf.validate.field).int64 = {gte: 1, lte: 9}];\n\
         E kind = 6 [(buf.validate.field).enum = {not_in: [0]}];\n\
         repeated string tags = 7 [(buf.validate.field).repeated = {min_items: 1, max_items: 3, unique: true, \
           items: {string: {pattern: \"^[a-z]+$\"}}}];\n\
         map<string, int32> sizes = 8 [(buf.validate.field).map = {max_pairs: 4, \
           keys: {string: {max_len: 9}}, values: {int32: {gt: 0}}}];\n\
         M again = 9 [(buf.validate.field).required = true];\n\
         double ratio = 10 [(buf.validate.field).double = {gt: 0.5}];\n\
         string code = 11 [(buf.validate.field).ignore = IGNORE_IF_ZERO_VALUE, (buf.validate.field).string.len = 4];\n\
         google.protobuf.Duration wait = 12 [(buf.validate.field).duration = {gt: {seconds: 1}, lte: {seconds: 5 nanos: 500000000}}];\n\
         string odd = 13 [(buf.validate.field).string.pattern = \"(?i)^a\"];\n\
         string free = 15 [(buf.validate.field).ignore = IGNORE_ALWAYS, (buf.validate.field).string.min_len = 9];\n\
         int32 outside = 16 [(buf.validate.field).int32 = {gt: 10, lt: 5}];\n\
         oneof way { option (buf.validate.oneof).required = true; string here = 20; string there = 21; }\n\
         }\n\
         enum E { E_ZERO = 0; E_ONE = 1; }",
    );
    let schema = &document["components"]["schemas"]["a.v1.M"];
    let of = |name: &str| schema["properties"][name].clone();
    assert_eq!(
        schema["required"],
        json!(["id", "name", "count", "kind", "tags", "again", "ratio", "odd"])
    );
    assert_eq!(of("id"), json!({"type": "string", "format": "uuid"}));
    let name = json!({"type": "string", "minLength": 1, "maxLength": 100, "examples": ["Ada"]});
    assert_eq!(of("name"), name);
    assert_eq!(of("mail"), json!({"type": "string", "format": "email"}));
    assert_eq!((&of("age")["minimum"], &of("age")["exclusiveMaximum"]), (&json!(0), &json!(150)));
    assert_eq!(of("count")["description"], "Must hold: at least 1, at most 9.");
    let kind = json!({"$ref": "#/components/schemas/a.v1.E", "not": {"enum": ["E_ZERO"]}});
    assert_eq!(of("kind"), kind);
    let tags = json!({
        "type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"},
        "minItems": 1, "maxItems": 3, "uniqueItems": true,
    });
    assert_eq!(of("tags"), tags);
    let sizes = of("sizes");
    assert_eq!(
        (&sizes["maxProperties"], &sizes["propertyNames"]),
        (&json!(4), &json!({"maxLength": 9}))
    );
    assert_eq!(sizes["additionalProperties"]["exclusiveMinimum"], 0);
    assert_eq!(of("again"), json!({"$ref": "#/components/schemas/a.v1.M"}));
    assert_eq!(of("ratio"), json!({"type": "number", "format": "double", "exclusiveMinimum": 0.5}));
    let code =
        json!({"type": "string", "anyOf": [{"const": ""}, {"minLength": 4, "maxLength": 4}]});
    assert_eq!(of("code"), code);
    assert_eq!(of("wait")["description"], "Must hold: more than 1s; at most 5.500s.");
    assert_eq!(of("odd"), json!({"type": "string", "description": "Must hold: as `(?i)^a`."}));
    assert_eq!(of("free"), json!({"type": "string"}));
    assert_eq!(of("outside")["description"], "Must hold: more than 10 or less than 5.");
    assert_eq!(schema["allOf"][0]["oneOf"].as_array().map(Vec::len), Some(2));
    let id = &document["paths"]["/v1/{id}"]["get"]["parameters"][0]["schema"];
    assert_eq!(*id, json!({"type": "string", "format": "uuid", "minLength": 1}));
}

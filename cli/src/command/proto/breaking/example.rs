//! An edit for each kind of change; a test makes each of them.

/// The kind, what was, and what is; nothing where it is gone.
pub(crate) const EXAMPLES: &[(&str, &str, &str)] = &[
    ("WIRE_PACKAGE", "package shop.v1;", "package shop.v2;"),
    ("WIRE_SYNTAX", "syntax = \"proto2\";", "syntax = \"proto3\";"),
    ("WIRE_SERVICE_REMOVED", "service S { rpc M(A) returns (B); }", ""),
    ("WIRE_METHOD_REMOVED", "rpc M(A) returns (B);", "rpc N(A) returns (B);"),
    ("WIRE_METHOD_STREAM", "rpc M(A) returns (B);", "rpc M(A) returns (stream B);"),
    ("WIRE_METHOD_REQUEST", "rpc M(A) returns (B);", "rpc M(B) returns (B);"),
    ("WIRE_METHOD_RESPONSE", "rpc M(A) returns (B);", "rpc M(A) returns (A);"),
    (
        "WIRE_METHOD_IDEMPOTENCY",
        "rpc M(A) returns (B) { option idempotency_level = NO_SIDE_EFFECTS; }",
        "rpc M(A) returns (B);",
    ),
    ("WIRE_FIELD_REMOVED", "string sku = 1; string note = 2;", "string sku = 1;"),
    ("WIRE_FIELD_NUMBER", "string sku = 1;", "string sku = 2;"),
    ("WIRE_FIELD_TYPE", "string sku = 1;", "int32 sku = 1;"),
    ("WIRE_FIELD_CARDINALITY", "string sku = 1;", "repeated string sku = 1;"),
    ("WIRE_FIELD_ONEOF", "string sku = 1;", "oneof item { string sku = 1; }"),
    (
        "WIRE_FIELD_DEFAULT",
        "optional int32 count = 1 [default = 1];",
        "optional int32 count = 1 [default = 2];",
    ),
    ("WIRE_FIELD_REQUIRED", "optional int32 count = 1;", "required int32 count = 1;"),
    (
        "WIRE_MESSAGE_SET",
        "extensions 4 to 8;",
        "option message_set_wire_format = true; extensions 4 to 8;",
    ),
    ("WIRE_RESERVED", "reserved 2, 3;", "reserved 2;"),
    ("WIRE_EXTENSION_RANGE", "extensions 100 to 199;", "extensions 100 to 149;"),
    (
        "WIRE_EXTENSION_REMOVED",
        "extensions 100 to 199; extend A { optional int32 e = 100; }",
        "extensions 100 to 199;",
    ),
    ("WIRE_ENUM_VALUE_REMOVED", "enum Color { NONE = 0; RED = 1; }", "enum Color { NONE = 0; }"),
    (
        "WIRE_ENUM_VALUE_NUMBER",
        "enum Color { NONE = 0; RED = 1; }",
        "enum Color { NONE = 0; RED = 2; }",
    ),
    ("JSON_PACKAGE", "package shop.v1;", "package shop.v2;"),
    ("JSON_FIELD_REMOVED", "string sku = 1; string note = 2;", "string sku = 1; reserved 2;"),
    ("JSON_FIELD_NAME", "string sku = 1;", "string item = 1;"),
    ("JSON_FIELD_TYPE", "int32 count = 1;", "int64 count = 1;"),
    ("JSON_FIELD_CARDINALITY", "string sku = 1;", "repeated string sku = 1;"),
    (
        "JSON_ENUM_VALUE_REMOVED",
        "enum Color { NONE = 0; RED = 1; }",
        "enum Color { NONE = 0; reserved 1; }",
    ),
    (
        "JSON_ENUM_VALUE_NAME",
        "enum Color { NONE = 0; RED = 1; }",
        "enum Color { NONE = 0; CRIMSON = 1; }",
    ),
    (
        "JSON_OPTIONS",
        "rpc M(A) returns (B);",
        "rpc M(A) returns (B) { option (bia.method) = {json: {enum_numbers: true}}; }",
    ),
    (
        "HTTP_BINDING_REMOVED",
        "rpc M(A) returns (B) { option (google.api.http) = {get: \"/v1/a\"}; }",
        "rpc M(A) returns (B) { option (google.api.http) = {get: \"/v1/b\"}; }",
    ),
    (
        "HTTP_BODY",
        "rpc M(A) returns (B) { option (google.api.http) = {post: \"/v1/a\" body: \"*\"}; }",
        "rpc M(A) returns (B) { option (google.api.http) = {post: \"/v1/a\" body: \"b\"}; }",
    ),
    (
        "HTTP_RESPONSE_BODY",
        "rpc M(A) returns (B) { option (google.api.http) = {get: \"/v1/a\"}; }",
        "rpc M(A) returns (B) { option (google.api.http) = {get: \"/v1/a\" response_body: \"x\"}; }",
    ),
    (
        "HTTP_VARIABLE",
        "rpc M(A) returns (B) { option (google.api.http) = {get: \"/v1/{id}\"}; }",
        "rpc M(A) returns (B) { option (google.api.http) = {get: \"/v1/{name}\"}; }",
    ),
    (
        "HTTP_CAPTURED",
        "rpc M(A) returns (B) { option (google.api.http) = {get: \"/v1/{id}\"}; }",
        "rpc M(A) returns (B) { option (google.api.http) = {get: \"/v1/{id}\"}; } \
         rpc N(A) returns (B) { option (google.api.http) = {get: \"/v1/me\"}; }",
    ),
    (
        "HTTP_EVENT_ID",
        "message Reply { string id = 1 [(bia.event_id) = true]; }",
        "message Reply { string id = 1; }",
    ),
    (
        "ERROR_REASON_REMOVED",
        "enum E { NONE = 0 [(bia.error) = {code: 500}]; GONE = 1 [(bia.error) = {code: 404}]; }",
        "enum E { NONE = 0 [(bia.error) = {code: 500}]; }",
    ),
    (
        "ERROR_CODE",
        "enum E { NONE = 0 [(bia.error) = {code: 500}]; GONE = 1 [(bia.error) = {code: 404}]; }",
        "enum E { NONE = 0 [(bia.error) = {code: 500}]; GONE = 1 [(bia.error) = {code: 410}]; }",
    ),
    (
        "ERROR_GRPC_CODE",
        "enum E { NONE = 0 [(bia.error) = {code: 500}]; HELD = 1 [(bia.error) = {code: 409}]; }",
        "enum E { NONE = 0 [(bia.error) = {code: 500}]; HELD = 1 [(bia.error) = {code: 409 grpc: ALREADY_EXISTS}]; }",
    ),
    (
        "ERROR_DETAILS",
        "enum E { NONE = 0 [(bia.error) = {code: 500}]; GONE = 1 [(bia.error) = {code: 404 details: \"google.rpc.ResourceInfo\"}]; }",
        "enum E { NONE = 0 [(bia.error) = {code: 500}]; GONE = 1 [(bia.error) = {code: 404}]; }",
    ),
    (
        "RULE_TIGHTENED",
        "string sku = 1 [(buf.validate.field).string.max_len = 10];",
        "string sku = 1 [(buf.validate.field).string.max_len = 5];",
    ),
    (
        "RULE_NEW_FIELD",
        "string sku = 1;",
        "string sku = 1; string note = 2 [(buf.validate.field).required = true];",
    ),
    (
        "RULE_LOOSENED_IN_ANSWERS",
        "message Reply { string sku = 1 [(buf.validate.field).string.max_len = 5]; }",
        "message Reply { string sku = 1 [(buf.validate.field).string.max_len = 10]; }",
    ),
    (
        "OPTION_IDEMPOTENCY",
        "rpc M(A) returns (B) { option (bia.method) = {idempotency: NO_SIDE_EFFECTS}; }",
        "rpc M(A) returns (B) { option (bia.method) = {idempotency: IDEMPOTENT}; }",
    ),
    (
        "OPTION_AUTH",
        "rpc M(A) returns (B);",
        "rpc M(A) returns (B) { option (bia.method) = {auth: {required: true}}; }",
    ),
    (
        "OPTION_SCOPE",
        "rpc M(A) returns (B) { option (bia.method) = {auth: {required: true}}; }",
        "rpc M(A) returns (B) { option (bia.method) = {auth: {required: true scopes: \"shop\"}}; }",
    ),
    (
        "OPTION_TIMEOUT",
        "rpc M(A) returns (B) { option (bia.method) = {timeout: {seconds: 5}}; }",
        "rpc M(A) returns (B) { option (bia.method) = {timeout: {seconds: 2}}; }",
    ),
    ("OPTION_DEPRECATED", "string sku = 1;", "string sku = 1 [deprecated = true];"),
    ("SOURCE_PACKAGE", "package shop.v1;", "package shop.v2;"),
    ("SOURCE_MESSAGE_REMOVED", "message Order {}", ""),
    ("SOURCE_ENUM_REMOVED", "enum Color { NONE = 0; }", ""),
    (
        "SOURCE_FIELD_REMOVED",
        "string sku = 1; string note = 2;",
        "string sku = 1; reserved 2; reserved \"note\";",
    ),
    ("SOURCE_FIELD_NAME", "string sku = 1;", "string item = 1;"),
    ("SOURCE_FIELD_TYPE", "int32 count = 1;", "uint32 count = 1;"),
    ("SOURCE_ONEOF", "oneof item { string sku = 1; }", "oneof thing { string sku = 1; }"),
    (
        "SOURCE_ENUM_VALUE",
        "enum Color { NONE = 0; RED = 1; }",
        "enum Color { NONE = 0; reserved 1; reserved \"RED\"; }",
    ),
];

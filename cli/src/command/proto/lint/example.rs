//! Why a rule is there, and what breaks it; the tests break each by just that.

/// The rule, why it is there, and what breaks it.
pub(crate) const EXAMPLES: &[(&str, &str, &str)] = &[
    (
        "COMPILES",
        "of a file that cannot be read, nothing else can be told",
        "message A { Nope a = 1; }",
    ),
    (
        "SYNTAX_SPECIFIED",
        "a file that says none is proto2, where presence, defaults and enums go by other rules",
        "package a.v1;",
    ),
    (
        "FILE_LOWER_SNAKE_CASE",
        "the names of generated files are made of it, and some file systems know no case",
        "a/v1/Upper.proto",
    ),
    (
        "PACKAGE_DEFINED",
        "names without a package clash with those of everybody else",
        "syntax = \"proto3\";",
    ),
    (
        "PACKAGE_LOWER_SNAKE_CASE",
        "it becomes folders, modules and paths of calls, which are written so",
        "package a.B.v1;",
    ),
    (
        "PACKAGE_DIRECTORY_MATCH",
        "whoever reads an import finds the file, and every tool agrees what imports are relative to",
        "package b.v1;",
    ),
    (
        "PACKAGE_VERSION_SUFFIX",
        "what breaks callers goes into a package beside it, and both are served",
        "package a;",
    ),
    (
        "STABLE_PACKAGE_NO_IMPORT_UNSTABLE",
        "what is stable would change with what is not",
        "import \"a/v1beta1/b.proto\";",
    ),
    (
        "IMPORT_USED",
        "an import that is not used is compiled and shipped for nothing",
        "import \"google/protobuf/empty.proto\";",
    ),
    (
        "IMPORT_NO_PUBLIC",
        "others depend through it on what they do not name, and break when it goes",
        "import public \"google/protobuf/empty.proto\";",
    ),
    (
        "IMPORT_NO_WEAK",
        "it was made for one company's linker, and generators ignore it",
        "import weak \"google/protobuf/empty.proto\";",
    ),
    ("MESSAGE_PASCAL_CASE", "it is the name of a type in every language", "message a_b {}"),
    (
        "FIELD_LOWER_SNAKE_CASE",
        "the names in JSON and in every language are made of it by this rule",
        "string aB = 1;",
    ),
    (
        "FIELD_NOT_REQUIRED",
        "it can never be removed: who knows it refuses every message without it",
        "required string a = 1;",
    ),
    (
        "ONEOF_LOWER_SNAKE_CASE",
        "the names in every language are made of it by this rule",
        "oneof aB { string a = 1; }",
    ),
    (
        "ENUM_PASCAL_CASE",
        "it is the name of a type in every language",
        "enum a_b { A_B_UNSPECIFIED = 0; }",
    ),
    (
        "ENUM_VALUE_UPPER_SNAKE_CASE",
        "it is a constant in every language, and a text in JSON",
        "A_b = 1;",
    ),
    (
        "ENUM_VALUE_PREFIX",
        "names of values hold in the whole package: two enums cannot both have NONE",
        "enum A { A_UNSPECIFIED = 0; B = 1; }",
    ),
    (
        "ENUM_ZERO_VALUE_SUFFIX",
        "what is not sent reads as 0, which should not mean something",
        "enum A { A_NONE = 0; }",
    ),
    (
        "ENUM_FIRST_VALUE_ZERO",
        "the first value is the default in proto2, and 0 is in proto3",
        "enum A { A_B = 1; A_UNSPECIFIED = 0; }",
    ),
    (
        "ENUM_NO_ALLOW_ALIAS",
        "JSON writes one of the names, and whoever goes by the other does not find it",
        "option allow_alias = true;",
    ),
    (
        "SERVICE_PASCAL_CASE",
        "it is in the path of every call, and the name of a type",
        "service aService {}",
    ),
    ("SERVICE_SUFFIX", "it tells the service from the messages of the same thing", "service A {}"),
    (
        "RPC_PASCAL_CASE",
        "it is in the path of every call",
        "rpc do_it(DoItRequest) returns (DoItResponse);",
    ),
    (
        "RPC_REQUEST_STANDARD_NAME",
        "a message of its own can grow with the method, and is found by its name",
        "rpc Do(Thing) returns (DoResponse);",
    ),
    (
        "RPC_RESPONSE_STANDARD_NAME",
        "a message of its own can grow with the method, and is found by its name",
        "rpc Do(DoRequest) returns (Thing);",
    ),
    (
        "RPC_REQUEST_RESPONSE_UNIQUE",
        "a field for one method would be a field of the other too",
        "service AService { rpc Do(DoRequest) returns (DoResponse); } service BService { rpc Do(DoRequest) returns (DoResponse); }",
    ),
    (
        "LINT_IGNORE",
        "a comment that ignores nothing, or says no reason, hides the next fault",
        "// bia:lint:ignore IMPORT_USED there was one",
    ),
    (
        "CODE_GENERATES",
        "the build of the service fails as this does",
        "repeated string a = 1 [(bia.event_id) = true];",
    ),
    (
        "RUST_NAMES",
        "names that differ in a proto can be one in Rust, and the build fails",
        "message AB {} message Ab {}",
    ),
    (
        "HTTP_RULES",
        "a path that names no field cannot be served, and of two methods of one package for one request the process that serves them would have to guess; services of other packages may answer the same paths elsewhere, and where both are served the start tells",
        "option (google.api.http) = {post: \"/v1/{nope}\"};",
    ),
    (
        "HTTP_GET_SAFE",
        "browsers, caches and proxies repeat a GET without asking",
        "option (google.api.http) = {get: \"/v1/do\"};",
    ),
    (
        "METHOD_OPTIONS",
        "what an option names and is not there would hold for nobody",
        "option (bia.method) = {errors: \"NOPE\"};",
    ),
    (
        "ERROR_CODE",
        "without a code callers are told 500, and take what they did for a fault of the service",
        "NOT_FOUND = 1;",
    ),
    (
        "ERROR_REASON_UNIQUE",
        "callers know an error by its reason alone",
        "GONE = 1 [(bia.error) = {code: 410}];",
    ),
    (
        "VALIDATION_RULES",
        "rules that nothing can keep refuse every request",
        "string a = 1 [(buf.validate.field).string = {min_len: 3, max_len: 2}];",
    ),
    (
        "COMMENT_SERVICE",
        "comments become the documentation of the code and of OpenAPI",
        "service AService {}",
    ),
    (
        "COMMENT_RPC",
        "comments become the documentation of the code and of OpenAPI",
        "rpc Do(DoRequest) returns (DoResponse);",
    ),
    (
        "COMMENT_MESSAGE",
        "comments become the documentation of the code and of OpenAPI",
        "message A {}",
    ),
    (
        "COMMENT_FIELD",
        "comments become the documentation of the code and of OpenAPI",
        "string a = 1;",
    ),
    (
        "COMMENT_ONEOF",
        "comments become the documentation of the code and of OpenAPI",
        "oneof a { /* B. */ string b = 1; }",
    ),
    (
        "COMMENT_ENUM",
        "comments become the documentation of the code and of OpenAPI",
        "enum A { A_UNSPECIFIED = 0; }",
    ),
    (
        "COMMENT_ENUM_VALUE",
        "comments become the documentation of the code and of OpenAPI",
        "A_B = 1;",
    ),
];

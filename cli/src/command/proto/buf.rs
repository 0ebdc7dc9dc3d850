//! What the rules of buf are called here; buf itself is asked in the tests whether that is so.

/// A rule of `buf lint` or `buf breaking`.
pub(crate) struct BufRule {
    pub(crate) id: &'static str,
    /// Rules and kinds of change that are broken where it is; none: nothing here looks for it.
    pub(crate) here: &'static [&'static str],
    /// Where they differ, or why there is none.
    pub(crate) but: &'static str,
}

const fn rule(id: &'static str, here: &'static [&'static str]) -> BufRule {
    BufRule { id, here, but: "" }
}

const fn but(id: &'static str, here: &'static [&'static str], but: &'static str) -> BufRule {
    BufRule { id, here, but }
}

const OTHERS: &str = "it is about generated code of other languages";
const SYNTAX: &str = "it follows from the syntax, since editions are refused";
const MOVED: &str = "what only moved to another file of the package breaks nobody";

/// Those of `buf lint` that have the same name here are not listed, unless they differ.
pub(crate) const LINT: &[BufRule] = &[
    but(
        "DIRECTORY_SAME_PACKAGE",
        &["PACKAGE_DIRECTORY_MATCH"],
        "of two packages in a folder, one is in the wrong one",
    ),
    but(
        "PACKAGE_SAME_DIRECTORY",
        &["PACKAGE_DIRECTORY_MATCH"],
        "of two folders of a package, one is the wrong one",
    ),
    but("PACKAGE_NO_IMPORT_CYCLE", &[], "Rust's modules may name each other"),
    but("PACKAGE_SAME_CSHARP_NAMESPACE", &[], OTHERS),
    but("PACKAGE_SAME_GO_PACKAGE", &[], OTHERS),
    but("PACKAGE_SAME_JAVA_MULTIPLE_FILES", &[], OTHERS),
    but("PACKAGE_SAME_JAVA_PACKAGE", &[], OTHERS),
    but("PACKAGE_SAME_PHP_NAMESPACE", &[], OTHERS),
    but("PACKAGE_SAME_RUBY_PACKAGE", &[], OTHERS),
    but("PACKAGE_SAME_SWIFT_PREFIX", &[], OTHERS),
    rule("PROTOVALIDATE", &["VALIDATION_RULES"]),
    but("RPC_NO_CLIENT_STREAMING", &[], "every face has streams"),
    but("RPC_NO_SERVER_STREAMING", &[], "every face has streams"),
    but("ENUM_VALUE_PREFIX", &["ENUM_VALUE_PREFIX"], "reasons of errors need no prefix"),
    but(
        "RPC_RESPONSE_STANDARD_NAME",
        &["RPC_RESPONSE_STANDARD_NAME"],
        "the resource itself may be answered, and Empty by a deletion",
    ),
    but(
        "RPC_REQUEST_RESPONSE_UNIQUE",
        &["RPC_REQUEST_RESPONSE_UNIQUE"],
        "a resource and Empty may be answered by several methods",
    ),
    but("COMMENT_MESSAGE", &["COMMENT_MESSAGE"], "requests and responses of methods need none"),
    but("COMMENT_ENUM_VALUE", &["COMMENT_ENUM_VALUE"], "the value 0 needs none"),
];

/// All of `buf breaking`.
pub(crate) const BREAKING: &[BufRule] = &[
    but(
        "FILE_NO_DELETE",
        &["SOURCE_MESSAGE_REMOVED", "SOURCE_ENUM_REMOVED", "WIRE_SERVICE_REMOVED"],
        MOVED,
    ),
    but(
        "PACKAGE_NO_DELETE",
        &["SOURCE_MESSAGE_REMOVED", "SOURCE_ENUM_REMOVED", "WIRE_SERVICE_REMOVED"],
        "what was in it is told",
    ),
    but("MESSAGE_NO_DELETE", &["SOURCE_MESSAGE_REMOVED"], MOVED),
    rule("PACKAGE_MESSAGE_NO_DELETE", &["SOURCE_MESSAGE_REMOVED"]),
    but("ENUM_NO_DELETE", &["SOURCE_ENUM_REMOVED"], MOVED),
    rule("PACKAGE_ENUM_NO_DELETE", &["SOURCE_ENUM_REMOVED"]),
    but("SERVICE_NO_DELETE", &["WIRE_SERVICE_REMOVED"], MOVED),
    rule("PACKAGE_SERVICE_NO_DELETE", &["WIRE_SERVICE_REMOVED"]),
    but("EXTENSION_NO_DELETE", &["WIRE_EXTENSION_REMOVED", "SOURCE_FIELD_NAME"], MOVED),
    rule("PACKAGE_EXTENSION_NO_DELETE", &["WIRE_EXTENSION_REMOVED", "SOURCE_FIELD_NAME"]),
    rule("EXTENSION_MESSAGE_NO_DELETE", &["WIRE_EXTENSION_RANGE"]),
    rule("RPC_NO_DELETE", &["WIRE_METHOD_REMOVED"]),
    rule("RPC_SAME_REQUEST_TYPE", &["WIRE_METHOD_REQUEST"]),
    rule("RPC_SAME_RESPONSE_TYPE", &["WIRE_METHOD_RESPONSE"]),
    rule("RPC_SAME_CLIENT_STREAMING", &["WIRE_METHOD_STREAM"]),
    rule("RPC_SAME_SERVER_STREAMING", &["WIRE_METHOD_STREAM"]),
    rule("RPC_SAME_IDEMPOTENCY_LEVEL", &["WIRE_METHOD_IDEMPOTENCY"]),
    rule("FIELD_NO_DELETE", &["SOURCE_FIELD_REMOVED", "WIRE_FIELD_NUMBER"]),
    rule("FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED", &["WIRE_FIELD_REMOVED", "WIRE_FIELD_NUMBER"]),
    rule("FIELD_NO_DELETE_UNLESS_NAME_RESERVED", &["JSON_FIELD_REMOVED", "WIRE_FIELD_NUMBER"]),
    rule("FIELD_SAME_TYPE", &["SOURCE_FIELD_TYPE", "WIRE_FIELD_TYPE", "JSON_FIELD_TYPE"]),
    rule("FIELD_WIRE_COMPATIBLE_TYPE", &["WIRE_FIELD_TYPE", "WIRE_FIELD_CARDINALITY"]),
    rule(
        "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
        &["JSON_FIELD_TYPE", "WIRE_FIELD_TYPE", "JSON_FIELD_CARDINALITY"],
    ),
    rule(
        "FIELD_SAME_CARDINALITY",
        &["SOURCE_FIELD_TYPE", "WIRE_FIELD_CARDINALITY", "WIRE_FIELD_REQUIRED", "WIRE_SYNTAX"],
    ),
    rule("FIELD_WIRE_COMPATIBLE_CARDINALITY", &["WIRE_FIELD_CARDINALITY", "WIRE_FIELD_REQUIRED"]),
    rule(
        "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
        &["JSON_FIELD_CARDINALITY", "WIRE_FIELD_REQUIRED"],
    ),
    rule("FIELD_SAME_NAME", &["JSON_FIELD_NAME", "WIRE_FIELD_NUMBER"]),
    rule("FIELD_SAME_JSON_NAME", &["JSON_FIELD_NAME", "WIRE_FIELD_NUMBER"]),
    rule("FIELD_SAME_ONEOF", &["WIRE_FIELD_ONEOF"]),
    rule("FIELD_SAME_DEFAULT", &["WIRE_FIELD_DEFAULT"]),
    but("FIELD_SAME_UTF8_VALIDATION", &["WIRE_SYNTAX"], SYNTAX),
    but("FIELD_SAME_CPP_STRING_TYPE", &[], OTHERS),
    but("FIELD_SAME_JAVA_UTF8_VALIDATION", &[], OTHERS),
    but("FIELD_SAME_JSTYPE", &[], OTHERS),
    rule("ONEOF_NO_DELETE", &["SOURCE_ONEOF"]),
    rule("MESSAGE_SAME_REQUIRED_FIELDS", &["WIRE_FIELD_REQUIRED"]),
    but("MESSAGE_SAME_JSON_FORMAT", &["WIRE_SYNTAX"], SYNTAX),
    but("MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR", &[], OTHERS),
    rule("RESERVED_MESSAGE_NO_DELETE", &["WIRE_RESERVED"]),
    rule("RESERVED_ENUM_NO_DELETE", &["WIRE_RESERVED"]),
    rule("ENUM_VALUE_NO_DELETE", &["SOURCE_ENUM_VALUE", "WIRE_ENUM_VALUE_NUMBER"]),
    rule(
        "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED",
        &["WIRE_ENUM_VALUE_REMOVED", "WIRE_ENUM_VALUE_NUMBER"],
    ),
    rule(
        "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
        &["JSON_ENUM_VALUE_REMOVED", "WIRE_ENUM_VALUE_NUMBER"],
    ),
    rule("ENUM_VALUE_SAME_NAME", &["JSON_ENUM_VALUE_NAME"]),
    but("ENUM_SAME_JSON_FORMAT", &["WIRE_SYNTAX"], SYNTAX),
    but("ENUM_SAME_TYPE", &["WIRE_SYNTAX"], SYNTAX),
    rule("FILE_SAME_PACKAGE", &["WIRE_PACKAGE", "JSON_PACKAGE", "SOURCE_PACKAGE"]),
    rule("FILE_SAME_SYNTAX", &["WIRE_SYNTAX"]),
    but("FILE_SAME_CC_ENABLE_ARENAS", &[], OTHERS),
    but("FILE_SAME_CC_GENERIC_SERVICES", &[], OTHERS),
    but("FILE_SAME_CSHARP_NAMESPACE", &[], OTHERS),
    but("FILE_SAME_GO_PACKAGE", &[], OTHERS),
    but("FILE_SAME_JAVA_GENERIC_SERVICES", &[], OTHERS),
    but("FILE_SAME_JAVA_MULTIPLE_FILES", &[], OTHERS),
    but("FILE_SAME_JAVA_OUTER_CLASSNAME", &[], OTHERS),
    but("FILE_SAME_JAVA_PACKAGE", &[], OTHERS),
    but("FILE_SAME_OBJC_CLASS_PREFIX", &[], OTHERS),
    but("FILE_SAME_OPTIMIZE_FOR", &[], OTHERS),
    but("FILE_SAME_PHP_CLASS_PREFIX", &[], OTHERS),
    but("FILE_SAME_PHP_METADATA_NAMESPACE", &[], OTHERS),
    but("FILE_SAME_PHP_NAMESPACE", &[], OTHERS),
    but("FILE_SAME_PY_GENERIC_SERVICES", &[], OTHERS),
    but("FILE_SAME_RUBY_PACKAGE", &[], OTHERS),
    but("FILE_SAME_SWIFT_PREFIX", &[], OTHERS),
];

//! The rules: what each wants, and what to do about it.

/// A kind of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    /// What protos of all projects hold to.
    Standard,
    /// What the framework knows besides.
    Bia,
    /// Comments on everything; off unless it is asked for.
    Comments,
}

impl Category {
    pub(crate) const ALL: [Self; 3] = [Self::Standard, Self::Bia, Self::Comments];
    /// Those that hold if nothing else is said.
    pub(crate) const DEFAULT: [Self; 2] = [Self::Standard, Self::Bia];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Bia => "BIA",
            Self::Comments => "COMMENTS",
        }
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Stable: comments and configurations name it.
    pub(crate) id: &'static str,
    pub(crate) category: Category,
    /// What it wants.
    pub(crate) wants: &'static str,
    /// What to do where it is broken.
    pub(crate) remedy: &'static str,
}

macro_rules! rules {
    ($($category:ident $id:ident: $wants:literal, $remedy:literal;)*) => {
        $(pub(crate) const $id: &Rule = &Rule {
            id: stringify!($id),
            category: Category::$category,
            wants: $wants,
            remedy: $remedy,
        };)*

        /// All of them, by category.
        pub(crate) const ALL: &[&Rule] = &[$($id),*];
    };
}

rules! {
    Standard COMPILES:
        "a file is protobuf, and what it imports is there",
        "correct it; -I FOLDER names a folder of imports";
    Standard SYNTAX_SPECIFIED:
        "a file says its syntax",
        "begin it with `syntax = \"proto3\";`";
    Standard FILE_LOWER_SNAKE_CASE:
        "files are called lower_snake_case.proto",
        "rename the file";
    Standard PACKAGE_DEFINED:
        "a file has a package",
        "add one, like `package shop.v1;`";
    Standard PACKAGE_LOWER_SNAKE_CASE:
        "packages are called lower_snake.case",
        "rename the package, before anybody uses it";
    Standard PACKAGE_DIRECTORY_MATCH:
        "a file of the package shop.v1 is in a folder shop/v1",
        "move the file, or change its package";
    Standard PACKAGE_VERSION_SUFFIX:
        "a package ends in a version: v1, v1beta1",
        "add one, like `package shop.v1;`, so that a v2 can stand beside it";
    Standard STABLE_PACKAGE_NO_IMPORT_UNSTABLE:
        "a stable package imports no alpha or beta",
        "wait until what is imported is stable, or copy what is needed of it";
    Standard IMPORT_USED:
        "what is imported is used",
        "remove the import";
    Standard IMPORT_NO_PUBLIC:
        "no import is public",
        "import the file where it is used";
    Standard IMPORT_NO_WEAK:
        "no import is weak",
        "leave out `weak`";
    Standard MESSAGE_PASCAL_CASE:
        "messages are called PascalCase",
        "rename it, before anybody uses it";
    Standard FIELD_LOWER_SNAKE_CASE:
        "fields are called lower_snake_case",
        "rename it, before anybody uses it; `[json_name = \"…\"]` keeps a name in JSON";
    Standard FIELD_NOT_REQUIRED:
        "no field is required",
        "write `optional`; `(buf.validate.field).required` refuses requests without it, and can be taken back";
    Standard ONEOF_LOWER_SNAKE_CASE:
        "oneofs are called lower_snake_case",
        "rename it";
    Standard ENUM_PASCAL_CASE:
        "enums are called PascalCase",
        "rename it, before anybody uses it";
    Standard ENUM_VALUE_UPPER_SNAKE_CASE:
        "values of enums are called UPPER_SNAKE_CASE",
        "rename it, before anybody uses it";
    Standard ENUM_VALUE_PREFIX:
        "values of an enum Color begin with COLOR_; reasons of errors need not",
        "rename it, before anybody uses it: names of values hold in the whole package";
    Standard ENUM_ZERO_VALUE_SUFFIX:
        "the value 0 of an enum ends in _UNSPECIFIED",
        "rename it, or put one before it: what is not sent reads as 0";
    Standard ENUM_FIRST_VALUE_ZERO:
        "the first value of an enum is 0",
        "put the value 0 first: it is what is not sent";
    Standard ENUM_NO_ALLOW_ALIAS:
        "no number of an enum has two names",
        "remove `allow_alias` and one of the names";
    Standard SERVICE_PASCAL_CASE:
        "services are called PascalCase",
        "rename it, before anybody calls it";
    Standard SERVICE_SUFFIX:
        "services are called SomethingService",
        "rename it, before anybody calls it";
    Standard RPC_PASCAL_CASE:
        "methods are called PascalCase",
        "rename it, before anybody calls it";
    Standard RPC_REQUEST_STANDARD_NAME:
        "GetUser takes GetUserRequest",
        "make a message of that name, to which fields can be added for this method alone";
    Standard RPC_RESPONSE_STANDARD_NAME:
        "GetUser answers GetUserResponse, or User; a deletion may answer google.protobuf.Empty",
        "make a message of that name, to which fields can be added for this method alone";
    Standard RPC_REQUEST_RESPONSE_UNIQUE:
        "no two methods share a request, or a response called so",
        "make a message for each, to which fields can be added for one method alone";

    Bia LINT_IGNORE:
        "a comment that ignores a rule names one that is broken there, and says why",
        "write `// bia:lint:ignore RULE_ID the reason` above what breaks the rule; remove it where nothing is broken any more";
    Bia CODE_GENERATES:
        "code can be made of the file",
        "see what the message says";
    Bia RUST_NAMES:
        "no two names are one in Rust",
        "rename one of them";
    Bia HTTP_RULES:
        "what `google.api.http` says makes sense, and no two methods answer the same requests",
        "change the path, the variable or the body";
    Bia HTTP_GET_SAFE:
        "a method that is called by GET has no side effects, and says so",
        "add `option idempotency_level = NO_SIDE_EFFECTS;`, or bind it to another verb";
    Bia METHOD_OPTIONS:
        "what `(bia.method)`, `(bia.service)` and the enums of errors say makes sense",
        "change the option";
    Bia ERROR_CODE:
        "a reason of errors has a code",
        "add `[(bia.error) = {code: 404}]`, or one for the enum: `option (bia.errors) = {code: 400};`";
    Bia ERROR_REASON_UNIQUE:
        "no two errors of a package have one reason",
        "rename one of them: callers know an error by its reason alone";
    Bia VALIDATION_RULES:
        "rules of `buf.validate` fit the field, and something keeps all of them",
        "change the rule";

    Comments COMMENT_SERVICE:
        "a service has a comment",
        "say above it what it is for";
    Comments COMMENT_RPC:
        "a method has a comment",
        "say above it what it does, and which errors it fails with";
    Comments COMMENT_MESSAGE:
        "a message has a comment, unless it is the request or response of a method",
        "say above it what it is";
    Comments COMMENT_FIELD:
        "a field has a comment",
        "say above it what it holds, with unit, range and default";
    Comments COMMENT_ONEOF:
        "a oneof has a comment",
        "say above it what is chosen";
    Comments COMMENT_ENUM:
        "an enum has a comment",
        "say above it what it is";
    Comments COMMENT_ENUM_VALUE:
        "a value of an enum has a comment, unless it is 0",
        "say above it what it means";
}

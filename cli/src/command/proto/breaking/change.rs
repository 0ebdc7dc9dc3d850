//! Every change that is judged: what it is called, whom it breaks, and what to do instead.

use clap::ValueEnum;

/// For whom a change matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum Category {
    /// What is sent in gRPC.
    Wire,
    /// Names and forms in JSON.
    Json,
    /// Verbs, paths and bodies of HTTP.
    Http,
    /// Reasons and codes of errors.
    Errors,
    /// Validation, `buf.validate`.
    Rules,
    /// What the options say of methods.
    Options,
    /// Names and types in generated Rust.
    Source,
}

impl Category {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wire => "WIRE",
            Self::Json => "JSON",
            Self::Http => "HTTP",
            Self::Errors => "ERRORS",
            Self::Rules => "RULES",
            Self::Options => "OPTIONS",
            Self::Source => "SOURCE",
        }
    }
}

/// Whether somebody breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Yes.
    Breaks,
    /// Nobody yet.
    Notes,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Breaks => "breaks",
            Self::Notes => "notes",
        }
    }
}

/// A kind of change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Stable: scripts and configurations name it.
    pub(crate) id: &'static str,
    pub(crate) category: Category,
    pub(crate) level: Level,
    /// What happened.
    pub(crate) what: &'static str,
    /// Who breaks, and how.
    pub(crate) breaks: &'static str,
    pub(crate) remedy: &'static str,
}

macro_rules! changes {
    ($($category:ident $level:ident $id:ident: $what:literal, $breaks:literal, $remedy:literal;)*) => {
        $(pub(crate) const $id: &Change = &Change {
            id: stringify!($id),
            category: Category::$category,
            level: Level::$level,
            what: $what,
            breaks: $breaks,
            remedy: $remedy,
        };)*

        /// All of them, by category.
        pub(crate) const ALL: &[&Change] = &[$($id),*];
    };
}

changes! {
    Wire Breaks WIRE_PACKAGE:
        "the package of a file changed",
        "callers call operations that are no more",
        "keep the package, and make a new one beside it: shop.v2";
    Wire Breaks WIRE_SYNTAX:
        "the syntax of a file changed",
        "presence, unknown values of enums and names in JSON go by other rules",
        "keep the syntax";
    Wire Breaks WIRE_SERVICE_REMOVED:
        "a service is gone",
        "callers get UNIMPLEMENTED",
        "keep it and say `option deprecated = true;`";
    Wire Breaks WIRE_METHOD_REMOVED:
        "a method is gone",
        "callers get UNIMPLEMENTED",
        "keep it and say `option deprecated = true;`";
    Wire Breaks WIRE_METHOD_STREAM:
        "a side of a method became a stream, or is none any more",
        "callers send or await another number of messages",
        "keep the method, and add one of another name";
    Wire Breaks WIRE_METHOD_REQUEST:
        "a method takes another message",
        "what callers send is read as something else",
        "keep the message and add fields to it";
    Wire Breaks WIRE_METHOD_RESPONSE:
        "a method answers another message",
        "callers read what they get as something else",
        "keep the message and add fields to it";
    Wire Breaks WIRE_METHOD_IDEMPOTENCY:
        "the idempotency_level of a method changed",
        "callers and proxies that go by it try again, or ask by GET, what they must not",
        "keep the level, and add a method of another name";
    Wire Breaks WIRE_FIELD_REMOVED:
        "a field is gone and its number is free",
        "what is sent under the number is lost, and read as something else once the number is used again",
        "reserve it: `reserved 3;`";
    Wire Breaks WIRE_FIELD_NUMBER:
        "a field has another number",
        "what one side sends, the other does not find",
        "give it back its number";
    Wire Breaks WIRE_FIELD_TYPE:
        "a field has a type that is written in another way",
        "what one side sends, the other reads wrong or not at all",
        "keep the type, and add a field of another number";
    Wire Breaks WIRE_FIELD_CARDINALITY:
        "a field became a list or a map, or is none any more",
        "all values but the last are lost, of a map those of the same key, or packed numbers are not found",
        "keep the field, and add one of another number";
    Wire Breaks WIRE_FIELD_ONEOF:
        "a field moved into a oneof, or out of one",
        "of what one side sends together, the other keeps only the last",
        "keep it where it was, and add a field of another number";
    Wire Breaks WIRE_FIELD_DEFAULT:
        "the default of a field changed",
        "what is not sent means something else to either side",
        "keep the default";
    Wire Breaks WIRE_FIELD_REQUIRED:
        "a required field came or went",
        "a side that requires it refuses every message without it",
        "leave required fields as they are; new ones are optional";
    Wire Breaks WIRE_MESSAGE_SET:
        "the message set wire format came or went",
        "what one side sends, the other cannot read",
        "keep the option";
    Wire Breaks WIRE_RESERVED:
        "numbers or names are reserved no more",
        "what was removed once can come back as something else, and old callers read it wrong",
        "keep them reserved";
    Wire Breaks WIRE_EXTENSION_RANGE:
        "numbers are free for extensions no more",
        "extensions of others are lost",
        "keep the range";
    Wire Breaks WIRE_EXTENSION_REMOVED:
        "an extension is gone",
        "what is sent by it is lost",
        "keep it and say `[deprecated = true]`";
    Wire Breaks WIRE_ENUM_VALUE_REMOVED:
        "a value is gone and its number is free",
        "who gets the number does not know it, or takes it for something else once it is used again",
        "reserve it: `reserved 3;`";
    Wire Breaks WIRE_ENUM_VALUE_NUMBER:
        "a value has another number",
        "what one side means by the number is something else to the other",
        "give it back its number";

    Json Breaks JSON_PACKAGE:
        "the package of messages changed",
        "callers of HTTP/JSON do not know the `@type` that one has in an Any",
        "keep the package, and make a new one beside it: shop.v2";
    Json Breaks JSON_FIELD_REMOVED:
        "a field is gone and its name is free",
        "what is sent under the name is lost, and read as something else once the name is used again",
        "reserve it: `reserved \"name\";`";
    Json Breaks JSON_FIELD_NAME:
        "a field is called something else in JSON",
        "callers of HTTP/JSON send and look for the old name",
        "keep the name; a better one can go into a comment";
    Json Breaks JSON_FIELD_TYPE:
        "a field has another form in JSON",
        "callers of HTTP/JSON send and read a form that does not fit",
        "keep the type, and add a field of another name";
    Json Breaks JSON_FIELD_CARDINALITY:
        "a field became a list or an object in JSON, or is none any more",
        "callers of HTTP/JSON send and read a form that does not fit",
        "keep the field, and add one of another name";
    Json Breaks JSON_ENUM_VALUE_REMOVED:
        "a value is gone and its name is free",
        "callers of HTTP/JSON that send the name are refused",
        "reserve it: `reserved \"NAME\";`";
    Json Breaks JSON_ENUM_VALUE_NAME:
        "a value is called something else in JSON",
        "callers of HTTP/JSON that send the old name are refused, and do not know the new one",
        "keep the name, or add the new one as an alias (`option allow_alias = true;`)";
    Json Breaks JSON_OPTIONS:
        "answers are written in another form of JSON",
        "callers of HTTP/JSON look for the old form",
        "keep what (bia.method) says of json";

    Http Breaks HTTP_BINDING_REMOVED:
        "a verb and path calls the method no more",
        "callers of HTTP get 404 or 405",
        "keep it as one of `additional_bindings`";
    Http Breaks HTTP_BODY:
        "another part of the request is the body",
        "callers of HTTP send a body that does not fit",
        "keep the body, and add a binding with another path";
    Http Breaks HTTP_RESPONSE_BODY:
        "another part of the reply is the body",
        "callers of HTTP read a body that does not fit",
        "keep the response_body, and add a binding with another path";
    Http Breaks HTTP_VARIABLE:
        "a part of the path goes into another field",
        "what callers of HTTP put there arrives as something else",
        "keep the variable's field";
    Http Breaks HTTP_CAPTURED:
        "a new path takes requests that went to another method",
        "callers of HTTP whose value is just that word reach the wrong method",
        "choose a path that no other fits: `:verb` at its end, or one more part";
    Http Breaks HTTP_EVENT_ID:
        "events of a stream have their ids from another field, or none",
        "pages that lose the stream cannot go on where they were",
        "keep (bia.event_id)";

    Errors Breaks ERROR_REASON_REMOVED:
        "a reason of errors is gone",
        "callers that go by the reason do not find it",
        "keep it; the service need not use it any more";
    Errors Breaks ERROR_CODE:
        "an error has another HTTP status",
        "callers of HTTP take it for something else, and may try again or give up wrongly",
        "keep the code, and add a reason";
    Errors Breaks ERROR_GRPC_CODE:
        "an error has another gRPC code",
        "callers take it for something else, and may try again or give up wrongly",
        "keep the code, and add a reason";
    Errors Breaks ERROR_DETAILS:
        "an error brings a detail no more",
        "callers that read the detail do not find it",
        "keep the detail";

    Rules Breaks RULE_TIGHTENED:
        "a rule became tighter",
        "callers are refused with 400 for what was taken until now",
        "keep the rule, or put the new one into a new method or field";
    Rules Breaks RULE_NEW_FIELD:
        "a new field must be set",
        "callers that do not know it yet are refused with 400",
        "let it be left out: `ignore: IGNORE_IF_ZERO_VALUE`, or no `required`";
    Rules Breaks RULE_LOOSENED_IN_ANSWERS:
        "a rule of a message that is only answered became looser",
        "callers get values that they were promised not to get",
        "keep the rule, and answer the new values in a new field";

    Options Breaks OPTION_IDEMPOTENCY:
        "a second try may do harm that did none",
        "callers that try again do things twice",
        "keep the method as it is, and add one of another name";
    Options Breaks OPTION_AUTH:
        "callers have to say who they are",
        "callers of nobody knows whom are refused with 401",
        "add a method that asks for it, or announce it first";
    Options Breaks OPTION_SCOPE:
        "callers have to be allowed more",
        "callers without the scope are refused with 403",
        "add a method that asks for it, or announce it first";
    Options Breaks OPTION_TIMEOUT:
        "calls may take less time",
        "calls that took longer end with DEADLINE_EXCEEDED",
        "keep the timeout";
    Options Notes OPTION_DEPRECATED:
        "something is deprecated",
        "nobody yet: builds that deny warnings stop at its use",
        "say in a comment what to use instead";

    Source Breaks SOURCE_PACKAGE:
        "the module of a file is another, as its package is",
        "Rust that names it does not compile",
        "keep the package, and make a new one beside it: shop.v2";
    Source Breaks SOURCE_MESSAGE_REMOVED:
        "a message is gone",
        "Rust that names it does not compile, and who finds it in an Any cannot read it",
        "keep it and say `option deprecated = true;`";
    Source Breaks SOURCE_ENUM_REMOVED:
        "an enum is gone",
        "Rust that names it does not compile",
        "keep it and say `option deprecated = true;`";
    Source Breaks SOURCE_FIELD_REMOVED:
        "a field is gone",
        "Rust that names it does not compile",
        "keep it and say `[deprecated = true]` for a while";
    Source Breaks SOURCE_FIELD_NAME:
        "a field is called something else",
        "Rust that names it does not compile",
        "keep the name";
    Source Breaks SOURCE_FIELD_TYPE:
        "a field has another type in Rust",
        "Rust that sets or reads it does not compile",
        "keep the type, and add a field";
    Source Breaks SOURCE_ONEOF:
        "a oneof is gone or is called something else",
        "Rust that names it does not compile",
        "keep its name";
    Source Breaks SOURCE_ENUM_VALUE:
        "a value of an enum is gone or is called something else",
        "Rust that names it does not compile",
        "keep its name";
}

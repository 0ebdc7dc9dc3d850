//! Options of methods, errors and fields: what is made of them and what is refused.
//!
//! What the code of right ones does, `codegen/fixture` shows.

use bia_codegen::{Compiler, Emit, Error, JsonDefaults, Model, Output};

use super::{Protos, ours, text};

const HEAD: &str = "syntax = \"proto3\";\npackage a;\nimport \"bia/options.proto\";\nimport \"errors/errors.proto\";\nmessage M {}\n";

/// What is said against a file with `text` behind the head, of five lines.
fn refusal(text: &str) -> String {
    Protos::new(&[("a.proto", &format!("{HEAD}{text}"))]).error(&["a.proto"])
}

#[test]
fn errors_that_cannot_be_told_are_refused_all_at_once_with_their_places() {
    let error = refusal(
        "enum MyError {
  option (bia.errors) = {code: 200};
  MY_ERROR_UNSPECIFIED = 0 [(bia.error) = {code: 500}];
  MY_FINE = 1 [(bia.error) = {grpc: NOT_FOUND}];
  MY_LOW = 2 [(errors.code) = 600];
  MY_TWO = 3 [(errors.code) = 404, (bia.error) = {code: 410}];
  MY_OPEN = 4 [(bia.error) = {code: 404 message: \"no {user\"}];
  MY_DETAIL = 5 [(bia.error) = {code: 404 details: \"a.Nothing\"}];
  MY_OURS = 6 [(bia.error) = {code: 404 details: [\"a.M\", \"google.rpc.Help\"]}];
  MY_DEFAULT = 7;
}
enum YourError {
  option (errors.default_code) = 500;
  ZERO = 0;
  YOUR_GONE = 1;
  GONE = 2;
}",
    );
    let expected = "\
a.proto:10:3: the code of MY_LOW is none of an error
  help: a code is an HTTP status of 400 to 599
a.proto:11:3: MY_TWO is 410 by (bia.error) and 404 by (errors.code)
  help: say its code once
a.proto:12:3: the message of MY_OPEN, \"no {user\", has a { without a }
  help: {id} stands for what the metadata calls id
a.proto:13:3: MY_DETAIL brings along a.Nothing, which is no message
  help: name a message by its full name, and import its file
a.proto:15:3: the code of MY_DEFAULT is none of an error
  help: a code is an HTTP status of 400 to 599
a.proto:21:3: GONE and YOUR_GONE are both the variant Gone in Rust
  help: rename one of them";
    assert_eq!(error, expected);
}

#[test]
fn rules_that_cannot_be_kept_are_refused_all_at_once_with_their_places() {
    let error = refusal(
        "enum OneError { ONE_ZERO = 0 [(errors.code) = 404]; BOTH = 1; }
message N { enum TwoError { TWO_ZERO = 0 [(errors.code) = 404]; BOTH = 1; } }
service S {
  rpc Time(M) returns (M) { option (bia.method) = {timeout: {seconds: -1}}; }
  rpc Idem(M) returns (M) {
    option idempotency_level = IDEMPOTENT;
    option (bia.method) = {idempotency: NO_SIDE_EFFECTS};
  }
  rpc Scopes(M) returns (M) { option (bia.method) = {auth: {scopes: \"x\"}}; }
  rpc Harm(M) returns (M) { option (bia.method) = {retry: {max_attempts: 3}}; }
  rpc Stream(M) returns (stream M) {
    option (bia.method) = {idempotency: IDEMPOTENT retry: {max_attempts: 3}};
  }
  rpc Often(M) returns (M) {
    option (bia.method) = {idempotency: IDEMPOTENT retry: {max_attempts: 6 max_backoff: {}}};
  }
  rpc Fails(M) returns (M) {
    option (bia.method) = {errors: [\"ONE_ZERO\", \"a.OneError.BOTH\", \"BOTH\", \"NONE\"]};
  }
}",
    );
    let expected = "\
a.proto:9:3: /a.S/Time has a timeout that is not above zero
  help: write it as {seconds: 2}
a.proto:10:3: /a.S/Idem says one thing by idempotency_level and another by (bia.method)
  help: say it once
a.proto:14:3: /a.S/Scopes names scopes of callers that need not say who they are
  help: add required: true
a.proto:15:3: /a.S/Harm cannot be tried again: it streams, or a second try may do harm
  help: leave retry out, or say of a method of one message each way that it is IDEMPOTENT or has NO_SIDE_EFFECTS
a.proto:16:3: /a.S/Stream cannot be tried again: it streams, or a second try may do harm
  help: leave retry out, or say of a method of one message each way that it is IDEMPOTENT or has NO_SIDE_EFFECTS
a.proto:19:3: /a.S/Often is tried 6 times by its retry
  help: max_attempts counts the first time too: 2 to 5
a.proto:19:3: /a.S/Often has a retry.max_backoff that is not above zero
  help: write it as {seconds: 2}
a.proto:22:3: /a.S/Fails fails with BOTH, which several enums have
  help: name a value of an enum of errors, Enum.VALUE if need be, and import its file
a.proto:22:3: /a.S/Fails fails with NONE, which is no error that is known here
  help: name a value of an enum of errors, Enum.VALUE if need be, and import its file";
    assert_eq!(error, expected);
}

#[test]
fn of_the_names_of_a_number_the_first_is_the_reason() {
    let proto = format!(
        "{HEAD}enum OldError {{
  option allow_alias = true;
  option (bia.errors) = {{code: 400}};
  OLD_GONE = 0;
  OLD_AWAY = 0 [(bia.error) = {{code: 404}}];
  OLD_LEFT = -1;
}}"
    );
    let files = Protos::new(&[("a.proto", &proto)]).generate(&["a.proto"]).expect("right");
    let code = text(&files, "a.rs").replace(char::is_whitespace, "");
    assert!(code.contains("Reason::new(\"OLD_GONE\",400u16"), "{code}");
    assert!(!code.contains("Reason::new(\"OLD_AWAY\""), "{code}");
}

#[test]
fn an_enum_without_codes_stays_as_it_is() {
    let proto = format!("{HEAD}enum UserError {{ USER_ZERO = 0; USER_GONE = 1; }}");
    let files = Protos::new(&[("a.proto", &proto)]).generate(&["a.proto"]).expect("right");
    let code = text(&files, "a.rs");
    assert!(code.contains("UserGone") && !code.contains("::bia::error::Reason"), "{code}");
}

#[test]
fn errors_and_hidden_fields_of_messages_alone_name_nothing_of_the_framework() {
    let files = ["errors", "reason", "shop"].map(|name| ours(&format!("shop/v1/{name}.proto")));
    let files = Compiler::new().files(files).services(false).prost("::prost", "::prost_types");
    let files = files.generate().expect("right");
    let code = text(&files, "shop.v1.rs");
    assert!(!code.contains("::bia::"), "{code}");
    assert!(code.contains("ItemNotFound = 1") && code.contains("format_args!(\"***\")"), "{code}");
}

/// Writes what the model says of JSON.
struct Json;

impl Emit for Json {
    fn emit(&self, model: &Model, output: &mut Output) -> Result<(), Error> {
        let services = model.packages.iter().flat_map(|package| &package.services);
        for method in services.flat_map(|service| &service.methods) {
            let json = &method.rules.json;
            let line = format!("{:?} {:?}", json.defaults, (json.proto_names, json.enum_numbers));
            output.add_file(format!("{}.txt", method.proto_name), line);
        }
        Ok(())
    }
}

#[test]
fn an_emitter_of_the_user_s_sees_how_messages_look_as_json() {
    let files = Compiler::new().file(ours("shop/v1/shop.proto")).emit(Json);
    let files = files.generate().expect("right");
    let omitted = Some(JsonDefaults::Omitted);
    let line = format!("{omitted:?} {:?}", (Some(true), Some(true)));
    assert_eq!(
        text(&files, "Buy.txt"),
        line,
        "what the service says holds where the method is silent"
    );
    assert_eq!(text(&files, "Plain.txt"), "None (None, Some(true))");
}

#[test]
fn descriptors_that_a_service_tells_say_the_same_as_its_protos() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/proto/user/v1/user.proto");
    let read = Compiler::new().file(file).model().expect("it is right");
    let told = Compiler::new().model_of(&read.pool, &["user/v1/user.proto"]);
    let told = told.expect("it is right as well");
    let said = |model: &bia_codegen::Model| {
        let services = model.packages.iter().flat_map(|package| &package.services);
        let methods = services.flat_map(|service| &service.methods);
        let said = methods.map(|method| {
            let http: Vec<_> = method.http.iter().map(|it| (&it.verb, &it.template.text)).collect();
            format!("{} {http:?} {:?} {:?}", method.operation, method.rules, method.idempotency)
        });
        said.collect::<Vec<_>>()
    };
    assert_eq!(said(&read).len(), 8);
    assert_eq!(said(&told), said(&read));
    let none = Compiler::new().model_of(&read.pool, &[]).expect("nothing is wanted");
    assert!(said(&none).is_empty());
}

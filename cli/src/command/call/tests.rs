use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use super::documents::Documents;
use super::*;

/// The user-service's own protos.
fn api() -> Api {
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/proto/user/v1/user.proto");
    Api::of_protos(&[proto.into()], &[]).expect("it is right")
}

fn kind(name: &str) -> MessageDescriptor {
    api().pool.get_message_by_name(name).expect("it is there")
}

#[test]
fn a_method_is_found_by_whatever_of_its_name_tells_it_from_others() {
    let api = api();
    for name in [
        "GetUser",
        "UserService/GetUser",
        "user.v1.UserService/GetUser",
        "/user.v1.UserService/GetUser",
        "user.v1.UserService.GetUser",
        "v1.UserService/GetUser",
    ] {
        assert_eq!(api.method(name).expect(name).name(), "GetUser");
    }
    for (name, meant) in [
        ("GetUsr", "user.v1.UserService/GetUser"),
        ("getuser", "user.v1.UserService/GetUser"),
        ("UsrService/GetUser", "user.v1.UserService/GetUser"),
        ("Service/GetUser", "user.v1.UserService/GetUser"),
        ("v1.UserService", "its methods are CreateUser"),
        ("Frobnicate", "there are: user.v1.UserService/CreateUser"),
    ] {
        let error = api.method(name).expect_err(name);
        assert_eq!(error.exit_code(), 2);
        assert!(error.hint().is_some_and(|hint| hint.contains(meant)), "{name}: {error:?}");
    }
}

#[test]
fn documents_are_cut_off_as_they_become_whole() {
    let mut documents = Documents::default();
    let mut got = Vec::new();
    let takes = kind("user.v1.GetUserRequest");
    for chunk in ["{\"id\":", " \"1\"}{\"id\"", ":\"2\"}\n\n", "[{\"id\":\"3\"},{\"id\":\"4\"}]"] {
        documents.push(chunk.as_bytes());
        while let Some(document) = documents.next(false).expect("it is right") {
            let messages = document.messages(&takes, true).expect("they are right");
            got.extend(messages.iter().map(|it| {
                it.get_field_by_name("id").expect("a field").as_str().map(str::to_owned)
            }));
        }
    }
    assert_eq!(got, ["1", "2", "3", "4"].map(|id| Some(id.to_owned())));
    assert!(documents.next(true).expect("nothing is left").is_none());
}

#[test]
fn a_mistake_in_a_request_is_told_with_its_place_and_what_was_meant() {
    let takes = kind("user.v1.CreateUserRequest");
    for (text, place, hint) in [
        ("{\"user\": {\"nmae\": 1}}", "line 1, column 16", Some("name")),
        ("{}\n{\"user\":\n {\"age\": \"x\"}}", "line 3, column 12", None),
        (
            "{}  {\"user\": {\"status\": \"ACTIVE\"}}",
            "line 1, column 32",
            Some("USER_STATUS_ACTIVE"),
        ),
        ("{\"user\": ", "line 1, column 9", None),
        ("{}\n  nonsense", "line 2, column 4", None),
        ("[{}]", "line 1, column 1", None),
        ("{\"email\": \"a@b\"}", "column 8", Some("`email` belongs into `user`")),
    ] {
        let mut documents = Documents::default();
        documents.push(text.as_bytes());
        let error = loop {
            match documents.next(true) {
                Ok(Some(document)) => match document.messages(&takes, false) {
                    Ok(_) => {}
                    Err(error) => break error,
                },
                Ok(None) => panic!("{text} is not right"),
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains(place), "{text}: {error}");
        assert_eq!(error.exit_code(), 2);
        if let Some(hint) = hint {
            assert!(error.hint().is_some_and(|told| told.contains(hint)), "{text}: {error:?}");
        }
    }
}

#[test]
fn the_example_of_every_message_is_one_that_can_be_sent() {
    let well_known = DescriptorPool::global();
    let pools = [api().pool, well_known];
    let messages = pools.iter().flat_map(DescriptorPool::all_messages);
    let mut tried = 0;
    for message in messages.filter(|message| !message.is_map_entry()) {
        let example = example::example(&message);
        let text = example.to_string();
        let mut reader = serde_json::Deserializer::from_str(&text);
        if let Err(error) = DynamicMessage::deserialize(message.clone(), &mut reader) {
            panic!("{}: {text}: {error}", message.full_name());
        }
        tried += 1;
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn headers_are_written_as_for_curl() {
    assert_eq!(header("X-Tenant:  a b "), Ok(("x-tenant".to_owned(), "a b".to_owned())));
    assert_eq!(header("a:"), Ok(("a".to_owned(), String::new())));
    for right in ["a-bin: AQID", "a-bin: AQ==", "a-bin: AQ", "a-bin: AQI=, AQID", "a-bin:"] {
        assert!(header(right).is_ok(), "{right}");
    }
    for wrong in ["a-bin: !!!", "a-bin: AQIDB", "a-bin: AR==", "a-bin: AQ=", "a-bin: A-_B"] {
        assert!(header(wrong).is_err_and(|it| it.contains("base64")), "{wrong}");
    }
    for wrong in ["x-tenant", ": a", "a b: c", "grpc-timeout: 1S", "a: é"] {
        assert!(header(wrong).is_err(), "{wrong}");
    }
}

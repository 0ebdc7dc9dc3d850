use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, OneofDescriptorProto,
    ServiceDescriptorProto,
};

use super::*;

fn name(name: &str) -> Option<String> {
    Some(name.to_owned())
}

fn field(field: &str, number: i32, extendee: Option<&str>) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: name(field),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(Type::String.into()),
        extendee: extendee.map(str::to_owned),
        ..FieldDescriptorProto::default()
    }
}

/// `a.proto` imports `b.proto`, which imports `c.proto`, which imports `b.proto` back.
fn files() -> Vec<FileDescriptorProto> {
    let user = DescriptorProto {
        name: name("User"),
        field: vec![field("email", 1, None)],
        oneof_decl: vec![OneofDescriptorProto { name: name("kind"), ..Default::default() }],
        nested_type: vec![DescriptorProto { name: name("Address"), ..Default::default() }],
        enum_type: vec![EnumDescriptorProto {
            name: name("Status"),
            value: vec![EnumValueDescriptorProto { name: name("ACTIVE"), ..Default::default() }],
            ..Default::default()
        }],
        extension: vec![field("inner", 101, Some(".b.Options"))],
        ..Default::default()
    };
    let service = ServiceDescriptorProto {
        name: name("Users"),
        method: vec![MethodDescriptorProto { name: name("Get"), ..Default::default() }],
        ..Default::default()
    };
    vec![
        FileDescriptorProto {
            name: name("c.proto"),
            dependency: vec!["b.proto".to_owned()],
            ..Default::default()
        },
        FileDescriptorProto {
            name: name("b.proto"),
            package: name("b"),
            dependency: vec!["c.proto".to_owned(), "missing.proto".to_owned()],
            message_type: vec![DescriptorProto { name: name("Options"), ..Default::default() }],
            ..Default::default()
        },
        FileDescriptorProto {
            name: name("a.proto"),
            package: name("a.v1"),
            dependency: vec!["b.proto".to_owned()],
            message_type: vec![user],
            service: vec![service],
            extension: vec![field("outer", 100, Some(".b.Options"))],
            ..Default::default()
        },
    ]
}

fn index() -> Index {
    let set = FileDescriptorSet { file: files() };
    let mut index = Index::default();
    index.add("a.v1.Users", Some(&set.encode_to_vec()));
    index.add("foreign.Service", None);
    // The same files again, as another service of the package brings them.
    index.add("a.v1.Users", Some(&set.encode_to_vec()));
    index
}

fn ask(index: &Index, request: MessageRequest, sent: &mut HashSet<usize>) -> MessageResponse {
    let request = ServerReflectionRequest { host: "h".to_owned(), message_request: Some(request) };
    let response = answer(index, request.clone(), sent);
    assert_eq!((response.valid_host.as_str(), response.original_request), ("h", Some(request)));
    response.message_response.unwrap()
}

fn names(response: MessageResponse) -> Vec<String> {
    let MessageResponse::FileDescriptorResponse(files) = response else { panic!("{response:?}") };
    let decode = |file: &Vec<u8>| FileDescriptorProto::decode(file.as_slice()).unwrap();
    files.file_descriptor_proto.iter().map(|file| decode(file).name().to_owned()).collect()
}

#[test]
fn every_name_that_a_file_defines_leads_to_it() {
    let index = index();
    for symbol in [
        "a.v1.Users",
        ".a.v1.Users",
        "a.v1.Users.Get",
        "a.v1.User",
        "a.v1.User.email",
        "a.v1.User.kind",
        "a.v1.User.Address",
        "a.v1.User.Status",
        "a.v1.User.ACTIVE",
        "a.v1.User.inner",
        "a.v1.outer",
    ] {
        let request = MessageRequest::FileContainingSymbol(symbol.to_owned());
        assert_eq!(names(ask(&index, request, &mut HashSet::new()))[0], "a.proto", "{symbol}");
    }
}

#[test]
fn a_file_comes_with_all_it_imports_once_in_a_stream() {
    let (index, mut sent) = (index(), HashSet::new());
    let by_name = |name: &str| MessageRequest::FileByFilename(name.to_owned());
    let first = names(ask(&index, by_name("a.proto"), &mut sent));
    assert_eq!(first, ["a.proto", "b.proto", "c.proto"]);
    assert_eq!(names(ask(&index, by_name("a.proto"), &mut sent)), ["a.proto"]);
    assert_eq!(names(ask(&index, by_name("b.proto"), &mut sent)), ["b.proto"]);
    assert_eq!(names(ask(&index, by_name("b.proto"), &mut HashSet::new())), ["b.proto", "c.proto"]);
}

#[test]
fn extensions_are_found_by_type_and_number() {
    let index = index();
    let numbers = |of: &str| {
        ask(&index, MessageRequest::AllExtensionNumbersOfType(of.to_owned()), &mut HashSet::new())
    };
    let expected = |of: &str, numbers: &[i32]| {
        MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
            base_type_name: of.to_owned(),
            extension_number: numbers.to_vec(),
        })
    };
    assert_eq!(numbers("b.Options"), expected("b.Options", &[100, 101]));
    assert_eq!(numbers("a.v1.User"), expected("a.v1.User", &[]));
    let extension = |number| {
        let request = crate::pb::grpc::reflection::v1::ExtensionRequest {
            containing_type: "b.Options".to_owned(),
            extension_number: number,
        };
        ask(&index, MessageRequest::FileContainingExtension(request), &mut HashSet::new())
    };
    assert_eq!(names(extension(100))[0], "a.proto");
    assert!(matches!(extension(99), MessageResponse::ErrorResponse(_)));
}

#[test]
fn what_is_not_there_is_told_in_the_stream() {
    let index = index();
    let table = [
        (MessageRequest::FileByFilename("x.proto".to_owned()), "there is no file x.proto here"),
        (MessageRequest::FileContainingSymbol("x.Y".to_owned()), "there is no symbol x.Y here"),
        (
            MessageRequest::AllExtensionNumbersOfType("x.Y".to_owned()),
            "there is no message x.Y here",
        ),
    ];
    for (request, message) in table {
        let expected = ErrorResponse { error_code: 5, error_message: message.to_owned() };
        let answer = ask(&index, request, &mut HashSet::new());
        assert_eq!(answer, MessageResponse::ErrorResponse(expected));
    }
    let nothing = answer(&index, ServerReflectionRequest::default(), &mut HashSet::new());
    let Some(MessageResponse::ErrorResponse(error)) = nothing.message_response else {
        panic!("{nothing:?}")
    };
    assert_eq!(error.error_code, 3);
}

#[test]
fn every_mounted_service_is_listed_also_one_without_descriptors() {
    let listed = ask(&index(), MessageRequest::ListServices(String::new()), &mut HashSet::new());
    let MessageResponse::ListServicesResponse(listed) = listed else { panic!("{listed:?}") };
    let listed: Vec<_> = listed.service.iter().map(|service| service.name.as_str()).collect();
    assert_eq!(listed, ["a.v1.Users", "foreign.Service"]);
}

#[test]
fn options_that_are_not_known_here_stay_in_the_files() {
    let mut file = files().remove(0).encode_to_vec();
    // Field 8 is the file's options, and 72295728 an option that nobody here knows.
    let options = [0x82, 0xd3, 0xe4, 0x93, 0x02, 0x01, b'x'];
    file.extend([0x42, u8::try_from(options.len()).unwrap()]);
    file.extend(options);
    let set = EncodedFiles { file: vec![file.clone()] };
    let mut index = Index::default();
    index.add("x.X", Some(&set.encode_to_vec()));
    let place = index.file("c.proto").unwrap();
    assert_eq!(index.with_dependencies(place, &mut HashSet::new()), [file]);
}

#[derive(Clone, PartialEq, Message)]
#[prost(prost_path = "::prost")]
struct EncodedFiles {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

#[test]
fn the_two_versions_carry_the_same_bytes() {
    let request = ServerReflectionRequest {
        host: "h".to_owned(),
        message_request: Some(MessageRequest::FileContainingSymbol("a.B".to_owned())),
    };
    let alpha: v1alpha::ServerReflectionRequest = recast(&request).unwrap();
    assert_eq!(recast::<ServerReflectionRequest>(&alpha).unwrap(), request);
}

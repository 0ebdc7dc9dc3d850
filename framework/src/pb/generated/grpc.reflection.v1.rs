/// The message sent by the client when calling ServerReflectionInfo method.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct ServerReflectionRequest {
    #[prost(string, tag = "1")]
    pub host: ::prost::alloc::string::String,
    /// To use reflection service, the client should set one of the following
    /// fields in message_request. The server distinguishes requests by their
    /// defined field and then handles them using corresponding methods.
    #[prost(oneof = "server_reflection_request::MessageRequest", tags = "3, 4, 5, 6, 7")]
    pub message_request: ::core::option::Option<
        server_reflection_request::MessageRequest,
    >,
}
/// Nested message and enum types in `ServerReflectionRequest`.
pub mod server_reflection_request {
    /// To use reflection service, the client should set one of the following
    /// fields in message_request. The server distinguishes requests by their
    /// defined field and then handles them using corresponding methods.
    #[derive(Clone, PartialEq, Eq, Hash, ::prost::Oneof)]
    #[prost(prost_path = "::prost")]
    pub enum MessageRequest {
        /// Find a proto file by the file name.
        #[prost(string, tag = "3")]
        FileByFilename(::prost::alloc::string::String),
        /// Find the proto file that declares the given fully-qualified symbol name.
        /// This field should be a fully-qualified symbol name
        /// (e.g. <package>.<service>\[.<method>\] or <package>.<type>).
        #[prost(string, tag = "4")]
        FileContainingSymbol(::prost::alloc::string::String),
        /// Find the proto file which defines an extension extending the given
        /// message type with the given field number.
        #[prost(message, tag = "5")]
        FileContainingExtension(super::ExtensionRequest),
        /// Finds the tag numbers used by all known extensions of the given message
        /// type, and appends them to ExtensionNumberResponse in an undefined order.
        /// Its corresponding method is best-effort: it's not guaranteed that the
        /// reflection service will implement this method, and it's not guaranteed
        /// that this method will provide all extensions. Returns
        /// StatusCode::UNIMPLEMENTED if it's not implemented.
        /// This field should be a fully-qualified type name. The format is
        /// <package>.<type>
        #[prost(string, tag = "6")]
        AllExtensionNumbersOfType(::prost::alloc::string::String),
        /// List the full names of registered services. The content will not be
        /// checked.
        #[prost(string, tag = "7")]
        ListServices(::prost::alloc::string::String),
    }
}
impl ::prost::Name for ServerReflectionRequest {
    const NAME: &'static str = "ServerReflectionRequest";
    const PACKAGE: &'static str = "grpc.reflection.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.reflection.v1.ServerReflectionRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.reflection.v1.ServerReflectionRequest".into()
    }
}
/// The type name and extension number sent by the client when requesting
/// file_containing_extension.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct ExtensionRequest {
    /// Fully-qualified type name. The format should be <package>.<type>
    #[prost(string, tag = "1")]
    pub containing_type: ::prost::alloc::string::String,
    #[prost(int32, tag = "2")]
    pub extension_number: i32,
}
impl ::prost::Name for ExtensionRequest {
    const NAME: &'static str = "ExtensionRequest";
    const PACKAGE: &'static str = "grpc.reflection.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.reflection.v1.ExtensionRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.reflection.v1.ExtensionRequest".into()
    }
}
/// The message sent by the server to answer ServerReflectionInfo method.
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct ServerReflectionResponse {
    #[prost(string, tag = "1")]
    pub valid_host: ::prost::alloc::string::String,
    #[prost(message, optional, tag = "2")]
    pub original_request: ::core::option::Option<ServerReflectionRequest>,
    /// The server sets one of the following fields according to the message_request
    /// in the request.
    #[prost(oneof = "server_reflection_response::MessageResponse", tags = "4, 5, 6, 7")]
    pub message_response: ::core::option::Option<
        server_reflection_response::MessageResponse,
    >,
}
/// Nested message and enum types in `ServerReflectionResponse`.
pub mod server_reflection_response {
    /// The server sets one of the following fields according to the message_request
    /// in the request.
    #[derive(Clone, PartialEq, ::prost::Oneof)]
    #[prost(prost_path = "::prost")]
    pub enum MessageResponse {
        /// This message is used to answer file_by_filename, file_containing_symbol,
        /// file_containing_extension requests with transitive dependencies.
        /// As the repeated label is not allowed in oneof fields, we use a
        /// FileDescriptorResponse message to encapsulate the repeated fields.
        /// The reflection service is allowed to avoid sending FileDescriptorProtos
        /// that were previously sent in response to earlier requests in the stream.
        #[prost(message, tag = "4")]
        FileDescriptorResponse(super::FileDescriptorResponse),
        /// This message is used to answer all_extension_numbers_of_type requests.
        #[prost(message, tag = "5")]
        AllExtensionNumbersResponse(super::ExtensionNumberResponse),
        /// This message is used to answer list_services requests.
        #[prost(message, tag = "6")]
        ListServicesResponse(super::ListServiceResponse),
        /// This message is used when an error occurs.
        #[prost(message, tag = "7")]
        ErrorResponse(super::ErrorResponse),
    }
}
impl ::prost::Name for ServerReflectionResponse {
    const NAME: &'static str = "ServerReflectionResponse";
    const PACKAGE: &'static str = "grpc.reflection.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.reflection.v1.ServerReflectionResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.reflection.v1.ServerReflectionResponse".into()
    }
}
/// Serialized FileDescriptorProto messages sent by the server answering
/// a file_by_filename, file_containing_symbol, or file_containing_extension
/// request.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct FileDescriptorResponse {
    /// Serialized FileDescriptorProto messages. We avoid taking a dependency on
    /// descriptor.proto, which uses proto2 only features, by making them opaque
    /// bytes instead.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub file_descriptor_proto: ::prost::alloc::vec::Vec<::prost::alloc::vec::Vec<u8>>,
}
impl ::prost::Name for FileDescriptorResponse {
    const NAME: &'static str = "FileDescriptorResponse";
    const PACKAGE: &'static str = "grpc.reflection.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.reflection.v1.FileDescriptorResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.reflection.v1.FileDescriptorResponse".into()
    }
}
/// A list of extension numbers sent by the server answering
/// all_extension_numbers_of_type request.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct ExtensionNumberResponse {
    /// Full name of the base type, including the package name. The format
    /// is <package>.<type>
    #[prost(string, tag = "1")]
    pub base_type_name: ::prost::alloc::string::String,
    #[prost(int32, repeated, tag = "2")]
    pub extension_number: ::prost::alloc::vec::Vec<i32>,
}
impl ::prost::Name for ExtensionNumberResponse {
    const NAME: &'static str = "ExtensionNumberResponse";
    const PACKAGE: &'static str = "grpc.reflection.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.reflection.v1.ExtensionNumberResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.reflection.v1.ExtensionNumberResponse".into()
    }
}
/// A list of ServiceResponse sent by the server answering list_services request.
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct ListServiceResponse {
    /// The information of each service may be expanded in the future, so we use
    /// ServiceResponse message to encapsulate it.
    #[prost(message, repeated, tag = "1")]
    pub service: ::prost::alloc::vec::Vec<ServiceResponse>,
}
impl ::prost::Name for ListServiceResponse {
    const NAME: &'static str = "ListServiceResponse";
    const PACKAGE: &'static str = "grpc.reflection.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.reflection.v1.ListServiceResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.reflection.v1.ListServiceResponse".into()
    }
}
/// The information of a single service used by ListServiceResponse to answer
/// list_services request.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct ServiceResponse {
    /// Full name of a registered service, including its package name. The format
    /// is <package>.<service>
    #[prost(string, tag = "1")]
    pub name: ::prost::alloc::string::String,
}
impl ::prost::Name for ServiceResponse {
    const NAME: &'static str = "ServiceResponse";
    const PACKAGE: &'static str = "grpc.reflection.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.reflection.v1.ServiceResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.reflection.v1.ServiceResponse".into()
    }
}
/// The error code and error message sent by the server when an error occurs.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct ErrorResponse {
    /// This field uses the error codes defined in grpc::StatusCode.
    #[prost(int32, tag = "1")]
    pub error_code: i32,
    #[prost(string, tag = "2")]
    pub error_message: ::prost::alloc::string::String,
}
impl ::prost::Name for ErrorResponse {
    const NAME: &'static str = "ErrorResponse";
    const PACKAGE: &'static str = "grpc.reflection.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.reflection.v1.ErrorResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.reflection.v1.ErrorResponse".into()
    }
}

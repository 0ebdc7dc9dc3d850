#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    pub service: ::prost::alloc::string::String,
}
impl ::prost::Name for HealthCheckRequest {
    const NAME: &'static str = "HealthCheckRequest";
    const PACKAGE: &'static str = "grpc.health.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.health.v1.HealthCheckRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.health.v1.HealthCheckRequest".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct HealthCheckResponse {
    #[prost(enumeration = "health_check_response::ServingStatus", tag = "1")]
    pub status: i32,
}
/// Nested message and enum types in `HealthCheckResponse`.
pub mod health_check_response {
    #[derive(
        Clone,
        Copy,
        Debug,
        PartialEq,
        Eq,
        Hash,
        PartialOrd,
        Ord,
        ::prost::Enumeration
    )]
    #[prost(prost_path = "::prost")]
    #[repr(i32)]
    pub enum ServingStatus {
        Unknown = 0,
        Serving = 1,
        NotServing = 2,
        /// Used only by the Watch method.
        ServiceUnknown = 3,
    }
    impl ServingStatus {
        /// String value of the enum field names used in the ProtoBuf definition.
        ///
        /// The values are not transformed in any way and thus are considered stable
        /// (if the ProtoBuf definition does not change) and safe for programmatic use.
        pub fn as_str_name(&self) -> &'static str {
            match self {
                Self::Unknown => "UNKNOWN",
                Self::Serving => "SERVING",
                Self::NotServing => "NOT_SERVING",
                Self::ServiceUnknown => "SERVICE_UNKNOWN",
            }
        }
        /// Creates an enum from field names used in the ProtoBuf definition.
        pub fn from_str_name(value: &str) -> ::core::option::Option<Self> {
            match value {
                "UNKNOWN" => Some(Self::Unknown),
                "SERVING" => Some(Self::Serving),
                "NOT_SERVING" => Some(Self::NotServing),
                "SERVICE_UNKNOWN" => Some(Self::ServiceUnknown),
                _ => None,
            }
        }
    }
}
impl ::prost::Name for HealthCheckResponse {
    const NAME: &'static str = "HealthCheckResponse";
    const PACKAGE: &'static str = "grpc.health.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.health.v1.HealthCheckResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.health.v1.HealthCheckResponse".into()
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct HealthListRequest {}
impl ::prost::Name for HealthListRequest {
    const NAME: &'static str = "HealthListRequest";
    const PACKAGE: &'static str = "grpc.health.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.health.v1.HealthListRequest".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.health.v1.HealthListRequest".into()
    }
}
#[derive(Clone, PartialEq, ::prost::Message)]
#[prost(prost_path = "::prost")]
pub struct HealthListResponse {
    /// statuses contains all the services and their respective status.
    #[prost(map = "string, message", tag = "1")]
    pub statuses: ::std::collections::HashMap<
        ::prost::alloc::string::String,
        HealthCheckResponse,
    >,
}
impl ::prost::Name for HealthListResponse {
    const NAME: &'static str = "HealthListResponse";
    const PACKAGE: &'static str = "grpc.health.v1";
    fn full_name() -> ::prost::alloc::string::String {
        "grpc.health.v1.HealthListResponse".into()
    }
    fn type_url() -> ::prost::alloc::string::String {
        "type.googleapis.com/grpc.health.v1.HealthListResponse".into()
    }
}

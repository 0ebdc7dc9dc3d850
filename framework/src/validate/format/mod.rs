//! The formats that a text may have to be of, as protovalidate defines them. None allocates.

mod host;
mod text;
mod uri;

pub(super) use host::{Version, is_email, is_host_and_port, is_hostname, is_ip, is_ip_prefix};
pub(super) use text::{
    is_header_name, is_header_value, is_protobuf_name, is_trimmed_uuid, is_ulid, is_uuid,
};
pub(super) use uri::{is_uri, is_uri_reference};

#[cfg(test)]
mod tests;

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Version};

use crate::error::{Error, Result};

use super::multipart;

/// How the body of a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing is said, which is right where there is no body.
    Unsaid,
    /// protobuf's JSON.
    Json,
    /// protobuf.
    Proto,
    /// Pairs, as a form of a browser sends them.
    Form,
    /// Parts, as a form of a browser sends them that has files.
    Multipart,
}

impl Content {
    /// What `content-type` says. As in Kratos what stands before the `/` does not matter, and
    /// unlike there neither does the case.
    ///
    /// # Errors
    ///
    /// What is not read here.
    pub(super) fn of(headers: &HeaderMap, version: Version) -> Result<Self> {
        let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(Self::Unsaid) };
        let text = value.to_str().unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim();
        let Some((_, subtype)) = essence.split_once('/') else { return Err(unsupported(value)) };
        let is = |name: &str| subtype.eq_ignore_ascii_case(name);
        if is("json") || is("protojson") || is("x-ndjson") {
            return Ok(Self::Json);
        }
        if is("proto") || is("x-protobuf") || is("protobuf") {
            return Ok(Self::Proto);
        }
        if is("x-www-form-urlencoded") {
            return Ok(Self::Form);
        }
        if multipart::is_form(value) {
            return Ok(Self::Multipart);
        }
        let is_grpc = subtype.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("grpc"));
        if is_grpc && version != Version::HTTP_2 && !subtype.contains("web") {
            return Err(Error::new(
                505,
                "HTTP_VERSION_UNSUPPORTED",
                "gRPC needs HTTP/2; this came by HTTP/1",
            ));
        }
        Err(unsupported(value))
    }
}

fn unsupported(value: &HeaderValue) -> Error {
    Error::new(
        415,
        "CONTENT_TYPE_UNSUPPORTED",
        format!(
            "content-type {} is not read here; send application/json, application/proto or \
             application/x-www-form-urlencoded",
            String::from_utf8_lossy(value.as_bytes())
        ),
    )
}

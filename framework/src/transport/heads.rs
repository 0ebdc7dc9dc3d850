//! Refuses a request by its head, before any layer sees it.

use http::header::HOST;
use http::{Method, Request, Response, Version};

use crate::body::Body;
use crate::context::Face;
use crate::error::{Code, Error};
use crate::media::Media;
use crate::wire::respond::{self, Telling};

use super::pipeline;
use super::settings::HeaderSettings;

/// How many times larger a head may be than the limit before it is refused without being understood.
///
/// Within it a caller is told in the words of its protocol what was wrong.
pub(super) const UNDERSTOOD: u32 = 4;

/// What a head may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads {
    count: usize,
    size: usize,
}

impl Heads {
    pub(super) fn new(settings: &HeaderSettings) -> Self {
        Self {
            count: settings.max_count,
            size: usize::try_from(settings.max_size).unwrap_or(usize::MAX),
        }
    }

    /// The answer to a request whose head cannot be taken.
    pub(super) fn refuse<B>(self, request: &Request<B>) -> Option<Response<Body>> {
        // A tunnel is opened by a 200, which is what every answer of gRPC is.
        if request.method() == Method::CONNECT {
            let error = Error::new(405, "METHOD_NOT_ALLOWED", "there are no tunnels here");
            return Some(respond::error(Telling::Http(Media::Json), &error));
        }
        let error = self.check(request)?;
        let (face, web) = pipeline::face(request);
        let telling = match face {
            Face::Grpc | Face::GrpcWeb => Telling::Grpc,
            Face::Http | Face::WebSocket => Telling::Http(Media::Json),
        };
        let response = respond::error(telling, &error);
        Some(match web {
            Some(web) => web.wrapped(response),
            None => response,
        })
    }

    fn check<B>(self, request: &Request<B>) -> Option<Error> {
        let headers = request.headers();
        if headers.len() > self.count {
            let (count, limit) = (headers.len(), self.count);
            return Some(too_large(format!("{count} headers are more than the {limit} allowed")));
        }
        // RFC 9113 §6.5.2: what each costs beside its bytes.
        let size: usize =
            headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
        if size > self.size {
            let limit = self.size;
            return Some(too_large(format!(
                "{size} bytes of headers are more than the {limit} allowed"
            )));
        }
        // RFC 9112 §3.2.
        if request.version() == Version::HTTP_11 && headers.get_all(HOST).iter().count() != 1 {
            return Some(Error::bad_request(
                "HOST_MISSING",
                "an HTTP/1.1 request has one Host header",
            ));
        }
        None
    }
}

/// 431 on HTTP, `RESOURCE_EXHAUSTED` on gRPC.
fn too_large(message: String) -> Error {
    Error::from_grpc(Code::ResourceExhausted, "HEADERS_TOO_LARGE", message).with_code(431)
}

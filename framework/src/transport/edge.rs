use std::convert::Infallible;

use http::header::{CONTENT_LENGTH, HeaderValue, VARY};
use http::{Method, Request, Response};
use http_body::Body as _;

use crate::body::Body;
use crate::config::Live;
use crate::context::Face;
use crate::error::Result;
use crate::wire::web::Web;

use super::cors::{Cors, Granted};

/// What is done to an answer when all layers are done with it.
#[derive(Debug, Default)]
pub(super) struct Edge {
    web: Option<Web>,
    /// Only the head is asked for.
    head: bool,
    /// Some pages are told what others are not. So is whoever says no page, or a cache would keep what
    /// it was answered for those who may call.
    by_origin: bool,
    cors: Option<Box<Granted>>,
}

impl Edge {
    pub(super) fn of(
        request: &Request<Body>,
        face: Face,
        web: Option<Web>,
        cors: &Live<Cors>,
    ) -> Self {
        if face == Face::Grpc {
            return Self::default();
        }
        let cors = cors.get();
        let by_origin = cors.is_on();
        let granted = if by_origin { cors.grant(request).map(Box::new) } else { None };
        Self { web, head: request.method() == Method::HEAD, by_origin, cors: granted }
    }

    /// Whether a browser asks what a page may do: nobody else is asked.
    pub(super) fn is_preflight(&self) -> bool {
        self.cors.as_ref().is_some_and(|granted| granted.is_preflight)
    }

    pub(super) fn finish(self, outcome: Result<Response<Body>, Infallible>) -> Response<Body> {
        let response = match outcome {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let mut response = match self.web {
            Some(web) => web.wrapped(response),
            None => response,
        };
        if self.by_origin {
            response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
        }
        if let Some(granted) = self.cors {
            granted.tell(response.headers_mut());
        }
        if self.head {
            if let Some(length) = response.body().size_hint().exact() {
                response.headers_mut().insert(CONTENT_LENGTH, length.into());
            }
            *response.body_mut() = Body::empty();
        }
        response
    }
}

use http::Method;
use http::uri::PathAndQuery;

use crate::media::Media;

/// What is known of a call over HTTP before anything but its head is read.
#[derive(Clone, Debug)]
pub(crate) struct HttpCall {
    pub(crate) method: Method,
    /// As it was asked for: layers of users may change that of the request.
    pub(crate) path: Option<PathAndQuery>,
    /// The template that the path is of.
    pub(crate) template: Option<&'static str>,
    /// The place of the binding among those of the server.
    pub(crate) binding: Option<usize>,
    /// How it is answered; none if the caller reads nothing that we write.
    pub(crate) media: Option<Media>,
    /// Whether a browser asks for a page whether it may call; who may is settled.
    pub(crate) is_preflight: bool,
}

impl HttpCall {
    pub(crate) fn path(&self) -> &str {
        self.path.as_ref().map_or("", PathAndQuery::path)
    }
}

//! What only the faces of HTTP answer.

use super::{By, Entry, entry};

pub(super) const ENTRIES: &[Entry] = &[
    entry(
        "PATH_UNKNOWN",
        &[404],
        By::Caller,
        "There is nothing at that path, on the port for calls or on the admin port.",
        "see /docs and /openapi.json, or `bia routes`, for what there is; the admin pages are on `admin.address`",
    ),
    entry(
        "METHOD_NOT_ALLOWED",
        &[405],
        By::Caller,
        "The path is there under another HTTP method; the header `allow` names those.",
        "use one of the methods of `allow`; a gRPC call is a POST",
    ),
    entry(
        "CONTENT_TYPE_UNSUPPORTED",
        &[415],
        By::Caller,
        "The body comes in a content type that is not read here, or without one.",
        "send `content-type: application/json`, or what the text names",
    ),
    entry(
        "CONTENT_ENCODING_UNSUPPORTED",
        &[415],
        By::Caller,
        "The body is compressed in a way that is not read here, or is a stream, which is read as it comes; `accept-encoding` of the answer says what is read.",
        "send it uncompressed, or in one of those encodings",
    ),
    entry(
        "NOT_ACCEPTABLE",
        &[406],
        By::Caller,
        "The caller's `accept` names nothing that this answer can be written as.",
        "accept application/json, or what the text names",
    ),
    entry(
        "BODY_TOO_LARGE",
        &[413],
        By::Caller,
        "The body is larger than the service reads, also once it is unpacked.",
        "send less, or raise the limit: `server.max_message_size`",
    ),
    entry(
        "BODY_INVALID",
        &[400],
        By::Caller,
        "The body of a grpc-web-text call is not base64.",
        "use a gRPC-Web client; check that no proxy changes the body",
    ),
    entry(
        "HTTP_VERSION_UNSUPPORTED",
        &[505],
        By::Caller,
        "A gRPC call came by HTTP/1, which cannot carry its trailers.",
        "speak HTTP/2 (h2c without TLS), or call as gRPC-Web or HTTP/JSON",
    ),
    entry(
        "WEBSOCKET_INVALID",
        &[400, 426],
        By::Caller,
        "A WebSocket was asked for, or spoken, in a way that the protocol does not have.",
        "use a WebSocket client of version 13; texts are JSON messages of the method",
    ),
    entry(
        "WEBSOCKET_UNSUITED",
        &[400],
        By::Caller,
        "A WebSocket was asked for where no method streams.",
        "call it by a plain request; `bia routes` and /openapi.json show which methods stream",
    ),
    entry(
        "ORIGIN_FORBIDDEN",
        &[403],
        By::Operator,
        "A page of another site asked for a WebSocket.",
        "name the site in `server.cors.origins`, if its pages are to call",
    ),
    entry(
        "BINDING_TWICE",
        &[500],
        By::Author,
        "Two methods that are served have HTTP rules that a caller cannot tell apart. The app does not start.",
        "change one of the two `google.api.http` rules that the text names, or serve them in processes of their own",
    ),
];

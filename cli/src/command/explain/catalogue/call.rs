//! What a call is answered with, on every face.

use bia::Code;

use super::{By, Entry, entry};

pub(super) const ENTRIES: &[Entry] = &[
    entry(
        "UNKNOWN",
        &[500],
        By::Author,
        "The service failed and gave it no name: a panic, or an error of another library that a handler passed on with `?`. The cause is in the service's log and never leaves the process.",
        "find the call in the log by its trace; give the failure a reason of the proto where callers can do something about it",
    ),
    entry(
        "VALIDATOR",
        &[400],
        By::Caller,
        "The request breaks rules of its proto (`buf.validate`). The details name every field with the rule and what is expected.",
        "correct the fields that the details name; the rules stand in the proto and in /openapi.json",
    ),
    entry(
        "CODEC",
        &[400, 500],
        By::Caller,
        "The request cannot be read: its body, path, query or form is not what the method takes. With 500 it is the answer that cannot be written as JSON, which is the service's fault.",
        "send what the message of the method says; the text names the place and the field",
    ),
    entry(
        "OPERATION_UNKNOWN",
        &[501],
        By::Caller,
        "The service has no method of that name: another version of the proto, or another service.",
        "look at the methods with `bia routes` or by reflection; check that the call goes to the right service",
    ),
    entry(
        "SERVICE_UNKNOWN",
        &[404],
        By::Caller,
        "The health of a service was asked for that this process does not serve.",
        "ask for the full name, `user.v1.UserService`, or for the empty one: the process as a whole",
    ),
    entry(
        "FORBIDDEN",
        &[403],
        By::Caller,
        "The caller is known and lacks the scope that the operation asks for; the metadata names it.",
        "have the scope given to the caller, or change `auth.scopes` of the method or of `operations.<name>.auth`",
    ),
    entry(
        "AUTHENTICATOR_MISSING",
        &[500],
        By::Author,
        "The proto asks who calls, and the app has nobody who could tell.",
        "give the app an authenticator (`App::authenticator`), or open the operation: `operations.\"<name>\".auth: open`",
    ),
    entry(
        "DEADLINE_EXCEEDED",
        &[504],
        By::Author,
        "The time that the call was given was over: its caller's, `server.timeout`, or the method's own. A client says it too if no instance was ready in time.",
        "see in the trace where the time went; give it longer (timeout of the method, `client.timeout`, `server.timeout`) only if the work needs it",
    ),
    entry(
        "STREAM_IDLE",
        &[504],
        By::Author,
        "Nothing moved on a stream, in either direction, for `server.stream_idle_timeout` or the client's.",
        "send something now and then on a stream that may be silent for long, or raise the limit",
    ),
    entry(
        "CANCELLED",
        &[499],
        By::Caller,
        "The caller went away before the answer was there.",
        "nothing, if callers may give up; if they should not, their deadlines are too short",
    ),
    entry(
        "MESSAGE_TOO_LARGE",
        &[429],
        By::Caller,
        "A message is larger than what one side reads or writes: 4 MiB, unless settings say otherwise. gRPC knows it as RESOURCE_EXHAUSTED.",
        "send less at once (pages, a stream), or raise `server.max_message_size` or that of the client",
    ),
    entry(
        "MESSAGE_INVALID",
        &[500],
        By::Caller,
        "What came is no gRPC message: not protobuf of the method's type, not the compression it claims, or no gRPC at all.",
        "use a client made from the same proto; check that no proxy changes the body",
    ),
    entry(
        "MESSAGE_MISSING",
        &[500],
        By::Caller,
        "A call that takes or answers one message ended without it.",
        "check the client, or the peer's implementation: a unary method always has one message each way",
    ),
    entry(
        "MESSAGE_SUPERFLUOUS",
        &[500],
        By::Caller,
        "More than one message came where one goes.",
        "make the method a stream in the proto, or send one message",
    ),
    entry(
        "MESSAGE_TRUNCATED",
        &[500],
        By::Network,
        "A stream ended in the middle of a message.",
        "look for a proxy that cuts bodies, or for a peer that died while it wrote",
    ),
    entry(
        "STATUS_MISSING",
        &[503, 500],
        By::Network,
        "A call ended without saying how: no `grpc-status` came. A proxy that drops trailers does that, and a server that died.",
        "check that what lies between speaks HTTP/2 to both sides and passes trailers on",
    ),
    entry(
        "ENCODING_UNSUPPORTED",
        &[501],
        By::Caller,
        "Messages are compressed in a way that this side does not read; `grpc-accept-encoding` says what it reads.",
        "compress with gzip or not at all",
    ),
    entry(
        "CODEC_UNSUPPORTED",
        &[501],
        By::Caller,
        "The content type asks for a coding of messages other than protobuf and JSON.",
        "send application/grpc, application/grpc+proto or application/grpc+json",
    ),
    Entry {
        other: Some(Code::ResourceExhausted),
        ..entry(
            "HEADERS_TOO_LARGE",
            &[431],
            By::Caller,
            "The headers of the request are larger, or more, than the service takes.",
            "send less metadata (cookies, baggage, long tokens), or raise the limits under `server.headers`",
        )
    },
    entry(
        "HOST_MISSING",
        &[400],
        By::Caller,
        "An HTTP/1.1 request came without a Host header, or with two.",
        "use an HTTP client that follows RFC 9112",
    ),
    entry(
        "CONNECTION_LOST",
        &[503],
        By::Network,
        "The connection broke while a call was on it. Whether the call was processed is not known, so it is sent again only if its method allows that.",
        "look at the instance it names: a crash, a kill for memory, a network that cut it off; let methods that may be repeated say so in the proto",
    ),
];

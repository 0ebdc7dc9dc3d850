//! What a channel says of calls that it could not make, or that broke.

use bia::Code;

use super::{By, Entry, entry};

pub(super) const ENTRIES: &[Entry] = &[
    entry(
        "NODE_NOT_FOUND",
        &[503],
        By::Operator,
        "Nobody can be called: the registry has no instance of that service, none that serves, only such in lanes that the call is not in, or cannot be asked. The text says which.",
        "`bia services` shows who is there; /registry on the caller's admin port shows whom its channels see",
    ),
    entry(
        "CONNECT_FAILED",
        &[503],
        By::Network,
        "An instance is in the registry and cannot be connected to: it refuses, does not answer, or speaks something else.",
        "check what it advertises (`server.advertise`) against what can be reached from the caller, and TLS on both sides",
    ),
    entry(
        "CONNECTION_GOING",
        &[503],
        By::Network,
        "The other side closed the connection in order, as soon as it was made: it is about to stop. The call goes to another instance.",
        "nothing, unless it lasts",
    ),
    Entry {
        other: Some(Code::Internal),
        ..entry(
            "STREAM_RESET",
            &[500],
            By::Network,
            "One side ended the stream of the call without a status; the text says who and with which code of HTTP/2. By that code it is UNAVAILABLE, CANCELLED, RESOURCE_EXHAUSTED or PERMISSION_DENIED instead.",
            "look at the log of the side that it names; REFUSED_STREAM and ENHANCE_YOUR_CALM mean too many calls at once",
        )
    },
    entry(
        "HEALTH_ENDED",
        &[503],
        By::Network,
        "An instance ended the watch of its health. It is connected to anew.",
        "nothing, unless it lasts: then switch `client.health_check` off for a service that has no health",
    ),
    Entry {
        other: Some(Code::Unknown),
        ..entry(
            "NOT_GRPC",
            &[500],
            By::Network,
            "Something answered that does not speak gRPC, mostly a proxy with a page of its own. The gRPC code is the one that gRPC has for its HTTP status, 503 being UNAVAILABLE.",
            "check the address; let the proxy pass gRPC through",
        )
    },
    entry(
        "ANSWER_UNREADABLE",
        &[500],
        By::Network,
        "A service that is called over HTTP answered what is not JSON of the method's message.",
        "compare the proto of the caller with what the service answers",
    ),
    entry(
        "REQUEST_UNTELLABLE",
        &[400],
        By::Caller,
        "The request cannot be written as the HTTP rule of the method wants it: a part of the path is empty or of the wrong form.",
        "fill in the field that the text names",
    ),
    entry(
        "PROTOCOL_UNSUITED",
        &[501],
        By::Author,
        "The method cannot be called over HTTP: it takes a stream, or is called without the generated client.",
        "set `client.protocol: grpc` for that service",
    ),
    entry(
        "METADATA_INVALID",
        &[400],
        By::Author,
        "Metadata was given that no header can carry.",
        "use a header's name that is not the protocol's own and a value of printable ASCII, or bytes under a key that ends with -bin",
    ),
    entry(
        "TARGET_INVALID",
        &[400],
        By::Author,
        "A channel was asked for to something that is neither the name of a service nor an address.",
        "write `user-service`, `discovery:///user-service`, `host:port` or `direct:///host:port,host:port`",
    ),
    entry(
        "DISCOVERY_MISSING",
        &[400],
        By::Operator,
        "A service is to be called by its name, and there is no registry to find it in.",
        "set `registry.kind` to local or consul, or call addresses: `direct:///host:port`",
    ),
    entry(
        "NO_RUNTIME",
        &[500],
        By::Author,
        "A channel was made outside of a tokio runtime.",
        "make it inside `#[tokio::main]`",
    ),
    entry(
        "NOTHING_SERVED",
        &[404],
        By::Author,
        "A test asked for a channel to an app that serves nothing.",
        "give the app a service before it is started",
    ),
    entry(
        "APP_PANICKED",
        &[500],
        By::Author,
        "The app of a test panicked.",
        "the panic is printed above; correct it",
    ),
];

//! Where ours and Envoy's answers are not the same, by the titles that the book explains them under.

use super::http::Ask;

/// The requests of the table that are answered differently.
pub(crate) const ALL: &[(&str, &[&str])] = &[
    (
        "A path that has other verbs",
        &[
            "POST /v1/one/a",
            "POST /v1/search",
            "PUT /v1/search",
            "DELETE /v1/search",
            "REPORT /v1/search",
            "OTHER /v1/one/a",
            "TRACE /v1/one/a",
            "get /v1/one/a",
            "GET /transcoding.v1.Echo/WithoutRule",
            "POST /v1/one/a%3Atouch {\"small\": 1}",
        ],
    ),
    ("HEAD and OPTIONS", &["HEAD /v1/one/a", "OPTIONS /v1/one/a"]),
    ("Empty segments", &["GET /v1/nested//of/b", "GET /v1/unnamed//a/b"]),
    ("Colons", &["GET /v1/shelves/:peek", "GET /v1/shelves/1/books/2:peek", "GET /v1/paths/a:all"]),
    ("Escapes in what the template says itself", &["GET /v1/one/f%69xed", "GET /v1/%6Fne/a"]),
    (
        "Path, query and body",
        &[
            "GET /v1/one/a?text=b",
            "POST /v1/everything?text=b {\"small\": 3}",
            "PATCH /v1/one/a {\"text\": \"b\"}",
            "POST /transcoding.v1.Echo/WithoutRule?text=a {}",
            "GET /v1/one/a {\"small\": 1}",
            "DELETE /v1/one/a {\"small\": 1}",
            "PUT /v1/one/a",
        ],
    ),
    (
        "Values that stand in a path or a query",
        &[
            "GET /v1/typed/yes/1/1/0/0/aGk=",
            "GET /v1/search?text=a&text=b",
            "GET /v1/search?small=1&small=2",
            "GET /v1/search?is_on=yes",
            "GET /v1/search?is_on=",
            "GET /v1/search?small=",
            "GET /v1/search?rough=3.4028235e38",
            "GET /v1/search?precise=nan",
            "GET /v1/search?precise=inf",
            "GET /v1/search?precise=",
            "GET /v1/search?color=",
            "GET /v1/search?maybeText=",
            "GET /v1/search?children.text=a",
            "GET /v1/search?labels[a]=b",
            "GET /v1/search?labels.a=b",
            "GET /v1/search?labels%5Ba%5D=b&labels%5Bc%5D=d",
            "GET /v1/search?at=",
            "GET /v1/search?span=1m30s",
            "GET /v1/search?mask=",
            "GET /v1/search?text_value=",
            "GET /v1/search?int32_value.value=3",
            "GET /v1/search?structure=%7B%22a%22:1%7D",
        ],
    ),
    (
        "JSON that is not quite JSON",
        &[
            "POST /v1/everything {\"text\": \"a\nb\"}",
            "POST /v1/everything {\"text\": \"a\",}",
            "POST /v1/everything {'text': 'a'}",
            "POST /v1/everything {text: \"a\"}",
            "POST /v1/everything {\"texts\": [\"a\",]}",
        ],
    ),
    (
        "A field twice",
        &[
            "POST /v1/everything {\"text\": \"a\", \"text\": \"b\"}",
            "POST /v1/everything {\"is_on\": true, \"isOn\": false}",
        ],
    ),
    (
        "A value in a form of another type",
        &[
            "POST /v1/everything {\"isOn\": \"true\"}",
            "POST /v1/everything {\"small\": \"1e2\"}",
            "POST /v1/everything {\"color\": \"1\"}",
            "POST /v1/everything {\"texts\": [null]}",
            "POST /v1/everything {\"texts\": \"a\"}",
            "POST /v1/everything {\"children\": [null]}",
            "POST /v1/everything {\"byFlag\": {\"1\": \"a\"}}",
            "POST /v1/everything {\"mask\": \"is_on\"}",
            "PUT /v1/texts \"a\"",
            "POST /v1/moment {\"seconds\": 1}",
        ],
    ),
    ("Names of enums that nobody knows", &["POST /v1/everything {\"color\": \"COLOR_NONE\"}"]),
    (
        "Content types",
        &[
            "POST /v1/everything {\"text\": \"a\"}",
            "POST /v1/everything content-type: text/plain {\"text\": \"a\"}",
            "POST /v1/everything content-type: application/x-www-form-urlencoded text=a",
            "POST /v1/everything content-type: application/proto \n\u{1}a",
            "POST /v1/everything content-type: nonsense {\"text\": \"a\"}",
            "GET /v1/one/a accept: text/html",
            "GET /v1/one/a accept: application/proto",
        ],
    ),
    ("What is not UTF-8", &["GET /v1/one/%FF", "GET /v1/paths/%FF", "GET /v1/search?text=%FF"]),
    ("The status of FAILED_PRECONDITION", &["GET /v1/fail/9"]),
    (
        "Streams",
        &[
            "GET /v1/chunks/0/a",
            "POST /v1/collect",
            "POST /v1/collect {\"text\": \"a\"}",
            "GET /v1/repeat/4/broken",
        ],
    ),
];

/// The title under which the difference is explained, if one is known.
pub(crate) fn of(ask: &Ask) -> Option<&'static str> {
    let name = ask.to_string();
    let known = ALL.iter().find(|(_, requests)| requests.contains(&name.as_str()));
    known.map(|(title, _)| *title)
}

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN,
};
use http::{Method, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Invalid, duration};

/// The section `server.cors`: which pages of other origins a browser lets call. Off by default.
///
/// It is what the browser is told, by the Fetch standard; it keeps nobody else out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CorsSettings {
    /// The origins whose pages may call: `https://app.example.com`, `https://*.example.com` for all
    /// hosts below one, `*` for any. Default: none.
    pub origins: Vec<String>,
    /// The verbs that they may call by; default `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`.
    pub methods: Vec<String>,
    /// The headers that they may send; default `*`, whatever they ask for.
    pub headers: Vec<String>,
    /// The headers of answers that they may read, beside those that any may; default those that
    /// gRPC-Web tells errors in, and `x-request-id`.
    pub exposed_headers: Vec<String>,
    /// Whether browsers send cookies and certificates along; default false.
    ///
    /// Needs origins that are named: with `*` any page could call as who looks at it.
    pub credentials: bool,
    /// How long a browser need not ask again; default 10 min. Browsers have bounds of their own, 2 h
    /// in Chromium.
    #[serde(with = "duration")]
    pub max_age: Duration,
}

impl Default for CorsSettings {
    fn default() -> Self {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            origins: Vec::new(),
            methods: all(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
            headers: all(&["*"]),
            exposed_headers: all(&[
                "grpc-status",
                "grpc-message",
                "grpc-status-details-bin",
                "x-request-id",
            ]),
            credentials: false,
            max_age: Duration::from_secs(10 * 60),
        }
    }
}

impl CorsSettings {
    /// Looks at what the types cannot say.
    pub(crate) fn check(&self) -> Result<(), Invalid> {
        let wrong = |key: &str, what: String| Err(Invalid::new(format!("server.cors.{key}"), what));
        for origin in &self.origins {
            let is_origin = origin.split_once("://").is_some_and(|(scheme, host)| {
                !scheme.is_empty() && !host.is_empty() && !host.contains('/')
            });
            if origin != "*" && !is_origin {
                let what = format!("expected an origin, https://app.example.com, found {origin:?}");
                return wrong("origins", what);
            }
        }
        if self.credentials && self.origins.iter().any(|origin| origin == "*") {
            let what = "expected origins that are named, since server.cors.credentials is set";
            return wrong("origins", what.to_owned());
        }
        let lists = [
            ("headers", &self.headers),
            ("exposed_headers", &self.exposed_headers),
            ("methods", &self.methods),
        ];
        for (key, list) in lists {
            if list.iter().any(|name| name != "*" && http::HeaderName::try_from(name).is_err()) {
                return wrong(key, "expected names without spaces".to_owned());
            }
        }
        Ok(())
    }
}

/// What is settled of the settings before any call.
#[derive(Clone, Debug, Default)]
pub(super) struct Cors(Option<Box<Granting>>);

#[derive(Clone, Debug)]
struct Granting {
    origins: Vec<Origin>,
    methods: HeaderValue,
    /// None for whatever is asked for.
    headers: Option<HeaderValue>,
    exposed: Option<HeaderValue>,
    credentials: bool,
    max_age: HeaderValue,
}

#[derive(Clone, Debug)]
enum Origin {
    Any,
    Exact(String),
    /// What stands before and behind the `*`.
    Below(String, String),
}

/// What a browser is told of a call that it may make.
#[derive(Debug)]
pub(super) struct Granted {
    headers: HeaderMap,
    pub(super) is_preflight: bool,
}

impl Cors {
    pub(super) fn new(settings: &CorsSettings) -> Self {
        if settings.origins.is_empty() {
            return Self(None);
        }
        let list = |names: &[String]| {
            let text = names.join(", ");
            HeaderValue::try_from(text).ok().filter(|value| !value.is_empty())
        };
        let any = settings.headers.iter().any(|name| name == "*");
        let origins = settings.origins.iter().map(|origin| match origin.split_once('*') {
            Some(("", "")) => Origin::Any,
            Some((before, behind)) => Origin::Below(before.to_owned(), behind.to_owned()),
            None => Origin::Exact(origin.clone()),
        });
        Self(Some(Box::new(Granting {
            origins: origins.collect(),
            methods: list(&settings.methods).unwrap_or(HeaderValue::from_static("")),
            headers: if any {
                None
            } else {
                list(&settings.headers).or(Some(HeaderValue::from_static("")))
            },
            exposed: list(&settings.exposed_headers),
            credentials: settings.credentials,
            max_age: settings.max_age.as_secs().into(),
        })))
    }

    /// Whether any page of another origin may call.
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// What the page that sends a request is told; none if it may not, or if it is of no other page.
    pub(super) fn grant<B>(&self, request: &Request<B>) -> Option<Granted> {
        let granting = self.0.as_deref()?;
        let asked = request.headers();
        let origin = asked.get(ORIGIN)?;
        let is_any = granting.origins.iter().any(|it| matches!(it, Origin::Any));
        if !granting.has(origin.to_str().ok()?) {
            return None;
        }
        let is_preflight = request.method() == Method::OPTIONS
            && asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let mut headers = HeaderMap::new();
        let told = if is_any && !granting.credentials {
            HeaderValue::from_static("*")
        } else {
            origin.clone()
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, told);
        if granting.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if is_preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, granting.methods.clone());
            let asked_for = || asked.get(ACCESS_CONTROL_REQUEST_HEADERS);
            let allowed = granting.headers.as_ref().or_else(asked_for);
            headers.extend(allowed.map(|it| (ACCESS_CONTROL_ALLOW_HEADERS, it.clone())));
            headers.insert(ACCESS_CONTROL_MAX_AGE, granting.max_age.clone());
        } else {
            let exposed = granting.exposed.clone();
            headers.extend(exposed.map(|it| (ACCESS_CONTROL_EXPOSE_HEADERS, it)));
        }
        Some(Granted { headers, is_preflight })
    }
}

impl Granting {
    fn has(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| match allowed {
            Origin::Any => true,
            Origin::Exact(allowed) => allowed.eq_ignore_ascii_case(origin),
            Origin::Below(before, behind) => {
                let host = origin.strip_prefix(before.as_str());
                let host = host.and_then(|host| host.strip_suffix(behind.as_str()));
                // One name at least, and nothing that ends a host.
                host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ':', '@']))
            }
        })
    }
}

impl Granted {
    /// Adds what the browser is told to an answer.
    pub(super) fn tell(self, answer: &mut HeaderMap) {
        for (name, value) in self.headers {
            // Each name is there once.
            let Some(name) = name else { continue };
            answer.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(text: &str) -> CorsSettings {
        serde_json::from_str(text).unwrap()
    }

    fn granted(settings: &CorsSettings, origin: &str) -> Option<String> {
        let request = Request::builder().header(ORIGIN, origin).body(()).unwrap();
        let granted = Cors::new(settings).grant(&request)?;
        Some(granted.headers[ACCESS_CONTROL_ALLOW_ORIGIN].to_str().unwrap().to_owned())
    }

    #[test]
    fn pages_of_the_origins_that_are_named_may_call_and_no_others() {
        let settings =
            cors(r#"{"origins": ["https://a.com", "https://*.b.com", "http://c.com:8080"]}"#);
        let table = [
            ("https://a.com", true),
            ("https://A.com", true),
            ("http://a.com", false),
            ("https://a.com:8443", false),
            ("https://a.com.evil.com", false),
            ("https://x.b.com", true),
            ("https://x.y.b.com", true),
            ("https://.b.com", false),
            ("https://b.com", false),
            ("https://evil.com:1@x.b.com", false),
            ("https://evil.com/.b.com", false),
            ("http://c.com:8080", true),
            ("null", false),
            ("", false),
        ];
        for (origin, expected) in table {
            let expected = expected.then(|| origin.to_owned());
            assert_eq!(granted(&settings, origin), expected, "{origin}");
        }
        assert_eq!(granted(&cors(r#"{"origins": ["*"]}"#), "https://x"), Some("*".to_owned()));
        assert_eq!(granted(&CorsSettings::default(), "https://x"), None, "off by default");
    }

    #[test]
    fn what_no_browser_would_take_is_refused_at_the_start() {
        let table = [
            (r#"{"origins": ["a.com"]}"#, "server.cors.origins"),
            (r#"{"origins": ["https://a.com/"]}"#, "server.cors.origins"),
            (r#"{"origins": ["*"], "credentials": true}"#, "server.cors.origins"),
            (r#"{"headers": ["a b"]}"#, "server.cors.headers"),
        ];
        for (text, key) in table {
            let error = cors(text).check().unwrap_err().to_string();
            assert!(error.contains(key), "{text}: {error}");
        }
        cors(r#"{"origins": ["https://a.com"], "credentials": true}"#).check().unwrap();
    }
}

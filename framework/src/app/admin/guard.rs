//! Who may be told more than health and metrics.
//!
//! Without a token that is this machine alone, and on it programs, not the pages that a browser has
//! open: a page from elsewhere can have the browser call `http://localhost:8001`, and with a name
//! that it makes resolve to 127.0.0.1 (DNS rebinding) it could even read the answer. So whoever is
//! let in for being here must have called this machine by an address or as `localhost`, and
//! a browser's request must come from a page of this very port.

use std::net::IpAddr;

use http::header::{
    AUTHORIZATION, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, WWW_AUTHENTICATE,
};
use http::{StatusCode, Uri};

use super::answer::Answer;
use crate::config::Secret;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the request is refused with, unless it may be told.
pub(super) fn refusal(token: &Secret, headers: &HeaderMap, peer: IpAddr) -> Option<Answer> {
    if let Some(site) = foreign_page(headers) {
        let message = format!("asked for by a page of {site} in a browser: open it here itself");
        return Some(Answer::refusal(StatusCode::FORBIDDEN, "CROSS_SITE", message));
    }
    if token.is_empty() {
        return loopback_only(headers, peer);
    }
    let shown = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let shown = shown.and_then(|value| value.strip_prefix(b"Bearer "));
    (!shown.is_some_and(|shown| same(shown, token))).then(|| {
        let message = "show admin.token: Authorization: Bearer …";
        Answer::refusal(StatusCode::UNAUTHORIZED, "TOKEN_REQUIRED", message)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    })
}

fn loopback_only(headers: &HeaderMap, peer: IpAddr) -> Option<Answer> {
    let forwarded = headers.contains_key(FORWARDED) || headers.contains_key(X_FORWARDED_FOR);
    if !peer.to_canonical().is_loopback() || forwarded {
        let message = "told to this machine only, unless admin.token is set";
        return Some(Answer::refusal(StatusCode::FORBIDDEN, "LOOPBACK_ONLY", message));
    }
    let host = headers.get(HOST)?;
    let is_here = host.to_str().is_ok_and(is_here);
    (!is_here).then(|| {
        let message = "call this machine 127.0.0.1 or localhost, or set admin.token: \
                       other names may be a trick on a browser";
        Answer::refusal(StatusCode::FORBIDDEN, "HOST_UNKNOWN", message)
    })
}

/// Whether a `host:port` is an address, or a name that nobody else can make resolve to us.
fn is_here(host: &str) -> bool {
    let Ok(authority) = host.parse::<http::uri::Authority>() else { return false };
    let name = authority.host();
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    address.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost")
}

/// The page of another site that a browser sends the request for.
fn foreign_page(headers: &HeaderMap) -> Option<String> {
    let site = headers.get(SEC_FETCH_SITE).and_then(|site| site.to_str().ok());
    if site.is_some_and(|site| !matches!(site, "none" | "same-origin")) {
        return Some("another site".to_owned());
    }
    // Browsers that do not say it so say at least this, for whatever is not a plain GET.
    let origin = headers.get(ORIGIN)?;
    let theirs = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let ours = theirs.as_ref().and_then(Uri::authority).map(http::uri::Authority::as_str);
    (host.is_none() || ours != host)
        .then(|| String::from_utf8_lossy(origin.as_bytes()).into_owned())
}

/// Compares in a time that tells nothing of where they differ.
fn same(shown: &[u8], token: &Secret) -> bool {
    let token = token.reveal().as_bytes();
    let differing = shown.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b));
    shown.len() == token.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let header =
            |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        pairs.iter().map(header).collect()
    }

    fn is_told(peer: &str, pairs: &[(&'static str, &'static str)]) -> bool {
        refusal(&Secret::default(), &headers(pairs), peer.parse().unwrap()).is_none()
    }

    #[test]
    fn without_a_token_only_this_machine_is_told_and_only_by_its_own_name() {
        for host in ["127.0.0.1:8001", "localhost:8001", "LOCALHOST", "[::1]:8001", "10.0.0.7"] {
            assert!(is_told("127.0.0.1", &[("host", host)]), "{host}");
        }
        assert!(is_told("::1", &[]), "HTTP/1.0 needs no host");
        assert!(is_told("::ffff:127.0.0.1", &[("host", "127.0.0.1")]));
        assert!(!is_told("10.0.0.7", &[("host", "127.0.0.1")]));
        for host in ["rebound.example:8001", "localhost.example", "127.0.0.1.example", "a@b", ""] {
            assert!(!is_told("127.0.0.1", &[("host", host)]), "{host}");
        }
        for through in ["x-forwarded-for", "forwarded"] {
            assert!(!is_told("127.0.0.1", &[("host", "localhost"), (through, "10.0.0.9")]));
        }
    }

    #[test]
    fn a_page_of_another_site_gets_nothing_through_the_browser() {
        let here = ("host", "localhost:8001");
        for site in ["cross-site", "same-site", "anything"] {
            assert!(!is_told("127.0.0.1", &[here, ("sec-fetch-site", site)]), "{site}");
        }
        for site in ["none", "same-origin"] {
            assert!(is_told("127.0.0.1", &[here, ("sec-fetch-site", site)]), "{site}");
        }
        assert!(is_told("127.0.0.1", &[here, ("origin", "http://localhost:8001")]));
        for origin in ["https://evil.example", "null", "http://localhost:9000", "http://localhost"]
        {
            assert!(!is_told("127.0.0.1", &[here, ("origin", origin)]), "{origin}");
        }
        // Nor with the token, should the browser have come by it.
        let token = Secret::from("t0ken");
        let shown = headers(&[here, ("authorization", "Bearer t0ken")]);
        assert!(refusal(&token, &shown, "10.0.0.7".parse().unwrap()).is_none());
        let shown = headers(&[here, ("authorization", "Bearer t0ken"), ("origin", "null")]);
        assert!(refusal(&token, &shown, "10.0.0.7".parse().unwrap()).is_some());
    }
}

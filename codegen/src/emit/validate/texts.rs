//! Rules of texts and bytes.

use proc_macro2::{Literal, TokenStream};
use prost_reflect::Value;
use quote::{format_ident, quote};

use super::literal;
use super::options::Options;
use super::{At, Rules, check};

/// Formats that a text may have to be of: the rule, the words for what it is, and whether an empty
/// text has words of its own.
const FORMATS: &[(&str, &str, Option<&str>)] = &[
    ("email", "email address", Some("email address")),
    ("hostname", "hostname", Some("hostname")),
    ("ip", "IP address", Some("IP address")),
    ("ipv4", "IPv4 address", Some("IPv4 address")),
    ("ipv6", "IPv6 address", Some("IPv6 address")),
    ("uri", "URI", Some("URI")),
    ("uri_ref", "URI Reference", None),
    ("address", "hostname, or ip address", Some("hostname, or ip address")),
    ("uuid", "UUID", Some("UUID")),
    ("tuuid", "trimmed UUID", Some("trimmed UUID")),
    ("ip_with_prefixlen", "IP prefix", Some("IP prefix")),
    (
        "ipv4_with_prefixlen",
        "IPv4 address with prefix length",
        Some("IPv4 address with prefix length"),
    ),
    (
        "ipv6_with_prefixlen",
        "IPv6 address with prefix length",
        Some("IPv6 address with prefix length"),
    ),
    ("ip_prefix", "IP prefix", Some("IP prefix")),
    ("ipv4_prefix", "IPv4 prefix", Some("IPv4 prefix")),
    ("ipv6_prefix", "IPv6 prefix", Some("IPv6 prefix")),
    ("host_and_port", "host (hostname or IP address) and port pair", Some("host and port pair")),
    ("ulid", "ULID", Some("ULID")),
    ("protobuf_fqn", "fully-qualified Protobuf name", Some("fully-qualified Protobuf name")),
    (
        "protobuf_dot_fqn",
        "fully-qualified Protobuf name with a leading dot",
        Some("fully-qualified Protobuf name with a leading dot"),
    ),
];

/// Formats of bytes: the rule, its words, and the lengths that it allows.
const LENGTHS: &[(&str, &str, &[usize])] = &[
    ("ip", "IP address", &[4, 16]),
    ("ipv4", "IPv4 address", &[4]),
    ("ipv6", "IPv6 address", &[16]),
    ("uuid", "UUID", &[16]),
];

impl Rules<'_> {
    pub(super) fn string(&mut self, rules: &Options, path: &str, at: &At) -> TokenStream {
        let mut code = TokenStream::new();
        let mut add = |broken: TokenStream, rule: &str, message: String| {
            code.extend(check(&broken, path, &format!("string.{rule}"), &message));
        };
        let bia = self.model.runtime.clone();
        if let Some(text) = rules.text("const") {
            add(quote!(x != #text), "const", format!("must equal `{text}`"));
        }
        let sizes = [
            ("len", quote!(!=), "must be", "characters"),
            ("min_len", quote!(<), "must be at least", "characters"),
            ("max_len", quote!(>), "must be at most", "characters"),
            ("len_bytes", quote!(!=), "must be", "bytes"),
            ("min_bytes", quote!(<), "must be at least", "bytes"),
            ("max_bytes", quote!(>), "must be at most", "bytes"),
        ];
        for (rule, operator, words, unit) in sizes {
            if let Some(size) = rules.u64(rule) {
                let length = match unit {
                    "bytes" => quote!((x.len() as u64)),
                    _ => quote!(#bia::__codegen::rules::chars(x)),
                };
                add(quote!(#length #operator #size), rule, format!("{words} {size} {unit}"));
            }
        }
        if let Some(pattern) = rules.text("pattern") {
            let matches = self.pattern(&pattern, &at.within(&[rules.number("pattern")]));
            add(quote!(!#matches), "pattern", format!("does not match regex pattern `{pattern}`"));
        }
        let parts = [
            ("prefix", quote!(starts_with), true, "does not have prefix"),
            ("suffix", quote!(ends_with), true, "does not have suffix"),
            ("contains", quote!(contains), true, "does not contain substring"),
            ("not_contains", quote!(contains), false, "contains substring"),
        ];
        for (rule, method, wanted, words) in parts {
            if let Some(part) = rules.text(rule) {
                let not = wanted.then(|| quote!(!));
                add(quote!(#not x.#method(#part)), rule, format!("{words} `{part}`"));
            }
        }
        for (rule, wanted, words) in
            [("in", true, "must be in list"), ("not_in", false, "must not be in list")]
        {
            let texts = rules.texts(rule);
            if !texts.is_empty() {
                let not = wanted.then(|| quote!(!));
                let broken = quote!(#not ::core::matches!(x, #(#texts)|*));
                add(broken, rule, format!("{words} {}", literal::list(texts)));
            }
        }
        for (rule, words, empty) in FORMATS {
            if rules.is(rule) {
                let function = format_ident!("is_{rule}");
                let fits = quote!(#bia::__codegen::rules::#function(x));
                let message = format!("must be a valid {words}");
                match empty {
                    None => add(quote!(!#fits), rule, message),
                    Some(empty) => {
                        let words = format!("value is empty, which is not a valid {empty}");
                        add(quote!(x.is_empty()), &format!("{rule}_empty"), words);
                        add(quote!(!x.is_empty() && !#fits), rule, message);
                    }
                }
            }
        }
        let strict = rules.get("strict").is_none() || rules.is("strict");
        match rules.get("well_known_regex").and_then(|value| value.as_enum_number()) {
            Some(1) => {
                let fits = quote!(#bia::__codegen::rules::is_header_name(x, #strict));
                let rule = "well_known_regex.header_name";
                let message = "must be a valid HTTP header name";
                add(quote!(!x.is_empty() && !#fits), rule, message.to_owned());
                let message = "value is empty, which is not a valid HTTP header name";
                add(quote!(x.is_empty()), &format!("{rule}_empty"), message.to_owned());
            }
            Some(2) => {
                let fits = quote!(#bia::__codegen::rules::is_header_value(x, #strict));
                let message = "must be a valid HTTP header value".to_owned();
                add(quote!(!#fits), "well_known_regex.header_value", message);
            }
            _ => {}
        }
        self.lengths(rules, at, ["min_len", "max_len"]);
        self.lengths(rules, at, ["min_bytes", "max_bytes"]);
        code
    }

    pub(super) fn bytes(&mut self, rules: &Options, path: &str, at: &At) -> TokenStream {
        let mut code = TokenStream::new();
        let mut add = |broken: TokenStream, rule: &str, message: String| {
            code.extend(check(&broken, path, &format!("bytes.{rule}"), &message));
        };
        let bytes = |rule: &str| match rules.get(rule) {
            Some(Value::Bytes(bytes)) => Some(bytes),
            _ => None,
        };
        if let Some(bytes) = bytes("const") {
            let literal = Literal::byte_string(&bytes);
            add(quote!(x != #literal), "const", format!("must be {}", hex(&bytes)));
        }
        let sizes = [
            ("len", quote!(!=), "must be"),
            ("min_len", quote!(<), "must be at least"),
            ("max_len", quote!(>), "must be at most"),
        ];
        for (rule, operator, words) in sizes {
            if let Some(size) = rules.u64(rule) {
                let broken = quote!((x.len() as u64) #operator #size);
                add(broken, rule, format!("{words} {size} bytes"));
            }
        }
        if let Some(pattern) = rules.text("pattern") {
            let matches = self.pattern(&pattern, &at.within(&[rules.number("pattern")]));
            add(quote!(!#matches), "pattern", format!("must match regex pattern `{pattern}`"));
        }
        let bia = self.model.runtime.clone();
        let parts = [
            ("prefix", quote!(starts_with), "does not have prefix"),
            ("suffix", quote!(ends_with), "does not have suffix"),
        ];
        for (rule, method, words) in parts {
            if let Some(part) = bytes(rule) {
                let literal = Literal::byte_string(&part);
                add(quote!(!x.#method(#literal)), rule, format!("{words} {}", hex(&part)));
            }
        }
        if let Some(part) = bytes("contains") {
            let literal = Literal::byte_string(&part);
            let broken = quote!(!#bia::__codegen::rules::contains(x, #literal));
            add(broken, "contains", format!("does not contain {}", hex(&part)));
        }
        for (rule, wanted, words) in
            [("in", true, "must be in list"), ("not_in", false, "must not be in list")]
        {
            let list = rules.list(rule);
            let list: Vec<_> = list.iter().filter_map(Value::as_bytes).collect();
            if !list.is_empty() {
                let not = wanted.then(|| quote!(!));
                let literals = list.iter().map(|bytes| Literal::byte_string(bytes));
                let texts = list.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
                let message = format!("{words} {}", literal::list(texts));
                add(quote!(#not ::core::matches!(x, #(#literals)|*)), rule, message);
            }
        }
        for (rule, words, lengths) in LENGTHS {
            if rules.is(rule) {
                let broken = quote!(!::core::matches!(x.len(), 0 #(| #lengths)*));
                add(broken, rule, format!("must be a valid {words}"));
                let message = format!("value is empty, which is not a valid {words}");
                add(quote!(x.is_empty()), &format!("{rule}_empty"), message);
            }
        }
        self.lengths(rules, at, ["min_len", "max_len"]);
        code
    }

    /// Refuses lengths that nothing has.
    fn lengths(&mut self, rules: &Options, at: &At, [min, max]: [&str; 2]) {
        if let (Some(least), Some(most)) = (rules.u64(min), rules.u64(max))
            && least > most
        {
            self.refuse(
                &at.within(&[rules.number(min)]),
                format!("nothing has {least} or more and {most} or less"),
                format!("make {min} at most {max}"),
            );
        }
    }

    /// Whether `x` matches a pattern, which is compiled once.
    fn pattern(&mut self, pattern: &str, at: &At) -> TokenStream {
        let translated = match super::re2::translate(pattern) {
            Ok(translated) => translated,
            Err(reason) => {
                self.refuse(
                    at,
                    format!("the pattern `{pattern}` cannot be compiled: {reason}"),
                    "patterns are of RE2: github.com/google/re2/wiki/Syntax",
                );
                return quote!(true);
            }
        };
        let bia = &self.model.runtime;
        quote!({
            static PATTERN: #bia::__codegen::rules::Pattern = #bia::__codegen::rules::Pattern::new(#translated);
            PATTERN.is_match(x)
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

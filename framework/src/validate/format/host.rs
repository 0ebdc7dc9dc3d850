//! Names and addresses of hosts.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Which addresses are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Version {
    Any,
    V4,
    V6,
}

/// As the HTML standard has it for `<input type=email>`, which is less than RFC 5322 and what people
/// mean.
pub(in super::super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    !local.is_empty() && local.bytes().all(is_allowed) && domain.split('.').all(is_label)
}

/// Letters, digits, and hyphens within: 1 to 63 of them.
fn is_label(text: &str) -> bool {
    matches!(text.len(), 1..=63)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Labels with dots between them, 253 characters at most, the last not of digits only. A dot may end it.
pub(in super::super) fn is_hostname(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253
        && name.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// An address as RFC 3986 writes it; one of version 6 may have a zone behind a `%`.
pub(in super::super) fn is_ip(text: &str, version: Version) -> bool {
    (version != Version::V6 && v4(text).is_some()) || (version != Version::V4 && is_v6_zoned(text))
}

fn v4(text: &str) -> Option<Ipv4Addr> {
    text.parse().ok()
}

fn is_v6_zoned(text: &str) -> bool {
    let (address, zone) = text.split_once('%').map_or((text, None), |(a, zone)| (a, Some(zone)));
    zone != Some("") && !zone.is_some_and(|zone| zone.contains('\0')) && v6(address).is_some()
}

pub(super) fn v6(text: &str) -> Option<Ipv6Addr> {
    text.parse().ok()
}

/// An address and the length of its prefix: `10.0.0.0/8`. If it is `strict`, the bits behind the
/// prefix are zero.
pub(in super::super) fn is_ip_prefix(text: &str, version: Version, strict: bool) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let Some(length) = decimal(length, 128) else { return false };
    if version != Version::V6
        && let Some(address) = v4(address)
    {
        let rest = u32::MAX.checked_shr(length).unwrap_or(0);
        return length <= 32 && (!strict || address.to_bits() & rest == 0);
    }
    if version != Version::V4
        && let Some(address) = v6(address)
    {
        let rest = u128::MAX.checked_shr(length).unwrap_or(0);
        return !strict || address.to_bits() & rest == 0;
    }
    false
}

/// A number without needless zeros in front.
fn decimal(text: &str, most: u32) -> Option<u32> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(text.len(), 1..=5)
        && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|number| is_plain && *number <= most)
}

/// A host, and behind a colon its port, which may be missing unless it is `required`: `db:5432`,
/// `[::1]:80`.
pub(in super::super) fn is_host_and_port(text: &str, required: bool) -> bool {
    let is_port = |text: &str| decimal(text, 65_535).is_some();
    if let Some(rest) = text.strip_prefix('[') {
        let Some((host, rest)) = rest.rsplit_once(']') else { return false };
        let is_host = is_v6_zoned(host);
        return is_host
            && match rest.strip_prefix(':') {
                Some(port) => is_port(port),
                None => rest.is_empty() && !required,
            };
    }
    let is_host = |host: &str| is_hostname(host) || v4(host).is_some();
    match text.split_once(':') {
        Some((host, port)) => is_host(host) && is_port(port),
        None => !required && is_host(text),
    }
}

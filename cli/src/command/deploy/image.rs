//! What an image may be called, as registries and who pulls from them read it.

/// Whether it is `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.
pub(super) fn is_image(text: &str) -> bool {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    // A colon before the last slash is that of a port.
    let (name, tag) = match name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
        Some((name, tag)) => (name, Some(tag)),
        None => (name, None),
    };
    let path = match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => {
            if !is_host(host) {
                return false;
            }
            path
        }
        _ => name,
    };
    path.split('/').all(is_part) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest)
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let is_label = |it: &str| {
        let is_plain = it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
        !it.is_empty() && is_plain && !it.starts_with('-') && !it.ends_with('-')
    };
    name.split('.').all(is_label) && port.is_none_or(|it| it.parse::<u16>().is_ok())
}

/// Small letters and digits, and between them `.`, `_`, `__` or any number of `-`.
fn is_part(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut between = text.split(is_plain).filter(|it| !it.is_empty());
    text.starts_with(is_plain)
        && text.ends_with(is_plain)
        && between.all(|it| matches!(it, "." | "_" | "__") || it.bytes().all(|it| it == b'-'))
}

fn is_tag(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128
        && text.starts_with(is_word)
        && text.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, sum)| {
        let is_plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
        !algorithm.is_empty()
            && algorithm.bytes().all(is_plain)
            && sum.len() >= 32
            && sum.bytes().all(|it| it.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::is_image;

    #[test]
    fn an_image_is_called_as_registries_take_it() {
        let digest = format!("shop/orders@sha256:{}", "0a".repeat(32));
        for good in [
            "orders",
            "orders:7",
            "shop/orders_v2:1.2-rc_1",
            "localhost:5000/orders",
            "registry.example:5000/shop/my-orders:7",
            "ghcr.io/a__b/c.d--e",
            &digest,
        ] {
            assert!(is_image(good), "{good}");
        }
        for bad in [
            "",
            ":",
            "x:",
            "x:y:z",
            "x:y/z",
            "a;b",
            "Shop/orders",
            "a//b",
            "/a",
            "a/",
            "-a",
            "a..b",
            "a:-1",
            "a@sha256",
            "a@sha256:12",
            "host.example:port/a",
            "a b",
            "a\nb",
        ] {
            assert!(!is_image(bad), "{bad}");
        }
    }
}

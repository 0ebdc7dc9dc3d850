use proptest::prelude::*;

use super::*;

#[track_caller]
fn table(is: impl Fn(&str) -> bool, right: &[&str], wrong: &[&str]) {
    for text in right {
        assert!(is(text), "{text:?} is right");
    }
    for text in wrong {
        assert!(!is(text), "{text:?} is wrong");
    }
}

#[test]
fn an_email_address_is_what_a_browser_takes() {
    let long = format!("a@{}.com", "a".repeat(63));
    table(
        is_email,
        &["a@b", "foo+bar@example.com", "!#$%&'*+/=?^_`{|}~-.@x-1.y", ".a.@b", &long],
        &[
            "",
            "@b",
            "a@",
            "a",
            "a b@c",
            "a@b@c",
            "a@-b",
            "a@b-",
            "a@b..c",
            "a@b.",
            "ä@b",
            "a@[1.1.1.1]",
        ],
    );
    assert!(!is_email(&format!("a@{}.com", "a".repeat(64))));
}

#[test]
fn a_hostname_is_of_labels() {
    let long = [&"a.".repeat(126), "a"].concat();
    table(
        is_hostname,
        &["a", "a.b.", "1.a", "a-b", "A1", &long, &format!("{long}.")],
        &[
            "",
            ".",
            "a..b",
            "-a",
            "a-",
            "a_b",
            "1",
            "a.1",
            "1.2.3.4",
            "ä",
            ".a",
            &format!("{long}a.b"),
        ],
    );
}

#[test]
fn an_address_is_as_rfc_3986_writes_it() {
    let v4 = ["1.2.3.4", "0.0.0.0", "255.255.255.255"];
    let v6 = [
        "::",
        "::1",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::ffff:1.2.3.4",
        "fe80::a%en1",
        "::1%a%b",
    ];
    let none = [
        "",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "256.1.1.1",
        "1:2:3:4:5:6:7:8:9",
        "::1%",
        ":::",
        "[::1]",
        "1.2.3.4 ",
    ];
    table(|text| is_ip(text, Version::Any), &[&v4[..], &v6].concat(), &none);
    table(|text| is_ip(text, Version::V4), &v4, &[&v6[..], &none].concat());
    table(|text| is_ip(text, Version::V6), &v6, &[&v4[..], &none].concat());
}

#[test]
fn a_prefix_has_a_length_and_if_it_is_strict_nothing_behind_it() {
    let any = Version::Any;
    table(
        |text| is_ip_prefix(text, any, false),
        &["10.0.0.1/8", "10.0.0.0/0", "1.2.3.4/32", "::1/0", "::1/128"],
        &[
            "10.0.0.0",
            "10.0.0.0/33",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "::/129",
            "::1%en1/64",
            "10.0.0.0/8 ",
            "/8",
            "10.0.0.0/",
        ],
    );
    table(
        |text| is_ip_prefix(text, any, true),
        &["10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/32", "::/0", "::1/128", "2001:db8::/32"],
        &["10.0.0.1/8", "1.2.3.5/31", "1.2.3.4/0", "::1/127", "2001:db8::1/32"],
    );
    assert!(
        !is_ip_prefix("::/8", Version::V4, false) && !is_ip_prefix("1.0.0.0/8", Version::V6, false)
    );
}

#[test]
fn a_host_has_its_port_behind_a_colon() {
    table(
        |text| is_host_and_port(text, true),
        &["a:0", "db.example.com:5432", "1.2.3.4:65535", "[::1]:80", "[::1%en1]:80"],
        &[
            "",
            "a",
            ":80",
            "a:",
            "a:65536",
            "a:080",
            "a:+1",
            "::1:80",
            "[::1]",
            "[::1]80",
            "[1.2.3.4]:80",
            "a:1:2",
            "[a]:1",
        ],
    );
    table(
        |text| is_host_and_port(text, false),
        &["a", "[::1]", "1.2.3.4", "a:1"],
        &["", "::1", "[::1"],
    );
}

#[test]
fn a_uri_is_as_rfc_3986_writes_it() {
    let right = [
        "https://user:pw@example.com:8080/a/b;c=1?q=a/b?#f/?",
        "a:",
        "a:b",
        "mailto:a@b",
        "urn:x:y",
        "http://[::1]/",
        "http://[::1%25en1]:80",
        "http://[v1.a:b]",
        "http://",
        "http:///a",
        "http://a:",
        "http://%C3%A4/",
        "a+1-2.3:/x",
        "http://1.2.3.4",
        "file:///etc",
        "a:%41",
        "http://@",
    ];
    table(
        is_uri,
        &right,
        &[
            "",
            ":",
            "//a",
            "1a:b",
            "a b:c",
            "http://a b",
            "http://[::1",
            "http://[::1]a",
            "http://[1.2.3.4]",
            "http://a:b",
            "a:%4",
            "a:%zz",
            "a:<",
            "http://%FF/",
            "http://a@b@c",
            "a:#a#b",
            "ä:b",
            "http://[::1%en1]",
            "http://[::1%25]",
            "a:^",
        ],
    );
    table(is_uri_reference, &right, &["a b", "%", ":a", "1:b", "//[", "a#b#c"]);
    table(is_uri_reference, &["", "a", "/a", "//a", "./a:b", "?q", "#f", "a/b:c"], &[]);
}

#[test]
fn identifiers_are_of_one_alphabet() {
    table(
        is_uuid,
        &["00000000-0000-0000-0000-000000000000", "aBcDef01-2345-6789-abcd-ef0123456789"],
        &[
            "",
            "0000000000000000000000000000000000000",
            "00000000-0000-0000-0000-00000000000g",
            "000000000000-0000-0000-0000-00000000",
        ],
    );
    table(
        is_trimmed_uuid,
        &["00000000000000000000000000000aBc"],
        &["", "0000000000000000000000000000000g"],
    );
    table(
        is_ulid,
        &["01ARZ3NDEKTSV4RRFFQ69G5FAV", "7zzzzzzzzzzzzzzzzzzzzzzzzz"],
        &[
            "",
            "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "01ARZ3NDEKTSV4RRFFQ69G5FAU",
            "01ARZ3NDEKTSV4RRFFQ69G5FA",
        ],
    );
    table(is_protobuf_name, &["a", "a.b_1", "_"], &["", ".a", "a.", "1a", "a-b", "a..b"]);
}

#[test]
fn headers_cannot_be_split() {
    table(
        |text| is_header_name(text, true),
        &["a", ":path", "X-A_b!,"],
        &["", ":", "a:", "a b", "a\"", "a/b", "a\n"],
    );
    table(|text| is_header_name(text, false), &["a b", ":"], &["", "a\r", "a\n", "a\0"]);
    table(
        |text| is_header_value(text, true),
        &["", "a\tb", "ä"],
        &["\u{1}", "\u{7f}", "\r", "\n", "\0"],
    );
    table(|text| is_header_value(text, false), &["", "\u{1}"], &["\r", "\n", "\0"]);
}

proptest! {
    #[test]
    fn every_address_that_std_writes_is_one(v4: [u8; 4], v6: [u16; 8], length in 0_u32..=128) {
        let (v4, v6) = (std::net::Ipv4Addr::from(v4), std::net::Ipv6Addr::from(v6));
        prop_assert!(is_ip(&v4.to_string(), Version::V4) && is_ip(&v6.to_string(), Version::V6));
        let in_uri = format!("http://[{v6}]:1/");
        prop_assert!(is_uri(&in_uri));
        let port = format!("[{v6}]:{length}");
        prop_assert!(is_host_and_port(&port, true));
        let masked = u128::from(v6) & !u128::MAX.checked_shr(length).unwrap_or(0);
        let prefix = format!("{}/{length}", std::net::Ipv6Addr::from(masked));
        prop_assert!(is_ip_prefix(&prefix, Version::V6, true));
    }

    #[test]
    fn no_text_stops_a_format(text in "\\PC{0,40}|[a-z0-9.:/@%\\[\\]?#-]{0,40}") {
        let _ = (is_email(&text), is_hostname(&text), is_uri(&text), is_uuid(&text), is_ulid(&text));
        let _ = (is_ip(&text, Version::Any), is_ip_prefix(&text, Version::Any, true), is_host_and_port(&text, false));
        prop_assert!(!is_uri(&text) || is_uri_reference(&text));
        prop_assert!(!is_ip_prefix(&text, Version::Any, true) || is_ip_prefix(&text, Version::Any, false));
    }
}

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::formats::Remote;
use super::*;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn extract(pairs: &[(&str, &str)]) -> Remote {
    Formats::default().extract(&headers(pairs))
}

/// What a callee is told by a call that these headers caused.
fn passed_on(pairs: &[(&str, &str)]) -> Option<HeaderMap> {
    let remote = extract(pairs);
    let sampled = remote.sampled.unwrap_or(false);
    let trace = remote.span?.child(SpanId::new([1; 8]).unwrap(), sampled);
    let mut out = HeaderMap::new();
    Formats::default().inject(&trace, &mut out);
    Some(out)
}

/// Trace, span, whether it is sampled.
type Stands = (String, String, Option<bool>);

type Pairs = &'static [(&'static str, &'static str)];

fn stands(remote: &Remote) -> Option<Stands> {
    let span = remote.span.as_ref()?;
    Some((span.trace.to_string(), span.span.to_string(), remote.sampled))
}

#[test]
fn a_traceparent_is_read_by_the_rules_of_trace_context() {
    let taken = |sampled| Some((TRACE.to_owned(), SPAN.to_owned(), Some(sampled)));
    let table: &[(&str, &[&str], Option<Stands>)] = &[
        ("version 00, sampled", &["00-T-S-01"], taken(true)),
        ("not sampled", &["00-T-S-00"], taken(false)),
        ("flags that are not known are left alone", &["00-T-S-ff"], taken(true)),
        ("the flag of random ids alone", &["00-T-S-02"], taken(false)),
        ("white space around it", &[" \t00-T-S-01\t "], taken(true)),
        ("a higher version", &["cc-T-S-01"], taken(true)),
        ("a higher version with more behind it", &["cc-T-S-01-what-comes"], taken(true)),
        ("a higher version with a dash behind it", &["01-T-S-01-"], taken(true)),
        ("a higher version with no dash behind it", &["cc-T-S-01.what"], None),
        ("a higher version that is cut off", &["cc-T-S-0"], None),
        ("version 00 with more behind it", &["00-T-S-01-what"], None),
        ("version 00 with a dash behind it", &["00-T-S-01-"], None),
        ("version ff", &["ff-T-S-01"], None),
        ("a version in upper case", &["0A-T-S-01"], None),
        ("a version of one digit", &["0-T-S-01"], None),
        ("a version that is no number", &[".0-T-S-01"], None),
        ("a trace id of zeros", &["00-00000000000000000000000000000000-S-01"], None),
        ("a trace id in upper case", &["00-0AF7651916CD43DD8448EB211C80319C-S-01"], None),
        ("a trace id with a sign", &["00-+af7651916cd43dd8448eb211c80319c-S-01"], None),
        ("a trace id that is short", &["00-0af7651916cd43dd8448eb211c8031-S-01"], None),
        ("a trace id that is long", &["00-T00-S-01"], None),
        ("a span id of zeros", &["00-T-0000000000000000-01"], None),
        ("a span id in upper case", &["00-T-B7AD6B7169203331-01"], None),
        ("a span id that is short", &["00-T-b7ad6b71692033-01"], None),
        ("flags of one digit", &["00-T-S-1"], None),
        ("flags in upper case", &["00-T-S-0A"], None),
        ("flags that are no number", &["00-T-S-.0"], None),
        ("another separator", &["00_T_S_01"], None),
        ("nothing", &[""], None),
        ("the header twice", &["00-T-S-01", "00-T-S-01"], None),
        ("twice in one", &["00-T-S-01,00-T-S-01"], None),
    ];
    for (what, lines, expected) in table {
        let lines: Vec<String> =
            lines.iter().map(|line| line.replace('T', TRACE).replace('S', SPAN)).collect();
        let pairs: Vec<_> = lines.iter().map(|line| ("TraceParent", line.as_str())).collect();
        assert_eq!(stands(&extract(&pairs)), *expected, "{what}");
    }
}

#[test]
fn a_callee_is_told_version_00_and_the_own_span() {
    for version in ["00", "cc"] {
        let parent = format!("{version}-{TRACE}-{SPAN}-f1");
        let out = passed_on(&[("traceparent", &parent)]).unwrap();
        assert_eq!(out["traceparent"], format!("00-{TRACE}-0101010101010101-01"));
        assert!(!out.contains_key("tracestate"));
    }
}

/// What is sent on of these headers `tracestate`.
fn state(lines: &[&str]) -> Option<String> {
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let mut pairs = vec![("traceparent", parent.as_str())];
    pairs.extend(lines.iter().map(|line| ("tracestate", *line)));
    let out = passed_on(&pairs).expect("a tracestate never makes a trace begin anew");
    out.get("tracestate").map(|value| value.to_str().unwrap().to_owned())
}

#[test]
fn a_tracestate_is_sent_on_as_it_came_or_not_at_all() {
    let long = |count: usize, rest: &str| format!("{}{rest}", "z".repeat(count));
    let members =
        |count: usize| (0..count).map(|index| format!("k{index}=1")).collect::<Vec<_>>().join(",");
    let table: &[(&str, &[&str], Option<&str>)] = &[
        ("one member", &["foo=1"], Some("foo=1")),
        ("two, in their order", &["foo=1,bar=2"], Some("foo=1,bar=2")),
        ("two headers", &["foo=1", "bar=2"], Some("foo=1,bar=2")),
        (
            "white space around members",
            &["foo=1 \t , \t bar=2, \t baz=3"],
            Some("foo=1,bar=2,baz=3"),
        ),
        ("an empty header beside another", &["foo=1", ""], Some("foo=1")),
        ("empty members", &["foo=1,,,bar=2,"], Some("foo=1,bar=2")),
        ("nothing", &[""], None),
        ("a key twice: the newer stays", &["foo=1,foo=2"], Some("foo=1")),
        ("every character of a key", &["a0_-*/=1"], Some("a0_-*/=1")),
        ("every kind of character of a value", &["foo=a !\"#~b"], Some("foo=a !\"#~b")),
        ("a tenant", &["0t@sys=1"], Some("0t@sys=1")),
        ("a key with a space", &["foo =1"], None),
        ("a key in upper case", &["FOO=1"], None),
        ("a key with a dot", &["foo.bar=1"], None),
        ("a key that begins with a digit", &["1foo=1"], None),
        ("a tenant of no system", &["foo@=1,bar=2"], None),
        ("a system of no tenant", &["@foo=1,bar=2"], None),
        ("two signs", &["foo@@bar=1,bar=2"], None),
        ("two systems", &["foo@bar@baz=1,bar=2"], None),
        ("no value", &["foo="], None),
        ("no sign", &["foo"], None),
        ("two signs of equality", &["foo=bar=baz"], None),
        ("one that breaks the rules takes all with it", &["foo=1,bar"], None),
        ("a key of 256", &[&long(256, "=1")], Some(&long(256, "=1"))),
        ("a key of 257", &[&long(257, "=1")], None),
        (
            "a tenant of 241",
            &[&long(241, "@vvvvvvvvvvvvvv=1")],
            Some(&long(241, "@vvvvvvvvvvvvvv=1")),
        ),
        ("a tenant of 242", &[&long(242, "@v=1")], None),
        ("a system of 15", &["t@vvvvvvvvvvvvvvv=1"], None),
        (
            "a value of 256",
            &[&format!("a={}", long(256, ""))],
            Some(&format!("a={}", long(256, ""))),
        ),
        ("a value of 257", &[&format!("a={}", long(257, ""))], None),
        ("32 members", &[&members(32)], Some(&members(32))),
        ("33 members", &[&members(33)], None),
    ];
    for (what, lines, expected) in table {
        assert_eq!(state(lines).as_deref(), *expected, "{what}");
    }
}

#[test]
fn of_a_tracestate_that_is_too_long_the_long_members_go_first_and_the_newest_stay() {
    let long: Vec<_> = (0..20).map(|index| format!("long{index}={}", "x".repeat(250))).collect();
    let kept = state(&[&format!("new=1,{},old=2", long.join(","))]).unwrap();
    assert!(kept.len() <= 4096 && kept.starts_with("new=1,long0=") && kept.ends_with(",old=2"));
}

#[test]
fn a_tracestate_without_a_traceparent_is_as_none() {
    assert_eq!(extract(&[("tracestate", "foo=1")]), Remote::default());
    let broken = [("traceparent", "00-x"), ("tracestate", "foo=1")];
    assert_eq!(extract(&broken), Remote::default());
}

#[test]
fn b3_is_read_in_one_header_and_in_several() {
    let other = TRACE.replace('0', "1");
    let both = |sampled| Some((TRACE.to_owned(), SPAN.to_owned(), sampled));
    let short = (format!("{:0>32}", "463ac35c9f6413ad"), SPAN.to_owned(), Some(true));
    let table: &[(Pairs, Option<Stands>)] = &[
        (&[("b3", "T-S-1")], both(Some(true))),
        (&[("b3", "T-S-d")], both(Some(true))),
        (&[("b3", "T-S-0")], both(Some(false))),
        (&[("b3", "T-S")], both(None)),
        (&[("b3", "T-S-1-05e3ac9a4f6e3b90")], both(Some(true))),
        (&[("b3", "463ac35c9f6413ad-S-1")], Some(short.clone())),
        (&[("b3", "T-S-1-S-more")], None),
        (&[("b3", "T-S-x")], None),
        (&[("b3", "T-0000000000000000-1")], None),
        (&[("X-B3-TraceId", "T"), ("X-B3-SpanId", "S"), ("X-B3-Sampled", "1")], both(Some(true))),
        (
            &[("X-B3-TraceId", "T"), ("X-B3-SpanId", "S"), ("X-B3-Sampled", "false")],
            both(Some(false)),
        ),
        (&[("X-B3-TraceId", "T"), ("X-B3-SpanId", "S"), ("X-B3-Flags", "1")], both(Some(true))),
        (&[("X-B3-TraceId", "T"), ("X-B3-SpanId", "S")], both(None)),
        (
            &[("X-B3-TraceId", "463AC35C9F6413AD"), ("X-B3-SpanId", "S"), ("X-B3-Sampled", "1")],
            Some(short),
        ),
        (&[("X-B3-TraceId", "T"), ("X-B3-Sampled", "1")], None),
        // One header that cannot be read does not hide the several.
        (&[("b3", "?"), ("x-b3-traceid", "T"), ("x-b3-spanid", "S")], both(None)),
        // Trace Context goes before B3, where it can be read.
        (
            &[("b3", "T-S-1"), ("traceparent", "00-P-S-00")],
            Some((other.clone(), SPAN.to_owned(), Some(false))),
        ),
        (&[("b3", "T-S-1"), ("traceparent", "00-broken")], both(Some(true))),
    ];
    for (pairs, expected) in table {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| {
                (*name, value.replace('T', TRACE).replace('S', SPAN).replace('P', &other))
            })
            .collect();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(stands(&extract(&pairs)), *expected, "{pairs:?}");
    }
    for (pairs, sampled) in [
        ([("b3", "0")], Some(false)),
        ([("b3", "1")], Some(true)),
        ([("x-b3-sampled", "0")], Some(false)),
        ([("x-b3-flags", "1")], Some(true)),
    ] {
        let remote = extract(&pairs);
        assert_eq!((remote.span, remote.sampled), (None, sampled), "{pairs:?}: a decision alone");
    }
}

#[test]
fn what_is_written_as_b3_is_read_back() {
    let trace = Trace::root(TraceId::new([7; 16]).unwrap(), SpanId::new([8; 8]).unwrap(), true);
    let trace = trace.child(SpanId::new([9; 8]).unwrap());
    for write_b3 in [B3::Single, B3::Multi] {
        let mut out = HeaderMap::new();
        Formats { write_b3, ..Formats::NONE }.inject(&trace, &mut out);
        assert!(!out.contains_key("traceparent"));
        let remote = Formats { read_b3: true, ..Formats::NONE }.extract(&out);
        let expected = (trace.id().to_string(), trace.span().to_string(), Some(true));
        assert_eq!(stands(&remote), Some(expected), "{out:?}");
    }
}

/// What comes out of these headers `baggage`, as pairs and as it is sent on.
fn baggage(lines: &[&str]) -> (Vec<(String, String)>, Option<String>) {
    let pairs: Vec<_> = lines.iter().map(|line| ("baggage", *line)).collect();
    let baggage = extract(&pairs).baggage;
    let mut out = HeaderMap::new();
    Formats::default().inject_baggage(&baggage, &mut out);
    let text = out.get("baggage").map(|value| value.to_str().unwrap().to_owned());
    (baggage.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(), text)
}

#[test]
fn baggage_is_read_without_a_trace_and_sent_on() {
    let table: &[(&[&str], Pairs, Option<&str>)] = &[
        (&["a=1"], &[("a", "1")], Some("a=1")),
        (&["a = 1 , b=2"], &[("a", "1"), ("b", "2")], Some("a=1,b=2")),
        (&["a=1", "b=2"], &[("a", "1"), ("b", "2")], Some("a=1,b=2")),
        (&["a=1;p1;p2=x, b=2"], &[("a", "1"), ("b", "2")], Some("a=1;p1;p2=x,b=2")),
        (&["a=A%20%C3%A4%2C%25"], &[("a", "A ä,%")], Some("a=A%20%C3%A4%2C%25")),
        (&["a=%FF"], &[("a", "\u{fffd}")], Some("a=%EF%BF%BD")),
        (&["a=100%"], &[("a", "100%")], Some("a=100%25")),
        (&["a="], &[("a", "")], Some("a=")),
        (&["a=x=y"], &[("a", "x=y")], Some("a=x=y")),
        // What breaks the rules is left out, the others stay.
        (&["a, b c=1, =2, d=\"x\", e=3"], &[("e", "3")], Some("e=3")),
        (&[""], &[], None),
    ];
    for (lines, entries, text) in table {
        let expected: Vec<_> =
            entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(baggage(lines), (expected, text.map(str::to_owned)), "{lines:?}");
    }
}

#[test]
fn baggage_stays_within_what_every_service_carries() {
    let all = |count: usize| (0..count).map(|i| format!("k{i}=v")).collect::<Vec<_>>().join(",");
    assert_eq!(baggage(&[&all(64)]).0.len(), 64);
    assert_eq!(baggage(&[&all(65)]).0.len(), 64);
    let whole = format!("a={}", "x".repeat(8190));
    assert_eq!(baggage(&[&whole]).1.map(|text| text.len()), Some(8192));
    assert_eq!(baggage(&[&format!("{whole}x")]).0.len(), 0);
}

#[test]
fn baggage_takes_any_text_and_replaces_what_has_the_key() {
    let baggage = Baggage::new().with("tenant", "a").with("who", "Zoë, \"B\"").with("tenant", "b");
    assert_eq!(baggage.get("tenant"), Some("b"));
    assert_eq!(baggage.get("Tenant"), None);
    let mut out = HeaderMap::new();
    Formats::default().inject_baggage(&baggage, &mut out);
    assert_eq!(out["baggage"], "who=Zo%C3%AB%2C%20%22B%22,tenant=b");
    assert_eq!(Formats::default().extract(&out).baggage, baggage);
    let same = baggage.clone().with("no key", "1").with("big", &"x".repeat(8192));
    assert_eq!(same, baggage, "what cannot be carried leaves it as it was");
}

#[test]
fn what_the_call_site_wrote_itself_is_not_written_over() {
    let mut out = headers(&[("traceparent", "mine"), ("baggage", "mine=1")]);
    let trace = Trace::root(TraceId::new([7; 16]).unwrap(), SpanId::new([8; 8]).unwrap(), true);
    Formats::default().inject(&trace, &mut out);
    Formats::default().inject_baggage(&Baggage::new().with("a", "1"), &mut out);
    assert_eq!(
        (&out["traceparent"], &out["baggage"]),
        (&"mine".parse().unwrap(), &"mine=1".parse().unwrap())
    );
}

#[test]
fn what_is_switched_off_is_neither_read_nor_sent() {
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let given = headers(&[("traceparent", &parent), ("baggage", "a=1"), ("b3", "1")]);
    assert_eq!(Formats::NONE.extract(&given), Remote::default());
}

proptest! {
    #[test]
    fn no_header_can_make_it_panic_or_grow(name in "(traceparent|tracestate|baggage|b3|x-b3-traceid)",
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..5))
    {
        let mut given = headers(&[("traceparent", &format!("00-{TRACE}-{SPAN}-01"))]);
        for value in &values {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                given.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
            }
        }
        let remote = Formats::default().extract(&given);
        let mut out = HeaderMap::new();
        Formats::default().inject_baggage(&remote.baggage, &mut out);
        if let Some(span) = remote.span {
            Formats::default().inject(&span.child(SpanId::new([1; 8]).unwrap(), true), &mut out);
        }
        let bytes: usize = out.values().map(HeaderValue::len).sum();
        prop_assert!(bytes <= 55 + 4096 + 8192);
    }

    #[test]
    fn any_text_comes_through_baggage_whole(key in "[a-zA-Z0-9_.-]{1,20}", value in ".{0,100}") {
        let baggage = Baggage::new().with(&key, &value);
        let mut out = HeaderMap::new();
        Formats::default().inject_baggage(&baggage, &mut out);
        let read = Formats::default().extract(&out).baggage;
        prop_assert_eq!(read.get(&key), Some(value.as_str()));
    }
}

//! Content types of messages, and which of them a caller wants to read.

use http::HeaderMap;
use http::header::{ACCEPT, HeaderName};

use crate::operation::Kind;

/// How a message is written in the body of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`: protobuf's JSON.
    #[default]
    Json,
    /// `application/protojson`: the same, as Kratos 3 calls it.
    ProtoJson,
    /// `application/proto`: protobuf, as Kratos calls it.
    Proto,
    /// `application/x-protobuf`: protobuf.
    XProtobuf,
    /// `application/protobuf`: protobuf.
    Protobuf,
    /// `text/event-stream`: JSON in server-sent events.
    Events,
    /// `application/x-ndjson`: JSON in lines.
    Lines,
}

impl Media {
    /// What every unary call can be answered in; the first where a caller has no preference.
    pub(crate) const ALL: &'static [Self] =
        &[Self::Json, Self::ProtoJson, Self::Proto, Self::XProtobuf, Self::Protobuf];

    /// What a stream can be answered in. `application/json` is an array.
    pub(crate) const STREAMS: &'static [Self] =
        &[Self::Json, Self::ProtoJson, Self::Events, Self::Lines];

    /// What a method of this kind can be answered in.
    pub(crate) const fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Unary | Kind::ClientStream => Self::ALL,
            Kind::ServerStream | Kind::Bidi => Self::STREAMS,
        }
    }

    /// What an error is told in to who wants to read this.
    pub(crate) const fn of_error(self) -> Self {
        match self {
            Self::Events | Self::Lines => Self::Json,
            Self::Json | Self::ProtoJson | Self::Proto | Self::XProtobuf | Self::Protobuf => self,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::ProtoJson => "application/protojson",
            Self::Proto => "application/proto",
            Self::XProtobuf => "application/x-protobuf",
            Self::Protobuf => "application/protobuf",
            Self::Events => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        }
    }

    pub(crate) const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::ProtoJson)
    }
}

/// The one of `offers` that the caller wants most, by `accept`: RFC 9110 §12.5.1. None if it excludes
/// them all; the first if it says nothing.
///
/// Between those that it wants equally, one that it names comes before one that it has a `*` for, and
/// then the one that it names first.
pub(crate) fn negotiate(headers: &HeaderMap, offers: &[Media]) -> Option<Media> {
    if !headers.contains_key(ACCEPT) {
        return offers.first().copied();
    }
    let mut best = None;
    for offer in offers {
        let wanted = wish(headers, &ACCEPT, |range| media_fits(range, offer.name()));
        if wanted.is_some_and(|wanted| best.is_none_or(|(most, _)| wanted > most)) {
            best = wanted.map(|wanted| (wanted, *offer));
        }
    }
    best.map(|(_, offer)| offer)
}

/// How much something is wanted: quality in thousandths, how exactly it is named, and how early.
pub(crate) type Wish = (u16, u8, std::cmp::Reverse<usize>);

/// How much a list of preferences wants what `fits` recognises, telling how exactly; none if not at
/// all. The entry that names it most exactly counts.
pub(crate) fn wish(
    headers: &HeaderMap,
    name: &HeaderName,
    fits: impl Fn(&str) -> Option<u8>,
) -> Option<Wish> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let entries = values.flat_map(|value| value.split(',')).enumerate();
    let mut found: Option<Wish> = None;
    for (place, entry) in entries {
        let (range, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let Some(exact) = fits(range.trim()) else { continue };
        if found.is_none_or(|(_, most, _)| exact > most) {
            found = Some((quality(parameters), exact, std::cmp::Reverse(place)));
        }
    }
    found.filter(|(quality, ..)| *quality > 0)
}

/// `q` in thousandths; one if it is not there or is none.
fn quality(parameters: &str) -> u16 {
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(value) = value else { return 1000 };
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return 1000;
    }
    let part = thousandths(part);
    match whole {
        "0" => part,
        _ => 1000,
    }
}

fn thousandths(digits: &str) -> u16 {
    let places = [100, 10, 1];
    digits.bytes().zip(places).map(|(digit, worth)| u16::from(digit - b'0') * worth).sum()
}

fn media_fits(range: &str, name: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(name) {
        return Some(2);
    }
    if range == "*/*" {
        return Some(0);
    }
    let main = range.strip_suffix("/*")?;
    name.split('/').next().filter(|own| own.eq_ignore_ascii_case(main)).map(|_| 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(accept: &[&str]) -> Option<&'static str> {
        let values = accept.iter().map(|value| (ACCEPT, value.parse().unwrap()));
        negotiate(&values.collect(), Media::ALL).map(Media::name)
    }

    #[test]
    fn the_caller_is_answered_in_what_it_wants_most() {
        let json = Some("application/json");
        let table: &[(&[&str], Option<&str>)] = &[
            (&[], json),
            (&["*/*"], json),
            (&["application/*"], json),
            (&["application/json"], json),
            (&["APPLICATION/JSON; charset=utf-8"], json),
            (&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], json),
            (&["application/protojson"], Some("application/protojson")),
            (&["application/protojson, */*"], Some("application/protojson")),
            (&["application/proto, application/json"], Some("application/proto")),
            (&["application/json, application/proto"], json),
            (&["application/json;q=0.5, application/proto;q=0.9"], Some("application/proto")),
            (&["application/json;q=0.5", "application/x-protobuf"], Some("application/x-protobuf")),
            (&["application/json;q=0, */*"], Some("application/protojson")),
            (&["application/*;q=0, application/protobuf"], Some("application/protobuf")),
            (&["text/html"], None),
            (&["application/json;q=0"], None),
            (&["*/*;q=0"], None),
            (&["application/json;q=0.000"], None),
            (&["application/json;q=nonsense"], json),
            (&[""], None),
            (&[",,;q=1,/"], None),
        ];
        for (accept, expected) in table {
            assert_eq!(chosen(accept), *expected, "{accept:?}");
        }
    }
}
